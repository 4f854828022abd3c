// Goal: the instrument list loses nobody silently. Method: a good list, and one fault at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exchange/exchange_support.h"

namespace bf::exchange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr std::string_view kUmPerpetual =
    R"({"symbol":"BTCUSDT","pair":"BTCUSDT","contractType":"PERPETUAL","deliveryDate":4133404800000,
        "onboardDate":1569398400000,"status":"TRADING","maintMarginPercent":"2.5000",
        "baseAsset":"BTC","quoteAsset":"USDT","marginAsset":"USDT","pricePrecision":2,
        "underlyingSubType":["PoW"],"triggerProtect":"0.05",
        "filters":[{"filterType":"PRICE_FILTER","minPrice":"556.80","maxPrice":"4529764","tickSize":"0.10"},
                   {"filterType":"LOT_SIZE","stepSize":"0.001","maxQty":"1000","minQty":"0.001"},
                   {"filterType":"MARKET_LOT_SIZE","stepSize":"0.5"},{"filterType":"NEW","x":[1,{"y":2}]}],
        "orderTypes":["LIMIT"]})";
constexpr std::string_view kUmQuarter =
    R"({"symbol":"ETHUSDT_260626","contractType":"CURRENT_QUARTER","deliveryDate":1782460800000,
        "onboardDate":1774598400000,"status":"PENDING_TRADING","baseAsset":"ETH","quoteAsset":"USDT",
        "marginAsset":"USDT","filters":[]})";
constexpr std::string_view kCoinMargined =
    R"({"symbol":"BTCUSD_PERP","contractType":"PERPETUAL","deliveryDate":4133404800000,
        "onboardDate":1597042800000,"contractStatus":"TRADING","contractSize":100,"baseAsset":"BTC",
        "quoteAsset":"USD","marginAsset":"BTC"})";
constexpr std::string_view kSpotSymbol =
    R"({"symbol":"币安人生USDT","status":"BREAK","baseAsset":"币安人生","quoteAsset":"USDT"})";
constexpr std::string_view kUmLimits =
    R"("rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":1200},
                     {"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":300}])";

std::string info(std::string_view symbols, std::string_view limits = kUmLimits) {
  return "{\"timezone\":\"UTC\",\"serverTime\":1700000000123," + std::string(limits) +
         ",\"exchangeFilters\":[],\"symbols\":[" + std::string(symbols) + "]}";
}

Result<InstrumentList> parse(std::string_view market, std::string_view body) {
  const Padded padded(body);
  return market_of(market).parse_instruments("", padded.view());
}

TEST(ExchangeInfo, ReadsPerpetualsDatedFuturesAndCoinMarginedOnes) {
  const std::string body = info(std::string(kUmPerpetual) + "," + std::string(kUmQuarter) + "," +
                                std::string(kCoinMargined));
  const Result<InstrumentList> list = parse("um", body);
  ASSERT_TRUE(list) << list.error().message();
  EXPECT_EQ(list->server_time, 1700000000123);
  EXPECT_THAT(list->capacities, ElementsAre(Pair("weight per minute", 1200)));
  ASSERT_EQ(list->instruments.size(), 3U);

  const InstrumentInfo& perpetual = list->instruments[0];
  EXPECT_EQ(perpetual.symbol, "BTCUSDT");
  EXPECT_TRUE(perpetual.trading);
  EXPECT_EQ(perpetual.listed, 1569398400000);
  EXPECT_EQ(perpetual.delisted, 0);
  EXPECT_EQ(perpetual.base_asset, "BTC");
  EXPECT_EQ(perpetual.quote_asset, "USDT");
  EXPECT_EQ(perpetual.settle_asset, "USDT");
  EXPECT_EQ(perpetual.contract_type, "PERPETUAL");
  EXPECT_EQ(perpetual.price_tick, "0.10");
  EXPECT_EQ(perpetual.quantity_step, "0.001");

  const InstrumentInfo& quarter = list->instruments[1];
  EXPECT_FALSE(quarter.trading);
  EXPECT_EQ(quarter.status, "PENDING_TRADING");
  EXPECT_EQ(quarter.delisted, 1782460800000);

  EXPECT_TRUE(list->instruments[2].trading);
  EXPECT_EQ(list->instruments[2].settle_asset, "BTC");
}

TEST(ExchangeInfo, ReadsSpotSymbolsOfAnyScript) {
  const Result<InstrumentList> list = parse(
      "spot",
      info(
          kSpotSymbol,
          R"("rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000},
                            {"rateLimitType":"RAW_REQUESTS","interval":"MINUTE","intervalNum":5,"limit":61000}])"));
  ASSERT_TRUE(list) << list.error().message();
  EXPECT_THAT(list->capacities, ElementsAre(Pair("weight per minute", 6000),
                                            Pair("raw requests per 5 minutes", 61000)));
  ASSERT_EQ(list->instruments.size(), 1U);
  EXPECT_EQ(list->instruments[0].symbol, "币安人生USDT");
  EXPECT_EQ(list->instruments[0].listed, 0);
  EXPECT_FALSE(list->instruments[0].trading);
}

TEST(ExchangeInfo, SaysHowManyCoinsASymbolCountsAsOne) {
  const auto symbol = [](const std::string& base) {
    return R"({"symbol":")" + base + R"(USDT","status":"TRADING","baseAsset":")" + base +
           R"(","quoteAsset":"USDT"})";
  };
  const Result<InstrumentList> list = parse("um", info(symbol("1000BONK") + "," + symbol("1INCH")));
  ASSERT_TRUE(list) << list.error().message();
  EXPECT_EQ(list->instruments[0].multiplier, "1000");
  EXPECT_EQ(list->instruments[0].base_asset, "1000BONK") << "as the exchange writes it";
  EXPECT_EQ(list->instruments[1].multiplier, "1");
}

TEST(ExchangeInfo, OneBrokenSymbolFailsTheListAndIsNamed) {
  struct Case {
    std::string_view symbol;
    std::string_view named;
  };
  const Case cases[] = {
      {R"({"symbol":"ETHUSDT","status":"TRADING","baseAsset":"ETH"})", "symbol 2 (ETHUSDT)"},
      {R"({"symbol":"ETHUSDT","status":null,"baseAsset":"ETH","quoteAsset":"USDT"})", "\"status\""},
      {R"({"symbol":"ETHUSDT","status":"TRADING","onboardDate":"x","baseAsset":"E","quoteAsset":"U"})",
       "\"onboardDate\""},
      {R"({"symbol":"ETHUSDT","status":"TRADING","onboardDate":17,"baseAsset":"E","quoteAsset":"U"})",
       "\"onboardDate\""},
      {R"({"symbol":"ETHUSDT","status":"TRADING","filters":{},"baseAsset":"E","quoteAsset":"U"})",
       "\"filters\""},
      {R"({"status":"TRADING","baseAsset":"E","quoteAsset":"U"})", "symbol 2"},
      {R"({"symbol":"","status":"TRADING","baseAsset":"E","quoteAsset":"U"})", "symbol 2"},
      {R"({"symbol":"A\u0007B","status":"TRADING","baseAsset":"E","quoteAsset":"U"})", "symbol 2"},
      {R"({"symbol":"BTCUSDT","status":"TRADING","baseAsset":"E","quoteAsset":"U"})",
       "listed twice"},
  };
  for (const Case& test : cases) {
    const Result<InstrumentList> list =
        parse("um", info(std::string(kUmPerpetual) + "," + std::string(test.symbol)));
    ASSERT_FALSE(list) << test.symbol;
    EXPECT_EQ(list.error().code(), Code::kProtocol);
    EXPECT_THAT(list.error().message(), HasSubstr(std::string(test.named)));
  }
}

TEST(ExchangeInfo, RefusesWhatIsNotAList) {
  const std::string good = info(kUmPerpetual);
  ASSERT_TRUE(parse("um", good));
  const std::string bodies[] = {
      "",
      "[]",
      "{}",
      R"({"symbols":{}})",
      R"({"symbols":[1]})",
      R"({"symbols":null})",
      R"({"serverTime":"x","symbols":[]})",
      R"({"serverTime":-1,"symbols":[]})",
      R"({"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":0}],"symbols":[]})",
      R"({"rateLimits":7,"symbols":[]})",
      good + "x",
      good + good,
      std::string(100'000, '{'),
  };
  for (const std::string& body : bodies) {
    const Result<InstrumentList> list = parse("um", body);
    ASSERT_FALSE(list) << body.substr(0, 100);
    EXPECT_EQ(list.error().code(), Code::kProtocol);
  }
}

TEST(ExchangeInfo, NoCutOfAListPassesForAWholeOne) {
  const std::string good = info(std::string(kUmPerpetual) + "," + std::string(kUmQuarter));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse("um", std::string_view(good).substr(0, size))) << "cut at " << size;
  }
}

TEST(ServerTime, ReadsTheTimeAndNothingElse) {
  const auto parse_time = [](std::string_view body) {
    const Padded padded(body);
    return market_of("um").parse_server_time(padded.view());
  };
  EXPECT_EQ(*parse_time(R"({"serverTime":1700000000123})"), 1700000000123);
  for (const std::string_view body :
       {"", "{}", "[]", R"({"serverTime":"x"})", R"({"serverTime":1})", R"({"serverTime":1e12})",
        R"({"serverTime":9223372036854775807})", R"({"code":-1003})"}) {
    const Result<TimeMs> time = parse_time(body);
    ASSERT_FALSE(time) << body;
    EXPECT_EQ(time.error().code(), Code::kProtocol);
  }
}

}  // namespace
}  // namespace bf::exchange
