// tests/sim/funding_venue_test.cpp
//
// Goal: funding is served as each exchange serves it: which events, in which order and form, within which
// limits. Method: a truth whose events are known by the hour, and requests at the edges.
#include <gmock/gmock.h>

#include "engine/sim/binance_venue.h"
#include "engine/sim/blofin_venue.h"
#include "engine/sim/bybit_venue.h"
#include "engine/sim/deribit_venue.h"
#include "engine/sim/funding_page.h"
#include "engine/sim/generated_truth.h"
#include "engine/sim/okx_venue.h"
#include "tests/sim/sim_support.h"

namespace bf::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr TimeMs kListed = 1'704'067'200'000;  // 2024-01-01
constexpr TimeMs kNow = kListed + 100 * kDayMs + kMinuteMs;

GeneratedTruth truth_of(Market market) {
  GeneratedOptions options;
  options.symbols = 4;
  options.markets = {market};
  options.life = {kListed, kTimeMax};
  options.outage_every_days = 0;
  return GeneratedTruth(options);
}

RestAnswer ask(const Venue& venue, const std::string& target, TimeMs now = kNow) {
  const std::optional<RestCall> call = venue.read(parse_query(target));
  EXPECT_TRUE(call.has_value()) << target;
  return call ? venue.answer(*call, now, {}) : RestAnswer{};
}

TEST(GeneratedFunding, HasEachWayToPay) {
  const GeneratedTruth truth = truth_of(Market::kOkxSwap);
  const auto events_of_day = [&truth](const char* symbol, std::int64_t day) {
    const TimeMs begin = kListed + day * kDayMs;
    return truth.funding(Market::kOkxSwap, symbol, {{begin, begin + kDayMs}, 1'000}).size();
  };
  EXPECT_EQ(events_of_day("S000-USDT-SWAP", 60), 3U);
  EXPECT_EQ(events_of_day("S001-USDT-SWAP", 44), 3U);
  EXPECT_EQ(events_of_day("S001-USDT-SWAP", 45), 24U) << "it has changed its period";
  EXPECT_EQ(events_of_day("S002-USDT-SWAP", 60), 6U);
  EXPECT_EQ(events_of_day("S003-USDT-SWAP", 60), 24U);
  EXPECT_EQ(events_of_day("S003-USDT-SWAP", -1), 0U);
}

TEST(GeneratedFunding, GivesTheOldestOrTheNewestOfMany) {
  const GeneratedTruth truth = truth_of(Market::kUm);
  const TimeRange all = {kListed, kNow};
  const auto whole = truth.funding(Market::kUm, "S000USDT", {all, 1'000});
  const auto oldest = truth.funding(Market::kUm, "S000USDT", {all, 10, false});
  const auto newest = truth.funding(Market::kUm, "S000USDT", {all, 10, true});
  ASSERT_EQ(whole.size(), 301U);
  EXPECT_EQ(oldest.back().time, whole[9].time);
  EXPECT_EQ(newest.front().time, whole[291].time);
  EXPECT_EQ(whole.front().mark_price, "") << "old events have none any more";
  EXPECT_NE(whole.back().mark_price, "");
}

TEST(BinanceFunding, IsOldestFirstWithBothEndsInIt) {
  const GeneratedTruth truth = truth_of(Market::kUm);
  const BinanceVenue venue(truth, {}, true);
  const auto events = truth.funding(Market::kUm, "S003USDT", {{kListed, kNow}, 5'000});
  const std::string base = "/fapi/v1/fundingRate?symbol=S003USDT";
  const auto between = [&](std::size_t from, std::size_t to) {
    return base + "&startTime=" + std::to_string(events[from].time) +
           "&endTime=" + std::to_string(events[to].time);
  };
  EXPECT_EQ(ask(venue, between(5, 9)).rows.rows, 5U);
  EXPECT_EQ(ask(venue, between(0, 2'000)).rows.rows, 100U) << "when no limit is given";
  const RestAnswer page = ask(venue, between(0, 2'000) + "&limit=5000");
  EXPECT_EQ(page.rows.rows, 1'000U);
  EXPECT_EQ(page.rows.first_open, events[0].time);
  EXPECT_EQ(ask(venue, base).rows.last_open, events.back().time) << "no times: the newest";
  EXPECT_THAT(page.body, StartsWith("[{\"symbol\":\"S003USDT\",\"fundingTime\":"));
  EXPECT_THAT(page.body, HasSubstr("\"markPrice\":\"\",\"rateType\":\"Regular\""));
  EXPECT_EQ(ask(venue, "/fapi/v1/fundingRate?symbol=X").status, 400);
}

TEST(BinanceFunding, HasALimitOfItsOwnAndNoWeight) {
  const GeneratedTruth truth = truth_of(Market::kUm);
  BinanceVenue venue(truth, {}, true);
  const RestCall call = *venue.read(parse_query("/fapi/v1/fundingRate?symbol=S000USDT"));
  for (int i = 0; i < 500; ++i) ASSERT_FALSE(venue.admit(call, kNow + i).refusal) << i;
  const Admission refused = venue.admit(call, kNow + 600);
  ASSERT_TRUE(refused.refusal);
  EXPECT_EQ(refused.refusal->status, 429);
  EXPECT_EQ(refused.headers.front().second, "0");
  const RestCall time = *venue.read(parse_query("/fapi/v1/time"));
  EXPECT_FALSE(venue.admit(time, kNow + 700).refusal) << "others are not kept away";
  EXPECT_FALSE(venue.admit(call, kNow + 6 * kMinuteMs).refusal);
}

TEST(OkxFunding, IsNewestFirstBetweenCursorsForThreeMonths) {
  const GeneratedTruth truth = truth_of(Market::kOkxSwap);
  const OkxVenue venue(truth, {}, true);
  const std::string base = "/api/v5/public/funding-rate-history?instId=S000-USDT-SWAP";
  const TimeMs midnight = kListed + 90 * kDayMs;
  const auto between = [&base](TimeMs before, TimeMs after) {
    return base + "&before=" + std::to_string(before) + "&after=" + std::to_string(after);
  };
  const RestAnswer day = ask(venue, between(midnight, midnight + kDayMs));
  EXPECT_EQ(day.rows.rows, 2U) << "both cursors are exclusive";
  EXPECT_THAT(day.body, HasSubstr("\"realizedRate\":"));
  EXPECT_LT(day.body.find(std::to_string(day.rows.last_open)),
            day.body.find(std::to_string(day.rows.first_open)));
  const RestAnswer all = ask(venue, base + "&limit=500");
  EXPECT_EQ(all.rows.rows, 92U * 3) << "of the last three months";
  EXPECT_EQ(ask(venue, base).rows.rows, 100U);
}

TEST(BybitFunding, NeedsBothEnds) {
  const GeneratedTruth truth = truth_of(Market::kBybitLinear);
  const BybitVenue venue(truth, {}, true);
  const std::string base = "/v5/market/funding/history?category=linear&symbol=S003USDT";
  const std::string start = "&startTime=" + std::to_string(kListed);
  EXPECT_THAT(ask(venue, base + start).body, HasSubstr("10001"));
  const RestAnswer page =
      ask(venue, base + start + "&endTime=" + std::to_string(kNow) + "&limit=999");
  EXPECT_EQ(page.rows.rows, 200U);
  EXPECT_EQ(page.rows.last_open, kListed + 100 * kDayMs) << "the newest";
  EXPECT_THAT(page.body, Not(HasSubstr("fundingRateTimestamp\":1")));
  EXPECT_THAT(ask(venue, "/v5/market/funding/history?category=spot&symbol=S003USDT").body,
              HasSubstr("10001"));
}

TEST(BlofinFunding, HasAHundredEventsAPage) {
  const GeneratedTruth truth = truth_of(Market::kBlofinSwap);
  const BlofinVenue venue(truth, {}, true);
  const RestAnswer page =
      ask(venue, "/api/v1/market/funding-rate-history?instId=S003-USDT&limit=400");
  EXPECT_EQ(page.rows.rows, 100U);
  EXPECT_EQ(page.rows.last_open, kListed + 100 * kDayMs);
}

TEST(DeribitFunding, IsHourlyAndCutSilently) {
  const GeneratedTruth truth = truth_of(Market::kDeribitFutures);
  const DeribitVenue venue(truth, {}, true);
  const std::string base =
      "/api/v2/public/get_funding_rate_history?instrument_name=S000_USDC-PERPETUAL";
  const RestAnswer page = ask(venue, base + "&start_timestamp=" + std::to_string(kListed) +
                                         "&end_timestamp=" + std::to_string(kNow));
  EXPECT_EQ(page.rows.rows, 744U);
  EXPECT_EQ(page.rows.last_open, kListed + 100 * kDayMs);
  EXPECT_THAT(page.body, HasSubstr("\"interest_1h\":0.0"));
  EXPECT_THAT(page.body, Not(HasSubstr("\"interest_1h\":\"")));
  EXPECT_EQ(ask(venue, base).status, 400);
}

TEST(FundingPage, HasNoEventBeforeItIsPublished) {
  const GeneratedTruth truth = truth_of(Market::kOkxSwap);
  RestCall call;
  call.market = Market::kOkxSwap;
  call.symbol = "S003-USDT-SWAP";
  call.limit = 1;
  const TimeMs hour = kListed + 50 * kHourMs;
  const auto newest = [&](TimeMs now) { return funding_page(truth, call, now, true, {}).rows; };
  EXPECT_EQ(newest(hour + kFundingLagMs - 1).last_open, hour - kHourMs);
  EXPECT_EQ(newest(hour + kFundingLagMs).last_open, hour);
}

}  // namespace
}  // namespace bf::sim
