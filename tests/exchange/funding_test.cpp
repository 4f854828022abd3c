// tests/exchange/funding_test.cpp
//
// Goal: the funding of every market is asked for within its window and read to the digit; what an exchange
// does not tell stays untold; an answer that cannot be read gives nothing. Method: recorded answers, and the
// forms that documents describe.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exchange/exchange_support.h"

namespace bf::exchange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const MarketApi& api_of(const Series& series) {
  return **find_market(series.instrument.exchange, series.instrument.market);
}

Series funding(std::string exchange, std::string market, std::string symbol) {
  return {Instrument{std::move(exchange), std::move(market), std::move(symbol)}, Kind::kFunding,
          Interval::kEvents};
}
const Series kBinance = funding("binance", "um", "BTCUSDT");
const Series kOkx = funding("okx", "swap", "BTC-USDT-SWAP");
const Series kBybit = funding("bybit", "linear", "BTCUSDT");
const Series kBlofin = funding("blofin", "swap", "BTC-USDT");
const Series kDeribit = funding("deribit", "futures", "BTC-PERPETUAL");

Result<std::vector<CandleBatch>> parse(const Series& series, std::string_view body) {
  const Padded padded(body);
  std::vector<CandleBatch> runs(3);  // of a page before
  const Result<void> parsed = api_of(series).parse_events(series, padded.view(), runs);
  if (parsed) return runs;
  EXPECT_THAT(runs, IsEmpty()) << "nothing of a page that cannot be read";
  return fail(parsed.error());
}

/// "TIME rate RATE [mark MARK] [hours HOURS] [index INDEX]" of each event.
std::vector<std::string> lines_of(const std::vector<CandleBatch>& runs) {
  std::vector<std::string> lines;
  for (const CandleBatch& run : runs) {
    for (std::size_t row = 0; row < run.row_count(); ++row) {
      std::string line = std::to_string(run.open_time()[row]);
      line += " rate " + run.text_at(Column::kFundingRate, row);
      if (run.columns.contains(Column::kMarkPrice)) {
        line += " mark " + run.text_at(Column::kMarkPrice, row);
      }
      if (run.columns.contains(Column::kFundingHours)) {
        line += " hours " + run.text_at(Column::kFundingHours, row);
      }
      if (run.columns.contains(Column::kIndexPrice)) {
        line += " index " + run.text_at(Column::kIndexPrice, row);
      }
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

constexpr TimeRange kWindow = {1'704'067'200'000, 1'706'745'600'000};  // January 2024

TEST(Funding, IsAskedForInItsWindow) {
  const auto target = [](const Series& series) {
    return api_of(series).events_request(series, kWindow).target;
  };
  EXPECT_EQ(target(kBinance),
            "/fapi/v1/fundingRate?symbol=BTCUSDT&startTime=1704067200000&endTime=1706745599999"
            "&limit=1000");
  EXPECT_EQ(target(kOkx),
            "/api/v5/public/funding-rate-history?instId=BTC-USDT-SWAP&before=1704067199999"
            "&after=1706745600000&limit=100");
  EXPECT_EQ(target(kBlofin),
            "/api/v1/market/funding-rate-history?instId=BTC-USDT&before=1704067199999"
            "&after=1706745600000&limit=100");
  EXPECT_EQ(target(kBybit),
            "/v5/market/funding/history?category=linear&symbol=BTCUSDT&startTime=1704067200000"
            "&endTime=1706745599999&limit=200");
  EXPECT_EQ(target(funding("bybit", "inverse", "BTCUSD")),
            "/v5/market/funding/history?category=inverse&symbol=BTCUSD&startTime=1704067200000"
            "&endTime=1706745599999&limit=200");
  EXPECT_EQ(target(kDeribit),
            "/api/v2/public/get_funding_rate_history?instrument_name=BTC-PERPETUAL"
            "&start_timestamp=1704067199999&end_timestamp=1706745599999");
}

TEST(Funding, CostsWhatItsEndpointDoes) {
  const ApiRequest binance = api_of(kBinance).events_request(kBinance, kWindow);
  EXPECT_EQ(binance.weight, 0U);
  const limits::LimitRules rules = api_of(kBinance).limit_rules();
  ASSERT_THAT(rules, SizeIs(2));
  EXPECT_EQ(rules.back().endpoint, binance.endpoint);
  EXPECT_EQ(rules.back().capacity, 500);
  EXPECT_EQ(rules.back().window_ms, 5 * kMinuteMs);
  EXPECT_EQ(api_of(kOkx).events_request(kOkx, kWindow).endpoint, "funding-rate-history");
  EXPECT_EQ(api_of(kDeribit).events_request(kDeribit, kWindow).weight, 500U);
  EXPECT_LT(api_of(kDeribit).events_window_max() / kHourMs,
            api_of(kDeribit).page_bands(Kind::kFunding).back().rows_max - 1);
}

TEST(Funding, IsServedByPerpetualMarketsAlone) {
  for (const Series* series : {&kBinance, &kOkx, &kBybit, &kBlofin, &kDeribit}) {
    for (std::size_t i = 0; i < kIntervalCount; ++i) {
      const auto interval = static_cast<Interval>(i);
      const bool events = interval == Interval::kEvents;
      EXPECT_EQ(api_of(*series).serves(Kind::kFunding, interval), events);
      if (events) {
        EXPECT_FALSE(api_of(*series).serves(Kind::kCandles, interval)) << series->name();
        EXPECT_FALSE(api_of(*series).serves(Kind::kMark, interval)) << series->name();
      }
    }
  }
  for (const auto& [exchange, market] :
       {std::pair("binance", "spot"), std::pair("okx", "futures"), std::pair("okx", "spot"),
        std::pair("bybit", "spot"), std::pair("bitunix", "futures"), std::pair("yahoo", "chart")}) {
    const MarketApi& api = **find_market(exchange, market);
    EXPECT_FALSE(api.serves(Kind::kFunding, Interval::kEvents)) << market;
    EXPECT_FALSE(api.serves(Kind::kCandles, Interval::kEvents)) << market;
  }
  EXPECT_FALSE(find_archive("binance", "um")->serves(kBinance)) << "its files are not read";
}

TEST(Funding, OfOkxIsWhatWasPaid) {
  const auto runs = parse(kOkx, read_fixture("api/okx-http_get_funding_rate_history.json"));
  ASSERT_TRUE(runs) << runs.error().message();
  EXPECT_THAT(lines_of(*runs),
              ElementsAre("1704067200000 rate 0.00015", "1704038400000 rate -0.00002"));
  const auto untold = parse(kOkx, R"({"code":"0","msg":"","data":[{"formulaType":"noRate",
      "fundingRate":"0.0001","fundingTime":"1704067200000","instId":"BTC-USDT-SWAP",
      "instType":"SWAP","method":"next_period","realizedRate":""}]})");
  ASSERT_TRUE(untold) << untold.error().message();
  EXPECT_THAT(lines_of(*untold), ElementsAre("1704067200000 rate 0.0001"));
}

TEST(Funding, OfBybitIsReadAsRecorded) {
  const auto runs = parse(kBybit, read_fixture("api/bybit-http_get_funding_history.json"));
  ASSERT_TRUE(runs) << runs.error().message();
  EXPECT_THAT(lines_of(*runs),
              ElementsAre("1709884800000 rate 0.0001", "1709856000000 rate 0.00015"));
}

TEST(Funding, OfBlofinIsReadAsDocumented) {
  const auto runs = parse(kBlofin, R"({"code":"0","msg":"success","data":[{"instId":"BTC-USDT",
      "fundingRate":"-0.000123","fundingTime":"1703491200000"}]})");
  ASSERT_TRUE(runs) << runs.error().message();
  EXPECT_THAT(lines_of(*runs), ElementsAre("1703491200000 rate -0.000123"));
}

TEST(Funding, OfBinanceHasAMarkPriceWhereOneIsTold) {
  const auto runs = parse(kBinance, R"([
      {"symbol":"BTCUSDT","fundingTime":1568102400000,"fundingRate":"0.00010000","markPrice":""},
      {"symbol":"BTCUSDT","fundingTime":1568131200000,"fundingRate":"0.00010000"},
      {"symbol":"BTCUSDT","fundingTime":1698768000007,"fundingRate":"-0.00003449",
       "markPrice":"34287.54619963","rateType":"Regular"},
      {"fundingRate":"0","markPrice":"1","fundingTime":1698796800000,"symbol":"BTCUSDT"}])");
  ASSERT_TRUE(runs) << runs.error().message();
  ASSERT_THAT(*runs, SizeIs(2)) << "without a mark price, and with one";
  EXPECT_THAT(lines_of(*runs), ElementsAre("1568102400000 rate 0.0001", "1568131200000 rate 0.0001",
                                           "1698768000007 rate -0.00003449 mark 34287.54619963",
                                           "1698796800000 rate 0 mark 1"));
}

TEST(Funding, OfDeribitIsThatOfTheHourInTheFewestDigits) {
  const auto runs = parse(kDeribit, R"({"jsonrpc":"2.0","result":[
      {"timestamp":1704067200000,"index_price":42283.58,"prev_index_price":42298.62,
       "interest_8h":-0.00012041139103132658,"interest_1h":1.9e-06},
      {"interest_1h":-0.000015,"interest_8h":0.0,"timestamp":1704070800000},
      {"interest_1h":0,"timestamp":1704074400000}],"usIn":1,"usOut":2,"usDiff":1,"testnet":false})");
  ASSERT_TRUE(runs) << runs.error().message();
  EXPECT_THAT(lines_of(*runs),
              ElementsAre("1704067200000 rate 0.0000019 hours 1 index 42283.58",
                          "1704070800000 rate -0.000015 hours 1", "1704074400000 rate 0 hours 1"));
}

TEST(Funding, TakesAnEmptyAnswer) {
  for (const auto& [series, body] :
       {std::pair(kBinance, "[]"), std::pair(kOkx, R"({"code":"0","msg":"","data":[]})"),
        std::pair(kBlofin, R"({"code":"0","msg":"","data":[]})"),
        std::pair(kBybit,
                  R"({"retCode":0,"retMsg":"OK","result":{"category":"linear","list":[]}})"),
        std::pair(kDeribit, R"({"jsonrpc":"2.0","result":[]})")}) {
    const auto runs = parse(series, body);
    ASSERT_TRUE(runs) << series.name() << ": " << runs.error().message();
    EXPECT_THAT(lines_of(*runs), IsEmpty());
  }
}

TEST(Funding, RefusesWhatCannotBeRead) {
  const std::string good =
      R"({"symbol":"BTCUSDT","fundingTime":1698768000000,"fundingRate":"0.0001","markPrice":"1"})";
  const auto with = [&good](std::string_view what, std::string_view by) {
    std::string row = good;
    row.replace(row.find(what), what.size(), by);
    return "[" + good + "," + row + "]";
  };
  for (const std::string& body :
       {with("BTCUSDT", "ETHUSDT"), with(R"("symbol":"BTCUSDT",)", ""), with("1698768000000", "1"),
        with("1698768000000", "\"\""), with(R"("fundingTime":1698768000000,)", ""),
        with("0.0001", "x"), with("0.0001", ""), with(R"("fundingRate":"0.0001",)", ""),
        with(R"("markPrice":"1")", R"("markPrice":"1,5")"), with(R"("markPrice":"1")", R"("x":[)"),
        with("0.0001\"", R"(0.0001","fundingRate":"0.0002")"), "[" + good + "]]",
        "[[" + good + "]]", std::string("{}"), std::string("[1]"), std::string("null"),
        std::string(), good}) {
    const auto runs = parse(kBinance, body);
    ASSERT_FALSE(runs) << body;
    EXPECT_EQ(runs.error().code(), Code::kProtocol) << body;
  }
  EXPECT_THAT(parse(kBinance, with("0.0001", "x")).error().message(), HasSubstr("event 2"));
  for (const auto& [series, body] :
       {std::pair(kOkx, "{}"), std::pair(kOkx, R"({"code":"0","data":{}})"),
        std::pair(kOkx,
                  R"({"code":"0","data":[{"fundingTime":"1704067200000","fundingRate":"1"}]})"),
        std::pair(kBybit, R"({"retCode":0,"result":{"category":"linear"}})"),
        std::pair(kBybit, R"({"retCode":0,"result":{"list":[],"list":[]}})"),
        std::pair(kDeribit, R"({"jsonrpc":"2.0"})"),
        std::pair(kDeribit, R"({"result":[],"result":[]})"),
        std::pair(kDeribit, R"({"result":[{"timestamp":1704067200000}]})")}) {
    const auto runs = parse(series, body);
    ASSERT_FALSE(runs) << body;
    EXPECT_EQ(runs.error().code(), Code::kProtocol) << body;
  }
}

TEST(Funding, GoesBackThreeMonthsAtOkx) {
  const TimeMs now = 1'720'000'000'000;
  EXPECT_GT(api_of(kOkx).history_from(Kind::kFunding, Interval::kEvents, now), now - 90 * kDayMs);
  EXPECT_EQ(api_of(kOkx).history_from(Kind::kCandles, Interval::k1m, now), kTimeMin);
  EXPECT_EQ(api_of(kBinance).history_from(Kind::kFunding, Interval::kEvents, now), kTimeMin);
}

}  // namespace
}  // namespace bf::exchange
