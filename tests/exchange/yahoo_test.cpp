// Goal: Yahoo is asked for exactly what is wanted, nulls and live prices are no candles, and a service
// that turns programs away is not taken for a limit. Method: answers of the observed shape.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exchange/exchange_support.h"

namespace bf::exchange {
namespace {

using testing::HasSubstr;

constexpr TimeMs kFrom = 1'700'000'040'000;

const MarketApi& yahoo() { return **find_market("yahoo", "chart"); }

Series series_named(std::string symbol, Interval interval = Interval::k1m) {
  return Series{Instrument{"yahoo", "chart", std::move(symbol)}, Kind::kCandles, interval};
}

Result<CandleBatch> parse(const std::string& body) {
  CandleBatch batch;
  const Padded padded(body);
  const Result<void> parsed = yahoo().parse_candles(series_named("^GSPC"), padded.view(), batch);
  if (!parsed) {
    EXPECT_TRUE(batch.empty()) << "what was refused must leave nothing";
    return fail(parsed.error());
  }
  return batch;
}

/// Four rows: a candle, a null one, one without a volume, a live price.
std::string chart(std::string_view name = "", std::string_view array = "") {
  const auto value = [&](std::string_view key, std::string_view otherwise) {
    return "\"" + std::string(key) + "\":" + std::string(key == name ? array : otherwise);
  };
  return R"({"chart":{"result":[{"meta":{"symbol":"^GSPC",)" + value("dataGranularity", "\"1m\"") +
         "}," + value("timestamp", "[1700000040,1700000100,1700000160,1700000177]") +
         R"(,"indicators":{"quote":[{)" + value("high", "[4500.2998046875,null,4501,4502]") + "," +
         value("volume", "[10,null,null,0]") + "," + value("open", "[4500.1,null,4500,4502]") +
         "," + value("low", "[4500,null,4499.5,4502]") + "," +
         value("close", "[4500.2,null,4500.5,4502]") + R"(}]}}],"error":null}})";
}

TEST(Yahoo, AsksInSecondsWithTheSymbolInThePath) {
  const ApiRequest request =
      yahoo().candles_request(series_named("^GSPC"), {kFrom, kFrom + 7 * kDayMs});
  EXPECT_EQ(request.target,
            "/v8/finance/chart/%5EGSPC?interval=1m&period1=1700000040&period2=1700604840"
            "&includePrePost=false");
  EXPECT_THAT(yahoo().candles_request(series_named("BTC=F"), {kFrom, kFrom + 1}).target,
              HasSubstr("/chart/BTC%3DF?"));
  EXPECT_THAT(yahoo().candles_request(series_named("A/../b?x#"), {kFrom, kFrom + 1}).target,
              HasSubstr("/chart/A%2F..%2Fb%3Fx%23?"));
  EXPECT_THAT(std::string(yahoo().user_agent()), HasSubstr("Mozilla"));
}

TEST(Yahoo, AdjacentWindowsShareTheirSecondAndItIsExclusive) {
  const TimeMs middle = kFrom + 7 * kDayMs;
  const std::string first = yahoo().candles_request(series_named("X"), {kFrom, middle}).target;
  const std::string second =
      yahoo().candles_request(series_named("X"), {middle, middle + kDayMs}).target;
  EXPECT_THAT(first, HasSubstr("period2=" + std::to_string(middle / 1'000)));
  EXPECT_THAT(second, HasSubstr("period1=" + std::to_string(middle / 1'000)));
}

TEST(Yahoo, ReachesBackALittleLessThanItMay) {
  const auto reach = [](Interval interval) {
    return kFrom - yahoo().history_from(Kind::kCandles, interval, kFrom);
  };
  EXPECT_EQ(reach(Interval::k1m), 30 * kDayMs - kDayMs / 10);
  EXPECT_EQ(reach(Interval::k5m), 60 * kDayMs - kDayMs / 10);
  EXPECT_EQ(reach(Interval::k1h), 730 * kDayMs - kDayMs / 10);
  EXPECT_FALSE(yahoo().serves(Kind::kCandles, Interval::k30m));
  EXPECT_FALSE(yahoo().serves(Kind::kCandles, Interval::k1d));
  EXPECT_EQ(yahoo().listing(), Listing::kNone);
}

TEST(YahooChart, NullsAndLivePricesAreNoCandles) {
  const Result<CandleBatch> page = parse(chart());
  ASSERT_TRUE(page) << page.error().message();
  ASSERT_EQ(page->row_count(), 2U);
  EXPECT_EQ(page->open_time()[0], 1'700'000'040'000);
  EXPECT_EQ(page->open_time()[1], 1'700'000'160'000);
  EXPECT_EQ(page->text_at(Column::kHigh, 0), "4500.2998046875");
  EXPECT_EQ(page->text_at(Column::kVolume, 0), "10");
  EXPECT_EQ(page->text_at(Column::kVolume, 1), "0");
}

TEST(YahooChart, WithoutTimesThereIsNoData) {
  const Result<CandleBatch> page =
      parse(R"({"chart":{"result":[{"meta":{},"indicators":{"quote":[{}]}}],"error":null}})");
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_TRUE(page->empty());
}

TEST(YahooChart, RefusesWhatIsNoChart) {
  const std::string bodies[] = {
      "",
      "[]",
      "{}",
      "Will be right back",
      R"({"chart":{}})",
      R"({"chart":{"result":null}})",
      R"({"chart":{"result":[]}})",
      R"({"chart":{"result":[1]}})",
      R"({"chart":{"result":[{},{}]}})",
      chart() + "x",
      chart("dataGranularity", "\"5m\""),
      chart("dataGranularity", "1"),
      chart("timestamp", "[1700000040]"),
      chart("timestamp", "null"),
      chart("timestamp", "[1700000040,1700000100,1700000160,\"x\"]"),
      chart("timestamp", "[1700000040000,1700000100,1700000160,1700000177]"),
      chart("timestamp", "[60,1700000100,1700000160,1700000177]"),
      chart("open", "[1,2]"),
      chart("open", "[1,null,\"x\",1]"),
      chart("open", "[1,null,[],1]"),
      chart("open", "{}"),
      chart("volume", "[-,null,1,1]"),
      chart("volume", "[true,null,1,1]"),
      chart("volume", "[1,null,1,1],\"open\":[1,null,1,1]"),
  };
  for (const std::string& body : bodies) {
    const Result<CandleBatch> page = parse(body);
    ASSERT_FALSE(page) << body;
    EXPECT_EQ(page.error().code(), Code::kProtocol) << body;
  }
  const std::string body = chart();
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(parse(body.substr(0, size))) << "cut at " << size;
  }
}

TEST(YahooFailures, TheChartsErrorDecides) {
  struct Case {
    int status;
    std::string_view body;
    bool answered_before;
    Code code;
  };
  constexpr std::string_view kGone =
      R"({"chart":{"result":null,"error":{"code":"Not Found","description":"No data found"}}})";
  constexpr std::string_view kRange =
      R"({"chart":{"result":null,"error":{"code":"Unprocessable Entity","description":"7 days"}}})";
  constexpr std::string_view kBroken =
      R"({"chart":{"result":null,"error":{"code":"Internal Server Error","description":"x"}}})";
  const Case cases[] = {
      {404, kGone, false, Code::kUnknownName},
      {200, kGone, false, Code::kUnknownName},
      {422, kRange, true, Code::kRejected},
      {500, kBroken, true, Code::kUnavailable},
      {429, "Too Many Requests\r\n", false, Code::kBlocked},
      {429, "Edge: Too Many Requests", true, Code::kLimited},
      {401, "{}", true, Code::kBlocked},
      {403, "", true, Code::kBlocked},
      {302, "", true, Code::kUnavailable},
      {200, "Will be right back", true, Code::kUnavailable},
      {200, "", true, Code::kUnavailable},
      {503, "<html>", true, Code::kUnavailable},
  };
  for (const Case& test : cases) {
    const Padded body(test.body);
    ApiResponse response{test.status, body.view(), {}};
    response.answered_before = test.answered_before;
    const std::optional<ApiFailure> failure = yahoo().failure(response, kFrom);
    ASSERT_TRUE(failure) << test.status << " " << test.body;
    EXPECT_EQ(failure->error.code(), test.code) << test.status << " " << test.body;
  }
  const Padded body("Too Many Requests");
  EXPECT_THAT(yahoo().failure({429, body.view(), {}}, kFrom)->error.message(),
              HasSubstr("refused the first request"));
  const Padded good(chart());
  EXPECT_FALSE(yahoo().failure({200, good.view(), {}}, kFrom));
}

}  // namespace
}  // namespace bf::exchange
