// Goal: Bybit is asked for exactly what is wanted, every digit of its answers arrives where it belongs,
// and no broken or foreign answer passes for a good one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exchange/exchange_support.h"

namespace bf::exchange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr TimeMs kFrom = 1'700'000'040'000;

const MarketApi& bybit(std::string_view market) { return **find_market("bybit", market); }

Series bybit_series(std::string market, std::string symbol, Kind kind = Kind::kCandles,
                    Interval interval = Interval::k1m) {
  return Series{Instrument{"bybit", std::move(market), std::move(symbol)}, kind, interval};
}

std::string page(std::string_view rows, std::string_view category = "linear",
                 std::string_view symbol = "BTCUSDT") {
  return R"({"retCode":0,"retMsg":"OK","result":{"category":")" + std::string(category) +
         R"(","symbol":")" + std::string(symbol) + R"(","list":[)" + std::string(rows) +
         R"(]},"retExtInfo":{},"time":1700000131000})";
}

constexpr std::string_view kRow =
    R"(["1700000100000","36500.1","36512","36490","36501.2","12.345","450606.7"])";
constexpr std::string_view kOlderRow =
    R"(["1700000040000","36499.10","36505","36480.5","36500.1","0","0"])";

Result<CandleBatch> parse(const Series& series, std::string_view body) {
  CandleBatch batch;
  const Padded padded(body);
  const Result<void> parsed =
      bybit(series.instrument.market).parse_candles(series, padded.view(), batch);
  if (parsed) return batch;
  EXPECT_TRUE(batch.empty()) << "a broken page leaves rows behind";
  return fail(parsed.error());
}

TEST(Bybit, AsksForExactlyTheWindow) {
  const ApiRequest request = bybit("linear").candles_request(bybit_series("linear", "BTCUSDT"),
                                                             {kFrom, kFrom + 1000 * kMinuteMs});
  EXPECT_EQ(request.target,
            "/v5/market/kline?category=linear&symbol=BTCUSDT&interval=1&start=1700000040000"
            "&end=1700060039999&limit=1000");
  EXPECT_EQ(request.weight, 1U);
  EXPECT_FALSE(bybit("linear").next_candle_request(bybit_series("linear", "BTCUSDT"), 0));
  EXPECT_EQ(bybit("linear").truncation(), Truncation::kOldest);
}

TEST(Bybit, AdjacentWindowsLeaveNoHoleAndShareNothing) {
  const auto target = [](TimeMs from) {
    return bybit("spot")
        .candles_request(bybit_series("spot", "A"), {from, from + 2 * kMinuteMs})
        .target;
  };
  // Both ends are inclusive: the next window begins 1 ms behind the end of the one before.
  EXPECT_THAT(target(kFrom), HasSubstr("&start=1700000040000&end=1700000159999&limit=2"));
  EXPECT_THAT(target(kFrom + 2 * kMinuteMs),
              HasSubstr("&start=1700000160000&end=1700000279999&limit=2"));
}

TEST(Bybit, EachKindAndIntervalIsSpelledAsDocumented) {
  const auto target = [](Kind kind, Interval interval, TimeRange window) {
    return bybit("linear")
        .candles_request(bybit_series("linear", "A&b=1", kind, interval), window)
        .target;
  };
  const TimeRange day = {1'704'067'200'000, 1'704'153'600'000};
  EXPECT_THAT(target(Kind::kMark, Interval::k1d, day),
              HasSubstr("/v5/market/mark-price-kline?category=linear&symbol=A%26b%3D1&interval=D"));
  EXPECT_THAT(target(Kind::kIndex, Interval::k12h, day),
              HasSubstr("/v5/market/index-price-kline?category=linear&symbol=A%26b%3D1"
                        "&interval=720&"));
  EXPECT_THAT(target(Kind::kPremium, Interval::k4h, day),
              HasSubstr("/v5/market/premium-index-price-kline?"));
  const TimeRange month = {1'704'067'200'000, 1'706'745'600'000};
  EXPECT_THAT(target(Kind::kCandles, Interval::k1mo, month),
              HasSubstr("&interval=M&start=1704067200000&end=1706745599999&limit=1"));
}

TEST(Bybit, ServesWhatTheExchangeHas) {
  EXPECT_TRUE(bybit("linear").serves(Kind::kPremium, Interval::k1m));
  EXPECT_FALSE(bybit("inverse").serves(Kind::kPremium, Interval::k1m));
  EXPECT_TRUE(bybit("inverse").serves(Kind::kMark, Interval::k1w));
  EXPECT_FALSE(bybit("spot").serves(Kind::kIndex, Interval::k1m));
  EXPECT_TRUE(bybit("spot").serves(Kind::kCandles, Interval::k1mo));
  for (const Interval interval : {Interval::k1s, Interval::k8h, Interval::k3d, Interval::k10m}) {
    EXPECT_FALSE(bybit("linear").serves(Kind::kCandles, interval));
  }
  const Result<std::vector<const MarketApi*>> markets = markets_of("bybit");
  ASSERT_TRUE(markets);
  for (const MarketApi* const market : *markets) {
    EXPECT_EQ(market->default_share_percent(), 90);
    const limits::LimitRules rules = market->limit_rules();
    ASSERT_EQ(rules.size(), 1U);
    EXPECT_EQ(rules[0].capacity, 600);
    EXPECT_EQ(rules[0].window_ms, 5'000);
    EXPECT_EQ(rules[0].shape, limits::Shape::kSlidingWindow);
  }
}

TEST(Bybit, ReadsTheDocumentedPageInTheOrderThatItCame) {
  const Result<CandleBatch> read = parse(bybit_series("linear", "BTCUSDT"),
                                         page(std::string(kRow) + "," + std::string(kOlderRow)));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_THAT(read->open_time(), ElementsAre(1'700'000'100'000, kFrom));
  EXPECT_EQ(read->text_at(Column::kOpen, 0), "36500.1");
  EXPECT_EQ(read->text_at(Column::kHigh, 0), "36512");
  EXPECT_EQ(read->text_at(Column::kLow, 0), "36490");
  EXPECT_EQ(read->text_at(Column::kClose, 0), "36501.2");
  EXPECT_EQ(read->text_at(Column::kVolume, 0), "12.345");
  EXPECT_EQ(read->text_at(Column::kQuoteVolume, 0), "450606.7");
  EXPECT_EQ(read->text_at(Column::kOpen, 1), "36499.1");
  EXPECT_FALSE(read->columns.contains(Column::kTrades));
}

TEST(Bybit, AnInverseVolumeIsInDollars) {
  const Result<CandleBatch> read = parse(bybit_series("inverse", "BTCUSD"),
                                         page(R"(["1700000100000","36500","36512","36490","36501",)"
                                              R"("450606","12.345"])",
                                              "inverse", "BTCUSD"));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->text_at(Column::kVolume, 0), "12.345");
  EXPECT_EQ(read->text_at(Column::kQuoteVolume, 0), "450606");
}

TEST(Bybit, MarkRowsHaveFiveFieldsAndNumbersMayComeWithoutQuotes) {
  const Result<CandleBatch> read = parse(bybit_series("linear", "BTCUSDT", Kind::kMark),
                                         page(R"([1700000100000,-0.5,1e-3,"-0.50", 0 ])"));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->text_at(Column::kOpen, 0), "-0.5");
  EXPECT_EQ(read->text_at(Column::kHigh, 0), "0.001");
  EXPECT_EQ(read->columns, (ColumnSet{Column::kOpen, Column::kHigh, Column::kLow, Column::kClose}));
}

TEST(Bybit, RefusesWhatIsNotThePageThatWasAskedFor) {
  const std::string row(kRow);
  const std::string good = page(row);
  const std::string bodies[] = {
      "",
      "[]",
      "{}",
      "null",
      R"({"retCode":0,"retMsg":"OK","result":{},"time":1})",
      R"({"retCode":0,"result":{"list":null}})",
      R"({"retCode":0,"result":{"list":{}}})",
      R"({"retCode":0,"result":null})",
      R"({"retCode":10016,"result":{"list":[]}})",
      R"({"result":{"list":[]}})",
      R"({"retCode":0,"result":{"list":[],"list":[]}})",
      R"({"retCode":0,"result":{"list":[]},"result":{"list":[]}})",
      R"({"retCode":0,"retCode":1,"result":{"list":[]}})",
      page(row, "inverse"),
      page(row, "linear", "ETHUSDT"),
      page(row + ","),
      page(row + row),
      page("17"),
      page("null"),
      page("[]"),
      page("[" + row + "]"),
      page(R"(["1700000100000","1","1","1","1","1"])"),
      page(R"(["1700000100000","1","1","1","1","1","1","1"])"),
      page(R"(["17000001000","1","1","1","1","1","1"])"),
      page(R"([null,"1","1","1","1","1","1"])"),
      page(R"(["1700000100000","1","1","x","1","1","1"])"),
      page(R"(["1700000100000","1","1",null,"1","1","1"])"),
      page(R"(["1700000100000","1","1",["1"],"1","1","1"])"),
      page(R"(["1700000100000","1","1",{"a":1},"1","1","1"])"),
      good + "x",
      good + good,
      std::string(100'000, '{'),
      "<html>",
  };
  for (const std::string& body : bodies) {
    const Result<CandleBatch> read = parse(bybit_series("linear", "BTCUSDT"), body);
    ASSERT_FALSE(read) << body.substr(0, 200);
    EXPECT_EQ(read.error().code(), Code::kProtocol);
    EXPECT_LT(read.error().message().size(), 600U);
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse(bybit_series("linear", "BTCUSDT"), good.substr(0, size))) << size;
  }
  EXPECT_TRUE(parse(bybit_series("linear", "BTCUSDT"), good));
}

std::string list(std::string_view instruments, std::string_view cursor = "") {
  return R"({"retCode":0,"retMsg":"","result":{"category":"linear","list":[)" +
         std::string(instruments) + R"(],"nextPageCursor":")" + std::string(cursor) +
         R"("},"retExtInfo":{},"time":1700000000123})";
}
constexpr std::string_view kPerpetual =
    R"({"symbol":"1000PEPEUSDT","contractType":"LinearPerpetual","status":"Trading",
        "baseCoin":"1000PEPE","quoteCoin":"USDT","launchTime":"1584230400000","deliveryTime":"0",
        "deliveryFeeRate":"","priceScale":"2","leverageFilter":{"minLeverage":"1"},
        "priceFilter":{"minPrice":"0.10","tickSize":"0.10"},
        "lotSizeFilter":{"maxOrderQty":"1190","qtyStep":"0.001"},"unifiedMarginTrade":true,
        "fundingInterval":480,"settleCoin":"USDT","riskParameters":{"a":[1,{"b":2}]}})";

Result<InstrumentList> parse_list(std::string_view part, std::string_view body,
                                  std::string_view market = "linear") {
  const Padded padded(body);
  return bybit(market).parse_instruments(part, padded.view());
}

TEST(Bybit, ReadsInstruments) {
  const std::string future =
      R"({"symbol":"BTC-27DEC24","contractType":"LinearFutures","status":"Closed","baseCoin":"BTC",
          "quoteCoin":"USD","settleCoin":"USD","launchTime":"1703836800000",
          "deliveryTime":"1735286400000"})";
  const Result<InstrumentList> read = parse_list("", list(std::string(kPerpetual) + "," + future));
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->instruments.size(), 2U);
  EXPECT_EQ(read->server_time, 1'700'000'000'123);
  const InstrumentInfo& perpetual = read->instruments[0];
  EXPECT_EQ(perpetual.symbol, "1000PEPEUSDT");
  EXPECT_TRUE(perpetual.trading);
  EXPECT_EQ(perpetual.listed, 1'584'230'400'000);
  EXPECT_EQ(perpetual.delisted, 0);
  EXPECT_EQ(perpetual.settle_asset, "USDT");
  EXPECT_EQ(perpetual.contract_type, "LinearPerpetual");
  EXPECT_EQ(perpetual.price_tick, "0.10");
  EXPECT_EQ(perpetual.quantity_step, "0.001");
  EXPECT_EQ(perpetual.multiplier, "1000");
  EXPECT_FALSE(read->instruments[1].trading);
  EXPECT_EQ(read->instruments[1].delisted, 1'735'286'400'000);
  EXPECT_EQ(read->instruments[1].settle_asset, "USDC");
  EXPECT_EQ(read->instruments[1].multiplier, "1");
}

TEST(Bybit, FollowsCursorsAndThenTheOtherStatuses) {
  const MarketApi& linear = bybit("linear");
  EXPECT_EQ(linear.instruments_request("").target,
            "/v5/market/instruments-info?category=linear&limit=1000");
  const std::string next = parse_list("", list(kPerpetual, "first%3DA%26last%3DB"))->next;
  EXPECT_EQ(linear.instruments_request(next).target,
            "/v5/market/instruments-info?category=linear&limit=1000"
            "&cursor=first%253DA%2526last%253DB");
  EXPECT_FALSE(parse_list(next, list(kPerpetual, "first%3DA%26last%3DB"))) << "goes in a circle";
  std::vector<std::string> asked;
  std::string part = parse_list(next, list(""))->next;
  while (!part.empty()) {
    asked.push_back(linear.instruments_request(part).target);
    part = parse_list(part, list(""))->next;
  }
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_THAT(asked[0], HasSubstr("&status=PreLaunch"));
  EXPECT_THAT(asked[1], HasSubstr("&status=Delivering"));
  EXPECT_THAT(asked[2], HasSubstr("&status=Closed"));
  EXPECT_EQ(parse_list("", list(""), "spot")->next, "");
  EXPECT_EQ(bybit("spot").instruments_request("").target,
            "/v5/market/instruments-info?category=spot");
}

TEST(Bybit, OneBrokenInstrumentFailsTheListAndIsNamed) {
  for (
      const std::string_view broken :
      {R"({"symbol":"ETHUSDT","status":"Trading","baseCoin":"ETH"})",
       R"({"symbol":"ETHUSDT","status":null,"baseCoin":"ETH","quoteCoin":"USDT"})",
       R"({"symbol":"ETHUSDT","status":"Trading","launchTime":"x","baseCoin":"E","quoteCoin":"U"})",
       R"({"symbol":"ETHUSDT","status":"Trading","launchTime":"17","baseCoin":"E","quoteCoin":"U"})",
       R"({"symbol":"ETHUSDT","status":"Trading","priceFilter":[],"baseCoin":"E","quoteCoin":"U"})",
       R"({"symbol":"A\u0007B","status":"Trading","baseCoin":"E","quoteCoin":"U"})",
       R"({"symbol":"1000PEPEUSDT","status":"Trading","baseCoin":"E","quoteCoin":"U"})"}) {
    const Result<InstrumentList> read =
        parse_list("", list(std::string(kPerpetual) + "," + std::string(broken)));
    ASSERT_FALSE(read) << broken;
    EXPECT_EQ(read.error().code(), Code::kProtocol);
    EXPECT_THAT(read.error().message(), HasSubstr("instrument 2"));
  }
  const std::string good = list(kPerpetual);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse_list("", std::string_view(good).substr(0, size))) << size;
  }
}

TEST(Bybit, ReadsTheServerTime) {
  const auto time = [](std::string_view body) {
    const Padded padded(body);
    return bybit("spot").parse_server_time(padded.view());
  };
  EXPECT_EQ(bybit("spot").server_time_request()->target, "/v5/market/time");
  EXPECT_EQ(*time(R"({"retCode":0,"retMsg":"OK","result":{"timeSecond":"1688639403","timeNano":)"
                  R"("1688639403423213947"},"retExtInfo":{},"time":1688639403423})"),
            1'688'639'403'423);
  for (const std::string_view body :
       {"", "[]", R"({"retCode":0,"result":{}})", R"({"retCode":0,"result":{},"time":1})",
        R"({"retCode":0,"result":{},"time":"x"})",
        R"({"retCode":1,"result":{},"time":1688639403423})"}) {
    EXPECT_FALSE(time(body)) << body;
  }
}

std::optional<ApiFailure> failure(int status, std::string_view body, bool answered_before = false,
                                  std::string_view reset = "") {
  const Padded padded(body);
  ApiResponse response{status, padded.view(), {}, answered_before};
  if (!reset.empty()) response.headers.emplace_back("x-bapi-limit-reset-timestamp", reset);
  return bybit("linear").failure(response, kFrom);
}

TEST(Bybit, StatusAndCodeTellWhatToDo) {
  struct Case {
    int status;
    std::string_view body;
    Code code;
  };
  const Case cases[] = {
      {200, R"({"retCode":10001,"retMsg":"Not supported symbols"})", Code::kUnknownName},
      {200, R"({"retCode":10001,"retMsg":"Symbol Is Invalid"})", Code::kUnknownName},
      {200, R"({"retCode":10001,"retMsg":"Invalid period!"})", Code::kRejected},
      {200, R"({"retCode":10029,"retMsg":"not on the whitelist"})", Code::kUnknownName},
      {200, R"({"retCode":10017,"retMsg":"route"})", Code::kRejected},
      {200, R"({"retCode":5004,"retMsg":""})", Code::kUnavailable},
      {200, R"({"retCode":10000,"retMsg":"Server Timeout"})", Code::kUnavailable},
      {200, R"({"retCode":10016,"retMsg":"Server error."})", Code::kUnavailable},
      {200, R"({"retCode":170007,"retMsg":"Timeout"})", Code::kUnavailable},
      {200, R"({"retCode":429,"retMsg":"overload"})", Code::kUnavailable},
      {200, R"({"retCode":10429,"retMsg":"overload"})", Code::kUnavailable},
      {200, R"({"retCode":"10006","retMsg":"Too many visits!"})", Code::kLimited},
      {200, R"({"retCode":170222,"retMsg":"Too many requests"})", Code::kLimited},
      {200, R"({"retCode":10018,"retMsg":"Exceeded the IP Rate Limit."})", Code::kBanned},
      {200, R"({"retCode":10009,"retMsg":"IP has been banned"})", Code::kBanned},
      {200, R"({"retCode":10024,"retMsg":"compliance"})", Code::kBlocked},
      {200, R"({"retCode":99999,"retMsg":"new"})", Code::kRejected},
      {200, R"({"result":{}})", Code::kUnavailable},
      {200, "<html>hotel</html>", Code::kUnavailable},
      {200, "", Code::kUnavailable},
      {204, "", Code::kUnavailable},
      {404, R"({"retCode":10017,"retMsg":"Route not found."})", Code::kRejected},
      {429, "", Code::kLimited},
      {451, "", Code::kBlocked},
      {500, R"({"retCode":99999,"retMsg":"?"})", Code::kUnavailable},
      {503, "<html>", Code::kUnavailable},
      {302, "moved", Code::kProtocol},
  };
  for (const Case& test : cases) {
    const std::optional<ApiFailure> seen = failure(test.status, test.body);
    ASSERT_TRUE(seen) << test.status << " " << test.body;
    EXPECT_EQ(seen->error.code(), test.code) << test.status << " " << test.body;
    EXPECT_THAT(seen->error.message(), HasSubstr("bybit/linear answered HTTP "));
  }
  EXPECT_FALSE(failure(200, R"({"retCode":0,"retMsg":"","result":{}})"));
  EXPECT_FALSE(failure(200, "{" + std::string(5'000, ' ') + "}")) << "the page's reader looks";
}

TEST(Bybit, ForbiddenIsABanForWhoWasServedAndACountryForWhoWasNot) {
  const std::optional<ApiFailure> ban = failure(403, "access too frequent", true);
  ASSERT_TRUE(ban);
  EXPECT_EQ(ban->error.code(), Code::kBanned);
  EXPECT_EQ(ban->retry_after_ms, 10 * kMinuteMs);
  EXPECT_EQ(ban->error.retry_at_ms(), kFrom + 10 * kMinuteMs);
  const std::optional<ApiFailure> blocked = failure(403, "<html>\x1b[2J CloudFront</html>");
  ASSERT_TRUE(blocked);
  EXPECT_EQ(blocked->error.code(), Code::kBlocked);
  EXPECT_EQ(blocked->retry_after_ms, 0);
  EXPECT_THAT(blocked->error.message(), HasSubstr("does not serve this country"));
  EXPECT_THAT(blocked->error.message(), Not(HasSubstr("\x1b")));
}

TEST(Bybit, ALimitLastsUntilItsWindowTurns) {
  constexpr std::string_view kBody = R"({"retCode":10006,"retMsg":"Too many visits!"})";
  EXPECT_EQ(failure(200, kBody)->retry_after_ms, 5'000);
  EXPECT_EQ(failure(200, kBody, true, "1700000049000")->retry_after_ms, 9'000);
  for (const std::string_view nonsense : {"1", "x", "9999999999999999999999", "1800000000000"}) {
    EXPECT_EQ(failure(200, kBody, true, nonsense)->retry_after_ms, 5'000) << nonsense;
  }
}

}  // namespace
}  // namespace bf::exchange
