// Goal: the simulated Bitunix has the quirks of the real one, in each reading of what is not known of it.
// Method: requests straight to the venue.
#include "engine/sim/bitunix_venue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/sim/generated_truth.h"
#include "engine/sim/kline_text.h"

namespace bf::sim {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr TimeMs kListed = 1'704'067'200'000;  // 2024-01-01
constexpr TimeMs kDelisted = kListed + 10 * kDayMs;
constexpr TimeMs kLater = kDelisted + kDayMs;
constexpr TimeMs kHour = kListed + kHourMs;
constexpr std::string_view kKline = "/api/v1/futures/market/kline?symbol=S000USDT&interval=1m";
constexpr std::string_view kPairs = "/api/v1/futures/market/trading_pairs";

class BitunixVenueTest : public ::testing::Test {
 protected:
  static GeneratedTruth make_truth() {
    GeneratedOptions options;
    options.markets = {Market::kBitunixFutures};
    options.life = {kListed, kDelisted};
    options.outage_every_days = 0;
    return GeneratedTruth(options);
  }
  static Query browser(const std::string& target) {
    Query query = parse_query(target);
    query.user_agent = "Mozilla/5.0";
    return query;
  }
  RestAnswer ask(const std::string& target, TimeMs now = kLater) {
    BitunixVenue venue(truth_, options_, /*enforced=*/true);
    const std::optional<RestCall> call = venue.read(browser(target));
    EXPECT_TRUE(call) << target;
    return venue.answer(*call, now, {});
  }
  RestAnswer kline(const std::string& more, TimeMs now = kLater) {
    return ask(std::string(kKline) + more, now);
  }
  static std::string window(TimeMs from, TimeMs to) {
    return "&startTime=" + std::to_string(from) + "&endTime=" + std::to_string(to);
  }
  static void expect_rows(const RestAnswer& answer, TimeMs first, TimeMs last) {
    EXPECT_EQ(answer.rows.first_open, first);
    EXPECT_EQ(answer.rows.last_open, last);
    // The newest one stands first.
    const std::size_t time = answer.body.find("\"time\":\"") + 8;
    EXPECT_EQ(answer.body.substr(time, 13), std::to_string(last));
  }

  GeneratedTruth truth_ = make_truth();
  BitunixOptions options_;
};

TEST_F(BitunixVenueTest, TheEndIsExclusiveAndTheStartIsNotUnlessToldOtherwise) {
  const std::string some = window(kHour, kHour + 3 * kMinuteMs);
  expect_rows(kline(some), kHour, kHour + 2 * kMinuteMs);
  options_.end_inclusive = true;
  expect_rows(kline(some), kHour, kHour + 3 * kMinuteMs);
  options_.start_exclusive = true;
  expect_rows(kline(some), kHour + kMinuteMs, kHour + 3 * kMinuteMs);
  options_ = {};
  options_.start_rounded_down = true;
  expect_rows(kline(window(kHour + 8'000, kHour + kMinuteMs)), kHour, kHour);
}

TEST_F(BitunixVenueTest, OfAWindowThatIsTooLargeTheOldestRowsAreLost) {
  expect_rows(kline(window(kHour, kHour + 9 * kMinuteMs) + "&limit=4"), kHour + 5 * kMinuteMs,
              kHour + 8 * kMinuteMs);
  expect_rows(kline("&startTime=" + std::to_string(kHour) + "&limit=2"), kDelisted - 2 * kMinuteMs,
              kDelisted - kMinuteMs);
}

TEST_F(BitunixVenueTest, LimitsAreCutToTheMaximum) {
  EXPECT_EQ(kline("").rows.rows, 100U);
  EXPECT_EQ(kline("&limit=500").rows.rows, 200U);
  options_.rows_max = 150;
  EXPECT_EQ(kline("&limit=200").rows.rows, 150U);
}

TEST_F(BitunixVenueTest, TheFormingCandleIsThereOrNot) {
  const std::string newest = "&limit=1";
  expect_rows(kline(newest, kHour + 30'000), kHour, kHour);
  EXPECT_NE(kline(newest, kHour + 30'000).body,
            kline("&limit=1&endTime=" + std::to_string(kHour + kMinuteMs)).body);
  options_.forming_candle = false;
  expect_rows(kline(newest, kHour + 30'000), kHour - kMinuteMs, kHour - kMinuteMs);
}

TEST_F(BitunixVenueTest, RowsAreObjectsWithOrWithoutQuotesAndTheirVolumesMayBeSwapped) {
  std::string rows;
  (void)truth_.append_rows({Market::kBitunixFutures, "S000USDT", Interval::k1m},
                           {{kHour, kHour + kMinuteMs}, 1}, rows);
  const KlineFields fields = row_fields(rows);
  const std::string one = window(kHour, kHour + kMinuteMs);
  EXPECT_EQ(kline(one).body,
            R"({"code":0,"data":[{"open":")" + fields[kOpenField] + R"(","high":")" +
                fields[kHighField] + R"(","low":")" + fields[kLowField] + R"(","close":")" +
                fields[kCloseField] + R"(","quoteVol":")" + fields[kQuoteVolumeField] +
                R"(","baseVol":")" + fields[kVolumeField] + R"(","time":")" +
                std::to_string(kHour) + R"(","type":"LAST_PRICE"}],"msg":"Success"})");
  EXPECT_THAT(kline(one + "&type=MARK_PRICE").body, HasSubstr(R"("type":"MARK_PRICE")"));
  options_.volumes_swapped = true;
  options_.bare_numbers = true;
  EXPECT_THAT(kline(one).body, HasSubstr("\"quoteVol\":" + fields[kVolumeField] +
                                         ",\"baseVol\":" + fields[kQuoteVolumeField] + ","));
}

TEST_F(BitunixVenueTest, PairsTellTheirStatusAndNotTheirLife) {
  const std::string open = ask(std::string(kPairs), kListed).body;
  EXPECT_THAT(open, HasSubstr(R"("symbol":"S000USDT","base":"S000","quote":"USDT")"));
  EXPECT_THAT(open, HasSubstr(R"("symbolStatus":"OPEN")"));
  EXPECT_THAT(open, Not(HasSubstr(std::to_string(kListed))));
  EXPECT_THAT(ask(std::string(kPairs), kListed - 1).body, HasSubstr(R"("symbolStatus":"PREVIEW")"));
  EXPECT_EQ(ask(std::string(kPairs)).body, R"({"code":0,"data":[],"msg":"Success"})");
}

TEST_F(BitunixVenueTest, ErrorsComeWithStatus200) {
  const auto code = [this](const std::string& more, TimeMs now = kLater) {
    const RestAnswer answer = ask("/api/v1/futures/market/kline?" + more, now);
    EXPECT_EQ(answer.status, 200);
    return answer.body.substr(0, answer.body.find(','));
  };
  EXPECT_EQ(code("symbol=NOSUCH&interval=1m"), R"({"code":20001)");
  EXPECT_EQ(code("symbol=S000USDT&interval=1m", kListed - 1), R"({"code":20001)");
  for (const std::string more : {"interval=7m", "interval=1s", "interval=1m&limit=0",
                                 "interval=1m&startTime=x", "interval=1m&type=INDEX_PRICE"}) {
    EXPECT_EQ(code("symbol=S000USDT&" + more), R"({"code":10002)") << more;
  }
}

TEST_F(BitunixVenueTest, WhoDoesNotSoundLikeABrowserGetsAPageOfTheCdn) {
  BitunixVenue venue(truth_, options_, /*enforced=*/true);
  Query query = parse_query(std::string(kPairs));
  query.user_agent = "curl/8.0";
  const RestAnswer answer = venue.answer(*venue.read(query), kLater, {});
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer.body, StartsWith("<html>"));
  EXPECT_FALSE(venue.read(browser("/api/v1/market/candles")));
}

TEST_F(BitunixVenueTest, TenRequestsASecondAndNoMore) {
  BitunixVenue venue(truth_, options_, /*enforced=*/true);
  const RestCall call = *venue.read(browser(std::string(kPairs)));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(venue.admit(call, kLater).refusal) << i;
  const Admission refused = venue.admit(call, kLater);
  ASSERT_TRUE(refused.refusal);
  EXPECT_EQ(refused.refusal->status, 200);
  EXPECT_THAT(refused.refusal->body, HasSubstr("\"code\":10006"));
  EXPECT_TRUE(venue.admit(call, kLater + 999).refusal);
  EXPECT_FALSE(venue.admit(call, kLater + 2'000).refusal);
}

}  // namespace
}  // namespace bf::sim
