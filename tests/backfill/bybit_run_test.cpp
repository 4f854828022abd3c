// Goal: a run gets the truth of Bybit where it behaves otherwise than documented, and stays away when
// it is told to. Method: the simulator plays the other reading.
#include <gtest/gtest.h>

#include "engine/sim/generated_truth.h"
#include "tests/backfill/sim_world.h"

namespace bf::test {
namespace {

using backfill::Exit;

constexpr TimeRange kRange = {kWorldBegin - 4 * kDayMs, kWorldBegin - 2 * kDayMs};

sim::GeneratedTruth make_truth() {
  sim::GeneratedOptions options;
  options.markets = {sim::Market::kBybitLinear};
  options.life = {kRange.from - kDayMs, kTimeMax};
  options.outage_every_days = 2;
  return sim::GeneratedTruth(options);
}

class BybitRun : public ::testing::Test {
 protected:
  void expect_truth(SimWorld& world) const {
    for (const sim::SimInstrument& instrument : truth_.instruments(sim::Market::kBybitLinear)) {
      const Series series = world.series("bybit/linear", instrument.symbol);
      EXPECT_EQ(world.difference(series, kRange), "") << series.name();
    }
  }
  sim::GeneratedTruth truth_ = make_truth();
};

TEST_F(BybitRun, PagesSmallerThanDocumentedLeaveNoHoleAndShrinkThePlan) {
  WorldOptions options;
  options.exchange.bybit.rows_max = 200;
  options.exchange.bybit.list_rows_max = 2;
  SimWorld world(truth_, options);
  const backfill::RunReport report = world.run(world.options("bybit/linear", {}, kRange));
  EXPECT_EQ(backfill::exit_code(report, /*strict=*/false), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(report.series.size(), 3U);
  expect_truth(world);
  const std::span<const sim::LedgerEntry> entries = world.ledger().entries();
  EXPECT_LE(entries.back().limit, 200U);
}

TEST_F(BybitRun, ReadsTheSameWhereAnOversizedWindowLosesItsNewestRows) {
  WorldOptions options;
  options.exchange.bybit.oldest_of_window = true;
  SimWorld world(truth_, options);
  const backfill::RunReport report = world.run(world.options("bybit/linear", {}, kRange));
  EXPECT_EQ(backfill::exit_code(report, /*strict=*/false), Exit::kComplete) << failures_of(report);
  expect_truth(world);
}

TEST_F(BybitRun, StaysAwayForTenMinutesWhenForbiddenBehindGoodAnswers) {
  SimWorld world(truth_);
  world.set_faults("klines nth=2 status=403");
  const backfill::RunReport report = world.run(world.options("bybit/linear", {}, kRange));
  EXPECT_NE(backfill::exit_code(report, /*strict=*/false), Exit::kComplete);
  EXPECT_NE(failures_of(report).find("10 minutes"), std::string::npos) << failures_of(report);
  EXPECT_EQ(world.observer().count(backfill::Event::Type::kPaused), 1U);
  world.sleep(10 * kMinuteMs);
  world.set_faults("");
  const backfill::RunReport again = world.run(world.options("bybit/linear", {}, kRange));
  EXPECT_EQ(backfill::exit_code(again, /*strict=*/false), Exit::kComplete) << failures_of(again);
  expect_truth(world);
}

TEST_F(BybitRun, ACountryThatIsNotServedEndsTheSourceAtOnce) {
  SimWorld world(truth_);
  world.set_faults("any status=403");
  const backfill::RunReport report = world.run(world.options("bybit/linear", {}, kRange));
  EXPECT_NE(failures_of(report).find("does not serve this country"), std::string::npos)
      << failures_of(report);
  EXPECT_EQ(world.observer().count(backfill::Event::Type::kPaused), 0U);
  EXPECT_EQ(world.ledger().counters().requests, 1U);
}

}  // namespace
}  // namespace bf::test
