// Goal: a client sees Yahoo's quirks. Method: a truth with one outage, one request each.
#include "engine/sim/yahoo_venue.h"

#include <gmock/gmock.h>

#include "engine/sim/generated_truth.h"
#include "tests/sim/sim_support.h"

namespace bf::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr TimeMs kListed = 1'704'067'200'000;  // 2024-01-01
constexpr TimeMs kNow = kListed + 10 * kDayMs;

GeneratedTruth make_truth() {
  GeneratedOptions options;
  options.symbols = 1;
  options.markets = {Market::kYahooChart};
  options.life = {kListed, kListed + 20 * kDayMs};
  options.outage_every_days = 20;
  return GeneratedTruth(options);
}

class Yahoo : public ::testing::Test {
 protected:
  RestAnswer ask(TimeMs from, TimeMs to, const std::string& symbol = "S000-USD",
                 TimeMs now = kNow) {
    const YahooVenue venue(truth_, options_, /*enforced=*/true);
    const std::optional<RestCall> call = venue.read(parse_query(
        "/v8/finance/chart/" + symbol + "?interval=1m&period1=" + std::to_string(from / 1'000) +
        "&period2=" + std::to_string(to / 1'000)));
    EXPECT_TRUE(call.has_value());
    return call ? venue.answer(*call, now, {}) : RestAnswer{};
  }

  GeneratedTruth truth_ = make_truth();
  YahooOptions options_;
};

TEST_F(Yahoo, ItsEndIsExclusiveAndInSeconds) {
  const RestAnswer answer = ask(kListed, kListed + 2 * kMinuteMs);
  EXPECT_EQ(answer.rows.rows, 2U);
  EXPECT_THAT(answer.body, HasSubstr("\"timestamp\":[1704067200,1704067260]"));
}

TEST_F(Yahoo, TheFirstMinuteOfAHoleIsThereWithNulls) {
  const TimeRange outage = truth_.outages().front();
  const TimeRange around = {outage.from - kMinuteMs, outage.to + kMinuteMs};
  const TimeMs now = around.to + kDayMs;
  EXPECT_THAT(ask(around.from, around.to, "S000-USD", now).body, HasSubstr(",null,"));
  EXPECT_THAT(ask(outage.from, outage.to, "S000-USD", now).body, Not(HasSubstr("timestamp")));
  options_.nulls = false;
  EXPECT_THAT(ask(around.from, around.to, "S000-USD", now).body, Not(HasSubstr(",null,")));
}

TEST_F(Yahoo, AWindowThatReachesToNowEndsWithALivePrice) {
  EXPECT_THAT(ask(kNow - kHourMs, kNow + kHourMs).body,
              HasSubstr("," + std::to_string(kNow / 1'000 + 17) + "]"));
}

TEST_F(Yahoo, RefusesWindowsThatAreTooLongOrTooOldAndUnknownNames) {
  EXPECT_EQ(ask(kListed, kListed + 9 * kDayMs).status, 422);
  EXPECT_EQ(ask(kNow - 31 * kDayMs, kNow - 30 * kDayMs).status, 422);
  EXPECT_EQ(ask(kListed, kListed + kDayMs, "NOBODY").status, 404);
  EXPECT_EQ(ask(kListed, kListed + 7 * kDayMs).status, 200);
}

TEST_F(Yahoo, RefusesInPlainText) {
  YahooVenue venue(truth_, options_, /*enforced=*/true);
  const RestCall call = *venue.read(parse_query("/v8/finance/chart/X?interval=1m"));
  for (int i = 0; i < 60; ++i) EXPECT_FALSE(venue.admit(call, kNow).refusal) << i;
  const Admission refused = venue.admit(call, kNow);
  ASSERT_TRUE(refused.refusal);
  EXPECT_EQ(refused.refusal->status, 429);
  EXPECT_EQ(refused.refusal->body, "Too Many Requests\r\n");
}

}  // namespace
}  // namespace bf::sim
