// Goal: a client sees Deribit's quirks and limits. Method: a truth without holes, one request each.
#include "engine/sim/deribit_venue.h"

#include <gmock/gmock.h>

#include "engine/sim/column_text.h"
#include "engine/sim/deribit_calendar.h"
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
  options.markets = {Market::kDeribitFutures};
  options.life = {kListed, kTimeMax};
  options.outage_every_days = 0;
  SimInstrument gone;
  gone.symbol = "BTC-29DEC23";
  gone.base_asset = "BTC";
  gone.quote_asset = "USD";
  gone.life = {kListed - 90 * kDayMs, kListed - 3 * kDayMs};
  options.named.emplace_back(Market::kDeribitFutures, gone);
  gone.symbol = "BTC-29SEP23";
  gone.life = {kListed - 200 * kDayMs, kListed - 94 * kDayMs};
  options.named.emplace_back(Market::kDeribitFutures, gone);
  return GeneratedTruth(options);
}

class Deribit : public ::testing::Test {
 protected:
  static RestAnswer ask_with(const GeneratedTruth& truth, const DeribitOptions& options,
                             const std::string& method, TimeMs now = kNow) {
    const DeribitVenue venue(truth, options, /*enforced=*/true);
    const std::optional<RestCall> call = venue.read(parse_query("/api/v2/public/" + method));
    EXPECT_TRUE(call.has_value());
    return call ? venue.answer(*call, now, {}) : RestAnswer{};
  }
  RestAnswer ask(const std::string& method) { return ask_with(truth_, options_, method); }
  RestAnswer chart(TimeMs start, TimeMs end, const std::string& name = "S000_USDC-PERPETUAL") {
    return ask("get_tradingview_chart_data?instrument_name=" + name + "&start_timestamp=" +
               std::to_string(start) + "&end_timestamp=" + std::to_string(end) + "&resolution=1");
  }

  GeneratedTruth truth_ = make_truth();
  DeribitOptions options_;
};

TEST_F(Deribit, GivesOneArrayAColumnBothEndsIncluded) {
  const RestAnswer answer = chart(kListed, kListed + 2 * kMinuteMs);
  EXPECT_EQ(answer.rows.rows, 3U);
  EXPECT_THAT(answer.body, HasSubstr("\"ticks\":[1704067200000,1704067260000,1704067320000]"));
  EXPECT_THAT(answer.body, HasSubstr("\"status\":\"ok\""));
  EXPECT_THAT(answer.body, Not(HasSubstr("\"open\":[\"")));
}

TEST_F(Deribit, LosesTheOldestOfATooLongWindowWithoutAWord) {
  const RestAnswer answer = chart(kListed, kListed + 6'000 * kMinuteMs);
  EXPECT_EQ(answer.rows.rows, 5'001U);
  EXPECT_EQ(answer.rows.last_open, kListed + 6'000 * kMinuteMs);
  options_.rows_max = 1'000;
  EXPECT_EQ(chart(kListed, kListed + 6'000 * kMinuteMs).rows.rows, 1'000U);
}

TEST_F(Deribit, CanPlayAnExclusiveStart) {
  options_.start_exclusive = true;
  EXPECT_EQ(chart(kListed, kListed + 2 * kMinuteMs).rows.rows, 2U);
  EXPECT_EQ(chart(kListed - 1, kListed + 2 * kMinuteMs).rows.rows, 3U);
}

TEST_F(Deribit, AnEmptyWindowIsNoData) {
  EXPECT_THAT(chart(kListed - kDayMs, kListed - 1).body, HasSubstr("\"status\":\"no_data\""));
  options_.arrays_when_empty = false;
  EXPECT_THAT(chart(kListed - kDayMs, kListed - 1).body,
              HasSubstr("\"result\":{\"status\":\"no_data\"}"));
}

TEST_F(Deribit, AnExpiredFutureAnswersByNameHoweverOldAnUnknownOneDoesNot) {
  const TimeMs then = kListed - 100 * kDayMs;
  EXPECT_EQ(chart(then, then + kMinuteMs, "BTC-29SEP23").rows.rows, 2U);
  const RestAnswer unknown = chart(then, then, "BTC-1JAN20");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_THAT(unknown.body, HasSubstr("\"code\":13020"));
}

TEST_F(Deribit, ListsWhatTradesAndWhatExpiredLately) {
  const std::string trading = ask("get_instruments?currency=any&kind=future&expired=false").body;
  EXPECT_THAT(trading, HasSubstr("S000_USDC-PERPETUAL"));
  EXPECT_THAT(trading, HasSubstr("\"expiration_timestamp\":32503708800000"));
  EXPECT_THAT(trading, Not(HasSubstr("BTC-29")));
  const std::string expired = ask("get_instruments?currency=any&kind=future&expired=true").body;
  EXPECT_THAT(expired, HasSubstr("BTC-29DEC23"));
  EXPECT_THAT(expired, Not(HasSubstr("BTC-29SEP23")));
}

TEST_F(Deribit, SaysWhichParameterIsWrong) {
  const RestAnswer answer = ask("get_tradingview_chart_data?instrument_name=X&resolution=7");
  EXPECT_THAT(answer.body, HasSubstr("\"code\":-32602"));
  EXPECT_THAT(answer.body, HasSubstr("\"param\":\""));
  EXPECT_THAT(ask("get_nothing").body, HasSubstr("\"code\":-32601"));
  EXPECT_THAT(ask("get_time").body, HasSubstr("\"result\":" + std::to_string(kNow)));
  EXPECT_THAT(ask("get_currencies").body, HasSubstr("\"result\":[]"));
}

TEST_F(Deribit, RefusesWhoHasNoCreditsLeftAndNoOneElse) {
  DeribitVenue venue(truth_, options_, /*enforced=*/true);
  const RestCall call = *venue.read(parse_query("/api/v2/public/get_time"));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(venue.admit(call, kNow).refusal) << i;
  const Admission refused = venue.admit(call, kNow);
  ASSERT_TRUE(refused.refusal);
  EXPECT_EQ(refused.refusal->status, 429);
  EXPECT_THAT(refused.refusal->body, HasSubstr("\"code\":10028"));
  EXPECT_TRUE(venue.admit(call, kNow + 49).refusal);
  EXPECT_FALSE(venue.admit(call, kNow + 50).refusal);  // 500 credits later
  EXPECT_TRUE(venue.admit(call, kNow + 51).refusal);
}

TEST_F(Deribit, ListsHaveALimitOfTheirOwn) {
  DeribitVenue venue(truth_, options_, /*enforced=*/true);
  const RestCall call = *venue.read(parse_query("/api/v2/public/get_instruments"));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(venue.admit(call, kNow).refusal) << i;
  EXPECT_TRUE(venue.admit(call, kNow + 900).refusal);
  EXPECT_FALSE(venue.admit(call, kNow + 1'000).refusal);
}

TEST(ColumnText, WritesDecimalsAsDoubles) {
  EXPECT_EQ(double_text("12.500"), "12.5");
  EXPECT_EQ(double_text("3"), "3.0");
  EXPECT_EQ(double_text("3.00"), "3.0");
  EXPECT_EQ(double_text("100"), "100.0");
  EXPECT_EQ(number_array({"1.0", "2.5"}), "[1.0,2.5]");
  EXPECT_EQ(number_array({}), "[]");
}

TEST(DeribitCalendar, HasTheFuturesOfTheReference) {
  const auto futures = deribit_dated_futures();
  std::size_t btc = 0;
  std::int64_t minutes = 0;
  for (const auto& [market, future] : futures) {
    EXPECT_EQ(market, Market::kDeribitFutures);
    btc += future.base_asset == "BTC" ? 1 : 0;
    minutes += future.life.length() / kMinuteMs;
  }
  EXPECT_EQ(btc, 79U);
  EXPECT_EQ(futures.size() - btc, 72U);
  EXPECT_NEAR(static_cast<double>(minutes), 13.2e6, 0.05e6);
  EXPECT_EQ(futures.front().second.symbol, "BTC-25JAN19");
  EXPECT_EQ(deribit_expiry(2022, 5), 1'653'638'400'000);
}

}  // namespace
}  // namespace bf::sim
