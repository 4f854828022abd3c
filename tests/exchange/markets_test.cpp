// Goal: requests say exactly what they should, cost what Binance charges, and markets are found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exchange/exchange_support.h"

namespace bf::exchange {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr TimeMs kFrom = 1'700'000'040'000;

TimeRange minutes(std::int64_t count) { return {kFrom, kFrom + count * kMinuteMs}; }

TEST(BinanceUm, AsksForExactlyTheWindow) {
  const ApiRequest request =
      market_of("um").candles_request(series_of("um", "BTCUSDT"), minutes(499));
  EXPECT_EQ(request.target,
            "/fapi/v1/klines?symbol=BTCUSDT&interval=1m&startTime=1700000040000"
            "&endTime=1700029979999&limit=499");
  EXPECT_EQ(request.weight, 2U);
}

TEST(BinanceUm, ChargesByTheNumberOfRows) {
  struct Case {
    std::int64_t rows;
    std::uint32_t weight;
  };
  for (const Case& test : {Case{1, 1}, Case{99, 1}, Case{100, 2}, Case{499, 2}, Case{500, 5},
                           Case{1000, 5}, Case{1001, 10}, Case{1500, 10}}) {
    const ApiRequest request =
        market_of("um").candles_request(series_of("um", "BTCUSDT"), minutes(test.rows));
    EXPECT_EQ(request.weight, test.weight) << test.rows;
  }
}

TEST(BinanceUm, EachKindHasItsEndpoint) {
  const auto target = [](Kind kind, std::string symbol) {
    return market_of("um").next_candle_request(series_of("um", std::move(symbol), kind), 0)->target;
  };
  EXPECT_EQ(target(Kind::kCandles, "BTCUSDT"),
            "/fapi/v1/klines?symbol=BTCUSDT&interval=1m&startTime=0&limit=1");
  EXPECT_EQ(target(Kind::kMark, "BTCUSDT"),
            "/fapi/v1/markPriceKlines?symbol=BTCUSDT&interval=1m&startTime=0&limit=1");
  EXPECT_EQ(target(Kind::kPremium, "BTCUSDT"),
            "/fapi/v1/premiumIndexKlines?symbol=BTCUSDT&interval=1m&startTime=0&limit=1");
  EXPECT_EQ(target(Kind::kIndex, "BTCUSDT_260626"),
            "/fapi/v1/indexPriceKlines?pair=BTCUSDT&interval=1m&startTime=0&limit=1");
}

TEST(BinanceSpot, CostsTwoAtAnyLimit) {
  const MarketApi& spot = market_of("spot");
  const ApiRequest request =
      spot.candles_request(series_of("spot", "BTCUSDT", Kind::kCandles, Interval::k1mo),
                           {*parse_time("2024-01"), *parse_time("2024-03")});
  EXPECT_EQ(request.target,
            "/api/v3/klines?symbol=BTCUSDT&interval=1M&startTime=1704067200000"
            "&endTime=1709251199999&limit=2");
  EXPECT_EQ(request.weight, 2U);
  EXPECT_EQ(spot.next_candle_request(series_of("spot", "BTCUSDT"), kFrom)->weight, 2U);
  EXPECT_EQ(spot.instruments_request("").weight, 20U);
}

TEST(BinanceSpot, NoSymbolCanAddAParameterOrAHeader) {
  const ApiRequest request = market_of("spot").candles_request(
      series_of("spot", "A&limit=1#?/ \r\nHost: x%\xE5\xB8\x81"), minutes(1));
  EXPECT_THAT(request.target,
              HasSubstr("symbol=A%26limit%3D1%23%3F%2F%20%0D%0AHost%3A%20x%25%E5%B8%81&interval"));
}

TEST(Markets, ArePingedByTheirLightestRequest) {
  const auto ping = [](std::string_view exchange) {
    return markets_of(exchange)->front()->ping_request(kFrom).target;
  };
  EXPECT_EQ(ping("binance"), "/fapi/v1/time");
  EXPECT_EQ(ping("okx"), "/api/v5/public/time");
  EXPECT_EQ(ping("bybit"), "/v5/market/time");
  EXPECT_EQ(ping("deribit"), "/api/v2/public/get_time");
  EXPECT_EQ(ping("blofin"), "/api/v1/market/instruments?instId=BTC-USDT");
  EXPECT_EQ(ping("bitunix"), "/api/v1/futures/market/trading_pairs?symbols=BTCUSDT");
  EXPECT_THAT(ping("yahoo"), HasSubstr("/v8/finance/chart/%5EGSPC?"));
  EXPECT_EQ(all_markets().size(), 12U);
}

TEST(Markets, ServeWhatTheExchangeHas) {
  const MarketApi& um = market_of("um");
  const MarketApi& spot = market_of("spot");
  EXPECT_TRUE(um.serves(Kind::kCandles, Interval::k1m));
  EXPECT_TRUE(um.serves(Kind::kPremium, Interval::k1mo));
  EXPECT_FALSE(um.serves(Kind::kCandles, Interval::k1s));
  EXPECT_FALSE(um.serves(Kind::kFunding, Interval::k1h));
  EXPECT_TRUE(um.serves(Kind::kFunding, Interval::kEvents));
  EXPECT_TRUE(spot.serves(Kind::kCandles, Interval::k1s));
  EXPECT_FALSE(spot.serves(Kind::kMark, Interval::k1m));
  for (const Interval interval : {Interval::k10m, Interval::k3h}) {
    EXPECT_FALSE(um.serves(Kind::kCandles, interval));
    EXPECT_FALSE(spot.serves(Kind::kCandles, interval));
  }
}

TEST(Markets, DeclareLimitsThatTheLimiterCanKeep) {
  const Result<std::vector<const MarketApi*>> markets = markets_of("binance");
  ASSERT_TRUE(markets);
  for (const MarketApi* const market : *markets) {
    const limits::LimitRules rules = market->limit_rules();
    ASSERT_FALSE(rules.empty());
    EXPECT_EQ(rules.front().usage_header, "x-mbx-used-weight-1m");
    EXPECT_EQ(market->default_share_percent(), 100);
    std::uint32_t rows = 0;
    for (const PageBand& band : market->page_bands(Kind::kCandles)) {
      EXPECT_GT(band.rows_max, rows);
      EXPECT_LE(band.weight, rules.front().capacity);
      rows = band.rows_max;
    }
  }
}

TEST(Markets, AreFoundByNameTheDefaultFirst) {
  const Result<std::vector<const MarketApi*>> markets = markets_of("binance");
  ASSERT_TRUE(markets);
  ASSERT_EQ(markets->size(), 2U);
  EXPECT_EQ(markets->front()->market(), "um");
  EXPECT_EQ((*find_market("binance", "spot"))->default_base_url(), "https://api.binance.com");
  EXPECT_NE(find_archive("binance", "um"), nullptr);
  EXPECT_EQ(find_archive("binance", "options"), nullptr);
}

TEST(Markets, ACloseNameGetsASuggestion) {
  const Result<const MarketApi*> exchange = find_market("binanse", "um");
  ASSERT_FALSE(exchange);
  EXPECT_EQ(exchange.error().code(), Code::kUsage);
  EXPECT_THAT(exchange.error().message(), HasSubstr("did you mean \"binance\"?"));
  const Result<const MarketApi*> market = find_market("binance", "spott");
  ASSERT_FALSE(market);
  EXPECT_THAT(market.error().message(), HasSubstr("did you mean \"spot\"? Known: um spot"));
  const Result<const MarketApi*> far = find_market("binance", "options");
  ASSERT_FALSE(far);
  EXPECT_THAT(far.error().message(), Not(HasSubstr("did you mean")));
  EXPECT_FALSE(markets_of(""));
  EXPECT_FALSE(markets_of(std::string(100'000, 'b')));
}

}  // namespace
}  // namespace bf::exchange
