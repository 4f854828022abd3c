// tests/backfill/funding_run_test.cpp
//
// Goal: funding is fetched in as few requests as it takes, at whatever end an exchange cuts its pages, and
// what is new is all that a later run asks for. Method: runs against the simulated exchanges; what each
// market has in common with candles is tested in every_market_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/sim/generated_truth.h"
#include "tests/backfill/sim_world.h"

namespace bf::test {
namespace {

using backfill::Exit;
using backfill::RunOptions;
using backfill::RunReport;
using testing::HasSubstr;

constexpr TimeRange kAll = {kTimeMin, kTimeMax};

sim::GeneratedTruth truth_of(sim::Market market, DurationMs age, std::size_t symbols = 4) {
  sim::GeneratedOptions options;
  options.symbols = symbols;
  options.markets = {market};
  options.life = {kWorldBegin - age, kTimeMax};
  options.outage_every_days = 0;
  return sim::GeneratedTruth(options);
}

/// Everything from `age` ago to now.
RunOptions funding_options(const SimWorld& world, sim::Market market, DurationMs age) {
  RunOptions options = world.options(std::string(sim::market_name(market)), {}, kAll);
  options.from = {backfill::TimeSpec::From::kAbsolute, kWorldBegin - age};
  options.to = {backfill::TimeSpec::From::kNow, 0};
  options.kind = Kind::kFunding;
  options.interval = Interval::kEvents;
  return options;
}

class FundingRun : public testing::Test {
 protected:
  void make(sim::Market market, DurationMs age, WorldOptions options = {},
            std::size_t symbols = 4) {
    market_ = market;
    age_ = age;
    truth_ = std::make_unique<sim::GeneratedTruth>(truth_of(market, age, symbols));
    world_ = std::make_unique<SimWorld>(*truth_, std::move(options));
  }
  SimWorld& world() { return *world_; }
  RunReport run() { return world_->run(funding_options(*world_, market_, age_)); }
  std::size_t requests() { return world_->requests(sim::Endpoint::kFunding); }
  Series series(std::size_t symbol) {
    return world_->funding(std::string(sim::market_name(market_)),
                           truth_->instruments(market_)[symbol].symbol);
  }
  void expect_truth(TimeMs until) {
    EXPECT_FALSE(world_->true_events(series(0), {kTimeMin, until}).empty());
    for (std::size_t i = 0; i < truth_->instruments(market_).size(); ++i) {
      EXPECT_EQ(world_->difference(series(i), {kTimeMin, until}), "") << series(i).name();
      EXPECT_TRUE(world_->verify(series(i)));
    }
  }

  sim::Market market_ = sim::Market::kUm;
  DurationMs age_ = 0;
  std::unique_ptr<sim::GeneratedTruth> truth_;
  std::unique_ptr<SimWorld> world_;
};

TEST_F(FundingRun, AsksOnceForYearsAndThenForWhatIsNew) {
  make(sim::Market::kUm, 300 * kDayMs, {}, 1);  // every 8 hours: 900 events, one page
  const RunReport first = run();
  EXPECT_EQ(backfill::exit_code(first, false), Exit::kComplete) << failures_of(first);
  EXPECT_EQ(requests(), 1U);
  expect_truth(kWorldBegin - 10 * kMinuteMs);
  EXPECT_EQ(run().candles_stored, 0);
  EXPECT_EQ(requests(), 1U) << "what it knows is a moment old";

  for (std::size_t day = 1; day <= 4; ++day) {
    world().sleep(kDayMs);
    const RunReport later = run();
    EXPECT_EQ(backfill::exit_code(later, false), Exit::kComplete) << failures_of(later);
    EXPECT_LE(requests(), 1U + 2 * day)
        << "what is new, and at first what came before the first event";
    expect_truth(world().now() - 11 * kMinuteMs);
  }
  const store::SlotCounts counts =
      world().gaps(series(0)).count({kWorldBegin - age_, kWorldBegin + 2 * kDayMs});
  EXPECT_EQ(counts.missing, 0);
  EXPECT_EQ(counts.absent_provisional, 0) << "two days have settled all that lies before";
}

TEST_F(FundingRun, BelievesAFullPageAtNeitherEnd) {
  for (const bool oldest : {false, true}) {
    WorldOptions options;
    options.exchange.bybit.oldest_of_window = oldest;
    make(sim::Market::kBybitLinear, 100 * kDayMs, options);
    const RunReport report = run();
    EXPECT_EQ(backfill::exit_code(report, false), Exit::kComplete) << failures_of(report);
    expect_truth(kWorldBegin - 10 * kMinuteMs);
    // 300, 135 + 1,320, 600 and 2,400 events at 200 a page; one more where the first is full.
    EXPECT_LE(requests(), 2U + 8U + 3U + 13U + 6U) << "oldest " << oldest;
    for (std::size_t i = 0; i < 4; ++i) {
      const store::SlotCounts counts =
          world().gaps(series(i)).count({kWorldBegin - age_ + kDayMs, kWorldBegin - 3 * kDayMs});
      EXPECT_EQ(counts.absent_provisional + counts.missing, 0) << "no seam is left between pages";
    }
  }
}

TEST_F(FundingRun, TakesCursorsEitherWay) {
  for (const bool included : {false, true}) {
    WorldOptions options;
    options.exchange.okx.ends_included = included;
    options.exchange.okx.funding_rows_max = included ? 100 : 400;
    make(sim::Market::kOkxSwap, 50 * kDayMs, options);
    const RunReport report = run();
    EXPECT_EQ(backfill::exit_code(report, false), Exit::kComplete) << failures_of(report);
    expect_truth(kWorldBegin - 10 * kMinuteMs);
    world().sleep(2 * kDayMs);
    EXPECT_EQ(backfill::exit_code(run(), false), Exit::kComplete);
    expect_truth(world().now() - 11 * kMinuteMs);
  }
}

TEST_F(FundingRun, SaysWhatAnExchangeServesNoMore) {
  make(sim::Market::kOkxSwap, 120 * kDayMs);
  const RunReport report = run();
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kComplete) << failures_of(report);
  const backfill::SeriesReport& one = report_of(report, series(0));
  EXPECT_NEAR(static_cast<double>(one.not_served), 31.0 * kDayMs, 1.0 * kHourMs);
  EXPECT_EQ(one.slots.missing, 0);
  EXPECT_EQ(world().difference(series(0), {one.wanted.from, one.wanted.to}), "");
}

TEST_F(FundingRun, KeepsTheLimitOfItsEndpoint) {
  make(sim::Market::kUm, 10 * kDayMs, {}, 620);
  const RunReport report = run();
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(requests(), 620U);
  EXPECT_EQ(report.limited, 0);
  EXPECT_GE(report.wall_seconds, 300) << "500 in five minutes";
  for (const sim::LedgerEntry& entry : world().ledger().entries()) {
    if (entry.endpoint != sim::Endpoint::kFunding) continue;
    EXPECT_EQ(entry.weight, 0);
  }
}

TEST_F(FundingRun, RefusesADatedContractByName) {
  sim::GeneratedOptions generated;
  generated.symbols = 1;
  generated.markets = {sim::Market::kDeribitFutures};
  generated.life = {kWorldBegin - 20 * kDayMs, kTimeMax};
  sim::SimInstrument dated;
  dated.symbol = "BTC-26JUL24";
  dated.base_asset = "BTC";
  dated.quote_asset = "USD";
  dated.life = {kWorldBegin - 20 * kDayMs, kWorldBegin + 25 * kDayMs};
  generated.named = {{sim::Market::kDeribitFutures, dated}};
  const sim::GeneratedTruth truth(generated);
  SimWorld world(truth);
  RunOptions options =
      world.options("deribit/futures", {"BTC-26JUL24"}, {kWorldBegin - kDayMs, kWorldBegin});
  options.kind = Kind::kFunding;
  options.interval = Interval::kEvents;
  const RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kUsage);
  EXPECT_THAT(failures_of(report), HasSubstr("no perpetual contract"));
  EXPECT_EQ(world.requests(sim::Endpoint::kFunding), 0U);
}

TEST_F(FundingRun, ReadsABrokenAnswerAgain) {
  make(sim::Market::kUm, 30 * kDayMs, {}, 1);
  world().set_faults("funding times=2 truncate=200");
  const RunReport report = run();
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kComplete) << failures_of(report);
  expect_truth(kWorldBegin - 10 * kMinuteMs);
}

}  // namespace
}  // namespace bf::test
