// Goal: a client sees BloFin's rules at their edges, and its suspensions. Method: a truth without holes,
// and the one row or request more that a wrong bound would show.
#include "engine/sim/blofin_venue.h"

#include <gmock/gmock.h>

#include "engine/sim/generated_truth.h"
#include "tests/sim/sim_support.h"

namespace bf::sim {
namespace {

using ::testing::HasSubstr;

constexpr TimeMs kListed = 1'704'067'200'000;  // 2024-01-01
constexpr TimeMs kNow = kListed + 20 * kDayMs + 30'000;

GeneratedTruth without_holes() {
  GeneratedOptions options;
  options.symbols = 1;
  options.markets = {Market::kBlofinSwap};
  options.life = {kListed, kListed + 30 * kDayMs};
  options.outage_every_days = 0;
  return GeneratedTruth(options);
}

class BlofinRest : public ::testing::Test {
 protected:
  RestAnswer ask(const std::string& path, TimeMs now = kNow) {
    const BlofinVenue venue(truth_, options_, true);
    return venue.answer(*venue.read(parse_query("/api/v1/market/" + path)), now, {});
  }
  static std::string window(TimeMs before, TimeMs after) {
    return "candles?instId=S000-USDT&bar=1m&before=" + std::to_string(before) +
           "&after=" + std::to_string(after);
  }

  GeneratedTruth truth_ = without_holes();
  BlofinOptions options_;
};

TEST_F(BlofinRest, CursorsAreExclusiveUnlessToldOtherwise) {
  const std::string target = window(kListed, kListed + 3 * kMinuteMs) + "&limit=1440";
  EXPECT_EQ(ask(target).rows.rows, 2U);
  EXPECT_EQ(ask(target).rows.first_open, kListed + kMinuteMs);
  options_.ends_included = true;
  EXPECT_EQ(ask(target).rows.rows, 4U);
}

TEST_F(BlofinRest, ADayOfMinutesIsTheMostAndTheNewestOfIt) {
  const RestAnswer page = ask(window(kListed - 1, kListed + 2 * kDayMs) + "&limit=3000");
  EXPECT_EQ(page.rows.rows, 1'440U);
  EXPECT_EQ(page.rows.last_open, kListed + 2 * kDayMs - kMinuteMs);
  EXPECT_THAT(page.body, HasSubstr("{\"code\":\"0\",\"msg\":\"\",\"data\":[[\"" +
                                   std::to_string(page.rows.last_open) + "\""));
  EXPECT_EQ(ask("candles?instId=S000-USDT").rows.rows, 500U) << "the default limit";
}

TEST_F(BlofinRest, TheFormingCandleIsFlagged) {
  EXPECT_TRUE(ask("candles?instId=S000-USDT&limit=1").body.ends_with(",\"0\"]]}"));
  EXPECT_EQ(ask("mark-price-candles?instId=S000-USDT&limit=1").rows.last_open, kNow - 30'000);
}

TEST_F(BlofinRest, RefusalsAreCodesAtStatus200) {
  EXPECT_EQ(ask("candles?instId=NO-SUCH").status, 200);
  EXPECT_THAT(ask("candles?instId=NO-SUCH").body, HasSubstr("\"152014\""));
  EXPECT_THAT(ask("instruments?instId=NO-SUCH").body, HasSubstr("\"152014\""));
  EXPECT_THAT(ask("candles").body, HasSubstr("\"152001\""));
  EXPECT_THAT(ask("candles?instId=S000-USDT&bar=1h").body, HasSubstr("\"152002\""));
  EXPECT_EQ(ask("tickers").status, 404);
  const BlofinVenue venue(truth_, options_, true);
  EXPECT_FALSE(venue.read(parse_query("/api/v1/futures/market/kline")));
}

TEST_F(BlofinRest, TheListTellsLifeAndSize) {
  EXPECT_THAT(ask("instruments").body, HasSubstr(R"("instId":"S000-USDT","baseCurrency":"S000")"));
  EXPECT_THAT(ask("instruments").body, HasSubstr(R"("expireTime":"4102416000000")"));
  EXPECT_THAT(ask("instruments", kListed + 30 * kDayMs).body, HasSubstr(R"("state":"suspend")"));
}

TEST_F(BlofinRest, WhoBreaksALimitIsSuspended) {
  BlofinVenue venue(truth_, options_, true);
  const RestCall call = *venue.read(parse_query("/api/v1/market/instruments"));
  TimeMs now = kNow;
  for (int i = 0; i < 500; ++i) ASSERT_FALSE(venue.admit(call, now).refusal) << i;
  ASSERT_TRUE(venue.admit(call, now).refusal);
  EXPECT_EQ(venue.admit(call, now).refusal->status, 429);
  EXPECT_TRUE(venue.admit(call, now + 5 * kMinuteMs - 1).out_of_turn);
  EXPECT_FALSE(venue.admit(call, now + 5 * kMinuteMs).refusal);

  now += kDayMs;
  for (int minute = 0; minute < 3; ++minute) {
    for (int i = 0; i < 500; ++i) {
      ASSERT_FALSE(venue.admit(call, now + minute * 70'000).refusal);
    }
  }
  now += 3 * 70'000;
  ASSERT_TRUE(venue.admit(call, now).refusal) << "1500 in five minutes";
  EXPECT_TRUE(venue.admit(call, now + kHourMs - 1).refusal);
  EXPECT_FALSE(venue.admit(call, now + kHourMs).refusal);
}

}  // namespace
}  // namespace bf::sim
