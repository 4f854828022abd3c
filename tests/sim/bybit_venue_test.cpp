// Goal: the simulated Bybit has the quirks of the real one. Method: requests straight to the venue.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/sim/bybit_venue.h"
#include "engine/sim/generated_truth.h"
#include "engine/sim/kline_text.h"

namespace bf::sim {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr TimeMs kListed = 1'704'067'200'000;  // 2024-01-01
constexpr TimeMs kDelisted = kListed + 10 * kDayMs;
constexpr std::string_view kKline = "/v5/market/kline?category=linear&symbol=S000USDT&interval=1";

class BybitVenueTest : public ::testing::Test {
 protected:
  static GeneratedTruth make_truth() {
    GeneratedOptions options;
    options.markets = {Market::kBybitLinear, Market::kBybitInverse, Market::kBybitSpot};
    options.life = {kListed, kDelisted};
    options.outage_every_days = 0;
    return GeneratedTruth(options);
  }
  RestAnswer ask(const std::string& target, TimeMs now = kDelisted + kDayMs) {
    BybitVenue venue(truth_, options_, /*enforced=*/true);
    const std::optional<RestCall> call = venue.read(parse_query(target));
    EXPECT_TRUE(call) << target;
    return venue.answer(*call, now, {});
  }
  RestAnswer kline(const std::string& more, TimeMs now = kDelisted + kDayMs) {
    return ask(std::string(kKline) + more, now);
  }
  static std::string at(std::string_view name, TimeMs time) {
    return "&" + std::string(name) + "=" + std::to_string(time);
  }
  static void expect_rows(const RestAnswer& answer, TimeMs first, TimeMs last) {
    EXPECT_EQ(answer.rows.first_open, first);
    EXPECT_EQ(answer.rows.last_open, last);
    // The newest one stands first.
    EXPECT_THAT(answer.body, HasSubstr("\"list\":[[\"" + std::to_string(last)));
  }

  GeneratedTruth truth_ = make_truth();
  BybitOptions options_;
};

TEST_F(BybitVenueTest, StartIsRoundedDownAndEndIsInclusive) {
  expect_rows(kline(at("start", kListed + 8'000) + at("end", kListed + kMinuteMs + 16'000)),
              kListed, kListed + kMinuteMs);
}

TEST_F(BybitVenueTest, AStartAloneGivesTheOldestRowsAndAnEndAloneTheNewest) {
  expect_rows(kline(at("start", kListed + kHourMs) + "&limit=3"), kListed + kHourMs,
              kListed + kHourMs + 2 * kMinuteMs);
  expect_rows(kline(at("end", kListed + kHourMs) + "&limit=3"), kListed + kHourMs - 2 * kMinuteMs,
              kListed + kHourMs);
}

TEST_F(BybitVenueTest, AWindowOfMoreThanTheLimitLosesItsOldestRowsInSilence) {
  const std::string window = at("start", kListed) + at("end", kListed + 9 * kMinuteMs) + "&limit=4";
  expect_rows(kline(window), kListed + 6 * kMinuteMs, kListed + 9 * kMinuteMs);
  options_.oldest_of_window = true;
  expect_rows(kline(window), kListed, kListed + 3 * kMinuteMs);
}

TEST_F(BybitVenueTest, LimitsAreCutToTheMaximum) {
  EXPECT_EQ(kline(at("start", kListed)).rows.rows, 200U);
  EXPECT_EQ(kline(at("start", kListed) + "&limit=5000").rows.rows, 1'000U);
  options_.rows_max = 200;
  EXPECT_EQ(kline(at("start", kListed) + "&limit=1000").rows.rows, 200U);
}

TEST_F(BybitVenueTest, TheFormingCandleComesFirstAndUnfinished) {
  const TimeMs open = kListed + kHourMs;
  const RestAnswer forming = kline("&limit=1", open + 30'000);
  const RestAnswer closed = kline(at("end", open) + "&limit=1", open + kMinuteMs);
  EXPECT_EQ(forming.rows.last_open, open);
  EXPECT_EQ(closed.rows.last_open, open);
  EXPECT_NE(forming.body.substr(0, forming.body.find("]]")),
            closed.body.substr(0, closed.body.find("]]")));
}

TEST_F(BybitVenueTest, InverseWritesItsVolumesTheOtherWayRoundAndMarkRowsHaveNone) {
  std::string rows;
  (void)truth_.append_rows({Market::kBybitInverse, "S000USD", Interval::k1m},
                           {{kListed, kListed + kMinuteMs}, 1}, rows);
  const KlineFields fields = row_fields(rows);
  const std::string window = at("start", kListed) + at("end", kListed);
  const std::string inverse = "?category=inverse&symbol=S000USD&interval=1" + window;
  EXPECT_THAT(ask("/v5/market/kline" + inverse).body,
              HasSubstr(fields[kCloseField] + "\",\"" + fields[kQuoteVolumeField] + "\",\"" +
                        fields[kVolumeField] + "\"]"));
  EXPECT_THAT(ask("/v5/market/mark-price-kline" + inverse).body,
              HasSubstr(fields[kCloseField] + "\"]]"));
  EXPECT_THAT(ask("/v5/market/premium-index-price-kline" + inverse).body,
              HasSubstr("\"retCode\":10001"));
}

TEST_F(BybitVenueTest, InstrumentsComeByStatusAndCursor) {
  options_.list_rows_max = 2;
  const std::string linear = "/v5/market/instruments-info?category=linear";
  const std::string first = ask(linear, kListed).body;
  EXPECT_THAT(first, HasSubstr("S001USDT"));
  EXPECT_THAT(first, Not(HasSubstr("S002USDT")));
  EXPECT_THAT(first, HasSubstr(R"("nextPageCursor":"last%3DS001USDT")"));
  const std::string second = ask(linear + "&cursor=last%253DS001USDT", kListed).body;
  EXPECT_THAT(second, HasSubstr(R"("symbol":"S002USDT")"));
  EXPECT_THAT(second, HasSubstr(R"("nextPageCursor":"")"));
  EXPECT_THAT(second, HasSubstr(R"("launchTime":"1704067200000","deliveryTime":"0")"));
  EXPECT_THAT(ask(linear).body, HasSubstr("\"list\":[]"));
  EXPECT_THAT(ask(linear + "&status=Closed").body,
              HasSubstr("\"deliveryTime\":\"" + std::to_string(kDelisted)));
  const std::string spot = ask("/v5/market/instruments-info?category=spot", kListed).body;
  EXPECT_THAT(spot, HasSubstr("S002USDT"));
  EXPECT_THAT(spot, Not(HasSubstr("launchTime")));
}

TEST_F(BybitVenueTest, OptionsAreACategoryWithoutInstruments) {
  const std::string list = ask("/v5/market/instruments-info?category=option", kListed).body;
  EXPECT_THAT(list, HasSubstr(R"("category":"option","list":[],"nextPageCursor":"")"));
}

TEST_F(BybitVenueTest, ErrorsComeWithStatus200) {
  for (const std::string target :
       {"/v5/market/kline?category=linear&symbol=NOSUCH&interval=1",
        "/v5/market/kline?category=linear&symbol=S000USDT&interval=7",
        "/v5/market/kline?category=option&symbol=S000USDT&interval=1",
        "/v5/market/kline?category=linear&symbol=S000USDT&interval=1&limit=0",
        "/v5/market/kline?category=linear&symbol=S000USDT&interval=1&start=x",
        "/v5/market/mark-price-kline?category=spot&symbol=S000USDT&interval=1"}) {
    const RestAnswer answer = ask(target);
    EXPECT_EQ(answer.status, 200) << target;
    EXPECT_THAT(answer.body, HasSubstr("\"retCode\":10001")) << target;
  }
}

TEST_F(BybitVenueTest, TooManyRequestsAreForbiddenForTenMinutes) {
  BybitVenue venue(truth_, options_, /*enforced=*/true);
  const RestCall call = *venue.read(parse_query(kKline));
  for (int i = 0; i < 600; ++i) EXPECT_FALSE(venue.admit(call, kListed).refusal) << i;
  const Admission refused = venue.admit(call, kListed);
  ASSERT_TRUE(refused.refusal);
  EXPECT_EQ(refused.refusal->status, 403);
  EXPECT_TRUE(venue.admit(call, kListed + 10 * kMinuteMs - 1).out_of_turn);
  EXPECT_FALSE(venue.admit(call, kListed + 10 * kMinuteMs).refusal);
}

}  // namespace
}  // namespace bf::sim
