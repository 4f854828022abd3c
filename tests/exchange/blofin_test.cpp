// Goal: BloFin's answers mean what its documents say, and nothing else passes. Method: synthetic answers
// of the documented shape, and one fault at a time. What it shares with OKX is tested there.
#include "engine/exchange/blofin_swap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exchange/exchange_support.h"

namespace bf::exchange {
namespace {

using testing::HasSubstr;

constexpr TimeMs kFrom = 1'700'000'040'000;
constexpr TimeMs kNow = 1'700'000'000'000;

const MarketApi& blofin_market() { return **find_market("blofin", "swap"); }

Series blofin_series(Kind kind = Kind::kCandles, Interval interval = Interval::k1m) {
  return Series{Instrument{"blofin", "swap", "BTC-USDT"}, kind, interval};
}

Result<InstrumentList> parse_list(std::string_view rows) {
  const Padded padded(R"({"code":"0","msg":"success","data":[)" + std::string(rows) + "]}");
  return blofin_market().parse_instruments("", padded.view());
}

TEST(Blofin, AdjacentWindowsHaveNeitherHoleNorDouble) {
  const TimeMs middle = kFrom + 1'440 * kMinuteMs;
  EXPECT_EQ(blofin_market().candles_request(blofin_series(), {kFrom, middle}).target,
            "/api/v1/market/candles?instId=BTC-USDT&bar=1m&before=1700000039999"
            "&after=1700086439999&limit=1440");
  EXPECT_EQ(blofin_market()
                .candles_request(blofin_series(Kind::kMark, Interval::k1d),
                                 {1'700'006'400'000, 1'700'092'800'000})
                .target,
            "/api/v1/market/mark-price-candles?instId=BTC-USDT&bar=1D&before=1700006399999"
            "&after=1700092799999&limit=1");
  EXPECT_THAT(blofin_market()
                  .candles_request(blofin_series(Kind::kIndex), {middle, middle + kMinuteMs})
                  .target,
              HasSubstr("/index-candles?instId=BTC-USDT&bar=1m&before=1700086439999&"));
  EXPECT_FALSE(blofin_market().next_candle_request(blofin_series(), 0));
  EXPECT_FALSE(blofin_market().server_time_request());
}

TEST(Blofin, ServesBarsWhoseDayIsKnown) {
  for (const Interval interval :
       {Interval::k1m, Interval::k30m, Interval::k4h, Interval::k8h, Interval::k1d}) {
    EXPECT_TRUE(blofin_market().serves(Kind::kCandles, interval));
    EXPECT_TRUE(blofin_market().serves(Kind::kMark, interval));
  }
  for (const Interval interval : {Interval::k1s, Interval::k10m, Interval::k3h, Interval::k6h,
                                  Interval::k12h, Interval::k3d, Interval::k1w, Interval::k1mo}) {
    EXPECT_FALSE(blofin_market().serves(Kind::kCandles, interval));
  }
  EXPECT_FALSE(blofin_market().serves(Kind::kFunding, Interval::k1h));
  EXPECT_TRUE(blofin_market().serves(Kind::kFunding, Interval::kEvents));
  EXPECT_FALSE(blofin_market().serves(Kind::kPremium, Interval::k1m));
}

TEST(Blofin, ReadsTheDocumentedRow) {
  const Padded body(
      R"({"code":"0","msg":"success","data":[["1700000100000","36500.1","36512","36490","36501.2","12345","12.345","450606.7","1"]]})");
  CandleBatch page;
  const Result<void> parsed = blofin_market().parse_candles(blofin_series(), body.view(), page);
  ASSERT_TRUE(parsed) << parsed.error().message();
  ASSERT_EQ(page.row_count(), 1U);
  EXPECT_EQ(page.text_at(Column::kVolume, 0), "12.345") << "base units, not contracts";
  EXPECT_EQ(page.text_at(Column::kQuoteVolume, 0), "450606.7");
}

TEST(Blofin, ReadsInstruments) {
  const Result<InstrumentList> list = parse_list(
      R"({"instId":"BTC-USDT","baseCurrency":"BTC","quoteCurrency":"USDT","contractValue":"0.001",
          "listTime":"1673517600000","expireTime":"4102416000000","maxLeverage":"125","minSize":"0.1",
          "lotSize":"0.1","tickSize":"0.1","instType":"SWAP","contractType":"linear","state":"live",
          "settleCurrency":"USDT"},
         {"instId":"10000SATS-USDT","baseCurrency":"10000SATS","quoteCurrency":"USDT","state":"suspend",
          "listTime":"","expireTime":1704038400000})");
  ASSERT_TRUE(list) << list.error().message();
  ASSERT_EQ(list->instruments.size(), 2U);
  const InstrumentInfo& btc = list->instruments[0];
  EXPECT_EQ(btc.listed, 1673517600000);
  EXPECT_EQ(btc.delisted, 0) << "a perpetual's date is no expiry";
  EXPECT_TRUE(btc.trading);
  EXPECT_EQ(btc.contract_size, "0.001");
  EXPECT_EQ(btc.price_tick, "0.1");
  EXPECT_EQ(btc.settle_asset, "USDT");
  EXPECT_EQ(btc.multiplier, "1");
  const InstrumentInfo& sats = list->instruments[1];
  EXPECT_EQ(sats.multiplier, "10000");
  EXPECT_EQ(sats.base_asset, "10000SATS");
  EXPECT_EQ(sats.delisted, 1704038400000);
  EXPECT_EQ(sats.listed, 0);
}

TEST(Blofin, OneBrokenRowFailsTheListAndIsNamed) {
  constexpr std::string_view kGood =
      R"({"instId":"A-B","baseCurrency":"A","quoteCurrency":"B","state":"live"})";
  ASSERT_TRUE(parse_list(kGood));
  for (const std::string_view row :
       {R"({"instId":"C-D","baseCurrency":"C","state":"live"})",
        R"({"instId":"C-D","baseCurrency":7,"quoteCurrency":"D","state":"live"})",
        R"({"instId":"C-D","baseCurrency":"C","quoteCurrency":"D","state":"live","listTime":"x"})",
        R"({"instId":"C-D","baseCurrency":"C","quoteCurrency":"D","state":"live","expireTime":5})",
        R"({"instId":"","baseCurrency":"C","quoteCurrency":"D","state":"live"})", "[]",
        R"({"instId":"A-B","baseCurrency":"A","quoteCurrency":"B","state":"live"})"}) {
    const Result<InstrumentList> list = parse_list(std::string(kGood) + "," + std::string(row));
    ASSERT_FALSE(list) << row;
    EXPECT_EQ(list.error().code(), Code::kProtocol);
  }
}

TEST(Blofin, StatusAndCodeTellWhatToDo) {
  struct Case {
    int status;
    std::string_view body;
    Code code;
    DurationMs wait;
  };
  const Case cases[] = {
      {429, R"({"code":"429","msg":"Too many requests"})", Code::kBanned, kHourMs},
      {429, "Too Many Requests", Code::kBanned, kHourMs},
      {200, R"({"code":"429","msg":"Too many requests"})", Code::kBanned, kHourMs},
      {403, "<html>", Code::kBanned, 5 * kMinuteMs},
      {451, "", Code::kBlocked, 0},
      {200, R"({"code":"152001","msg":"x","data":[]})", Code::kRejected, 0},
      {200, R"({"code":"152014","msg":"no such instrument","data":[]})", Code::kUnknownName, 0},
      {200, R"({"code":"152015","msg":"x","data":[]})", Code::kRejected, 0},
      {200, R"({"code":500,"msg":"internal"})", Code::kUnavailable, 0},
      {200, R"({"code":"103013","msg":"internal"})", Code::kUnavailable, 0},
      {500, "", Code::kUnavailable, 0},
      {200, "<html>", Code::kUnavailable, 0},
      {200, "[]", Code::kUnavailable, 0},
      {404, "", Code::kRejected, 0},
  };
  for (const Case& test : cases) {
    const Padded padded(test.body);
    const std::optional<ApiFailure> seen =
        blofin_market().failure(ApiResponse{test.status, padded.view(), {}}, kNow);
    ASSERT_TRUE(seen) << test.status << " " << test.body;
    EXPECT_EQ(seen->error.code(), test.code) << test.status << " " << test.body;
    EXPECT_EQ(seen->retry_after_ms, test.wait) << test.status << " " << test.body;
  }
  const Padded good(R"({"code":"0","msg":"success","data":[]})");
  EXPECT_FALSE(blofin_market().failure(ApiResponse{200, good.view(), {}}, kNow));
}

TEST(Blofin, KeepsBothWindows) {
  const limits::LimitRules rules = blofin_market().limit_rules();
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_EQ(rules[0].capacity, 500);
  EXPECT_EQ(rules[1].capacity, 1'500);
  EXPECT_EQ(rules[1].window_ms, 5 * kMinuteMs);
  EXPECT_EQ(blofin_market().default_share_percent(), 90);
}

}  // namespace
}  // namespace bf::exchange
