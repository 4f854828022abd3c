// Goal: a run of Yahoo takes the user's names as they are, is cut to what the service still serves, and
// knows a closed door from a limit. Method: the simulated service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/sim/generated_truth.h"
#include "tests/backfill/sim_world.h"

namespace bf::test {
namespace {

using backfill::Exit;
using testing::HasSubstr;

constexpr TimeRange kRange = {kWorldBegin - 60 * kDayMs, kWorldBegin};

sim::GeneratedTruth make_truth() {
  sim::GeneratedOptions options;
  options.symbols = 1;
  options.markets = {sim::Market::kYahooChart};
  options.outage_every_days = 0;
  return sim::GeneratedTruth(options);
}

class YahooRun : public ::testing::Test {
 protected:
  sim::GeneratedTruth truth_ = make_truth();
};

TEST_F(YahooRun, TakesWhatIsStillServedAndCountsTheRest) {
  SimWorld world(truth_);
  const backfill::RunReport report = world.run(world.options("yahoo/chart", {"S000-USD"}, kRange));
  EXPECT_EQ(backfill::exit_code(report, /*strict=*/false), Exit::kComplete) << failures_of(report);
  const Series series = world.series("yahoo/chart", "S000-USD");
  const backfill::SeriesReport& one = report_of(report, series);
  EXPECT_GT(one.not_served, 30 * 24 * 60);
  EXPECT_EQ(world.difference(series, one.wanted), "");
}

TEST_F(YahooRun, AnUnknownNameIsAnErrorOfTheUser) {
  SimWorld world(truth_);
  const backfill::RunReport report = world.run(
      world.options("yahoo/chart", {"NOBODY"}, {kWorldBegin - 3 * kDayMs, kWorldBegin - kDayMs}));
  EXPECT_EQ(backfill::exit_code(report, /*strict=*/false), Exit::kUsage) << failures_of(report);
  EXPECT_THAT(failures_of(report), HasSubstr("does not know this symbol"));
}

TEST_F(YahooRun, AllOfAMarketWithoutAListIsAnErrorOfTheUser) {
  SimWorld world(truth_);
  const backfill::RunReport report = world.run(world.options("yahoo/chart", {}, kRange));
  EXPECT_EQ(backfill::exit_code(report, /*strict=*/false), Exit::kUsage);
  EXPECT_THAT(failures_of(report), HasSubstr("has no list of instruments"));
}

TEST_F(YahooRun, AServiceThatTurnsProgramsAwayIsNotAskedAgain) {
  WorldOptions options;
  options.exchange.yahoo.turns_away = true;
  SimWorld world(truth_, options);
  const backfill::RunReport report = world.run(world.options(
      "yahoo/chart", {"S000-USD"}, {kWorldBegin - 20 * kDayMs, kWorldBegin - kDayMs}));
  EXPECT_EQ(backfill::exit_code(report, /*strict=*/false), Exit::kTemporary);
  EXPECT_THAT(failures_of(report), HasSubstr("refused the first request"));
  EXPECT_EQ(world.ledger().counters().requests, 1U);
}

}  // namespace
}  // namespace bf::test
