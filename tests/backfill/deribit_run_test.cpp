// Goal: a run of Deribit has what the calendar alone names, says by name what is not there, survives the
// other readings of its documents, and uses its credits to the full. Method: the simulated exchange.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/sim/deribit_calendar.h"
#include "engine/sim/generated_truth.h"
#include "tests/backfill/sim_world.h"

namespace bf::test {
namespace {

using backfill::Exit;
using testing::HasSubstr;

/// Six futures of 2023, gone for months when the world begins; each trades a few days.
sim::GeneratedTruth make_truth() {
  sim::DeribitCalendar calendar;
  calendar.btc_first_year = calendar.eth_first_year = calendar.last_year = 2023;
  calendar.btc_first_month = 9;
  calendar.eth_first_month = 11;
  calendar.last_month = 12;
  calendar.quarterly_ms = 9 * kDayMs + 5 * kHourMs;
  calendar.monthly_ms = 5 * kDayMs + 17 * kMinuteMs;
  sim::GeneratedOptions options;
  options.markets = {};
  options.named = sim::deribit_dated_futures(calendar);
  options.outage_every_days = 0;
  return sim::GeneratedTruth(options);
}

const TimeRange kRange = {from_civil({.year = 2023, .month = 9, .day = 1}),
                          from_civil({.year = 2024, .month = 1, .day = 1})};

class DeribitRun : public ::testing::Test {
 protected:
  void expect_truth(SimWorld& world) {
    for (const sim::SimInstrument& future : truth_.instruments(sim::Market::kDeribitFutures)) {
      const Series series = world.series("deribit/futures", future.symbol);
      EXPECT_EQ(world.difference(series, kRange), "") << series.name();
      EXPECT_TRUE(world.verify(series)) << series.name();
    }
  }
  sim::GeneratedTruth truth_ = make_truth();
};

TEST_F(DeribitRun, HasTheFuturesThatOnlyTheCalendarNames) {
  SimWorld world(truth_);
  const backfill::RunOptions options = world.options("deribit/futures", {}, kRange);
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, /*strict=*/true), Exit::kComplete) << failures_of(report);
  expect_truth(world);
  // ETH-29SEP23 and ETH-27OCT23 would have traded in the range, and so would what expired behind it;
  // none of them is there. Each is named.
  const std::string failures = failures_of(report);
  EXPECT_THAT(failures, HasSubstr("ETH-29SEP23/candles/1m: not found: deribit/futures"));
  EXPECT_THAT(failures, HasSubstr("BTC-26JAN24/candles/1m: not found: deribit/futures"));
  EXPECT_THAT(failures, testing::Not(HasSubstr("BTC-25AUG23")));
  EXPECT_EQ(report.limited, 0);

  // They are in a file as well, each once, however often it is asked for.
  const std::string file = world.file_text("not-found.tsv");
  EXPECT_THAT(file, HasSubstr("\tderibit/futures/ETH-29SEP23\tnot found: deribit/futures"));
  world.run(options);
  EXPECT_EQ(world.file_text("not-found.tsv"), file);
}

TEST_F(DeribitRun, ANameThatTheUserGaveAndNobodyKnowsIsAnError) {
  SimWorld world(truth_);
  const backfill::RunReport report =
      world.run(world.options("deribit/futures", {"BTC-29DEC23", "BTC-30DEC23"}, kRange));
  EXPECT_EQ(backfill::exit_code(report, /*strict=*/false), Exit::kUsage);
  EXPECT_THAT(failures_of(report), HasSubstr("BTC-30DEC23"));
  EXPECT_EQ(world.difference(world.series("deribit/futures", "BTC-29DEC23"), kRange), "");
}

TEST_F(DeribitRun, ANameThatNoListHasIsTriedAndItsListingKept) {
  sim::GeneratedOptions options;
  options.markets = {};
  sim::SimInstrument option;
  option.symbol = "BTC-29DEC23-40000-C";
  option.base_asset = "BTC";
  option.quote_asset = "USD";
  option.life = {kRange.to - 9 * kDayMs, kRange.to - 3 * kDayMs};
  options.named.emplace_back(sim::Market::kDeribitFutures, option);
  options.outage_every_days = 0;
  const sim::GeneratedTruth truth(options);
  SimWorld world(truth);
  const backfill::RunOptions run =
      world.options("deribit/futures", {option.symbol}, {option.life.from, option.life.to});
  EXPECT_EQ(backfill::exit_code(world.run(run), /*strict=*/true), Exit::kComplete);
  EXPECT_EQ(world.difference(world.series("deribit/futures", option.symbol), kRange), "");
  const std::uint64_t requests = world.ledger().counters().requests;
  EXPECT_EQ(backfill::exit_code(world.run(run), /*strict=*/true), Exit::kComplete);
  EXPECT_EQ(world.ledger().counters().requests, requests);
}

TEST_F(DeribitRun, SurvivesTheOtherReadings) {
  sim::DeribitOptions readings[3];
  readings[0].rows_max = 1'000;
  readings[1].start_exclusive = true;
  readings[1].rows_max = 5'000;
  readings[2].arrays_when_empty = false;
  readings[2].limited_status = 400;
  for (const sim::DeribitOptions& reading : readings) {
    WorldOptions world_options;
    world_options.exchange.deribit = reading;
    SimWorld world(truth_, world_options);
    const backfill::RunReport report = world.run(world.options("deribit/futures", {}, kRange));
    EXPECT_EQ(backfill::exit_code(report, /*strict=*/false), Exit::kComplete)
        << failures_of(report);
    expect_truth(world);
    EXPECT_EQ(report.limited, 0);
  }
}

TEST(DeribitCredits, AreUsedToTheFull) {
  sim::DeribitCalendar calendar;
  calendar.btc_first_year = calendar.eth_first_year = 2023;
  calendar.eth_first_month = 1;
  calendar.last_year = 2024;
  calendar.last_month = 5;
  sim::GeneratedOptions options;
  options.markets = {};
  options.named = sim::deribit_dated_futures(calendar);
  options.outage_every_days = 0;
  const sim::GeneratedTruth truth(options);
  SimWorld world(truth);
  std::vector<std::string> names;
  for (const auto& [market, future] : options.named) names.push_back(future.symbol);
  const backfill::RunReport report =
      world.run(world.options("deribit/futures", names, {kWorldBegin - 700 * kDayMs, kWorldBegin}));
  EXPECT_EQ(backfill::exit_code(report, /*strict=*/true), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(report.limited, 0);
  // 45,000 at once and 9,000 a second: nine tenths of what the exchange allows.
  const double limit_seconds = (static_cast<double>(report.requests) * 500 - 45'000) / 9'000;
  EXPECT_LE(report.wall_seconds, 1.05 * limit_seconds);
}

}  // namespace
}  // namespace bf::test
