// Goal: whatever of OKX's and its siblings' documents is true, a run ends with the whole truth. Method:
// the simulator plays the other reading of each: smaller pages, inclusive cursors, a history that lags.
#include <gtest/gtest.h>

#include "engine/sim/generated_truth.h"
#include "tests/backfill/sim_world.h"

namespace bf::test {
namespace {

using backfill::Exit;

constexpr TimeRange kRange = {kWorldBegin - 22 * kDayMs, kWorldBegin - 2 * kDayMs};
constexpr std::int64_t kSlots = 20 * 24 * 60;

sim::GeneratedTruth make_truth(sim::Market market) {
  sim::GeneratedOptions options;
  options.symbols = 1;
  options.markets = {market};
  options.life = {kRange.from + 90 * kMinuteMs, kTimeMax};
  options.outage_every_days = 4;
  return sim::GeneratedTruth(options);
}

class CursorRun : public ::testing::Test {
 protected:
  /// Runs twice: what is absent needs a second answer.
  static void expect_truth(SimWorld& world, const std::string& market, const std::string& symbol,
                           Kind kind = Kind::kCandles) {
    backfill::RunOptions options = world.options(market, {symbol}, kRange);
    options.kind = kind;
    backfill::RunReport report = world.run(options);
    EXPECT_EQ(backfill::exit_code(report, /*strict=*/false), Exit::kComplete)
        << failures_of(report);
    world.sleep(2 * kDayMs);
    report = world.run(options);
    EXPECT_EQ(backfill::exit_code(report, /*strict=*/true), Exit::kComplete) << failures_of(report);
    Series series = world.series(market, symbol);
    series.kind = kind;
    EXPECT_EQ(world.difference(series, kRange), "") << series.name();
    EXPECT_GT(world.stored_rows(series, kRange).row_count(), 28'000U);
    EXPECT_EQ(world.ledger().counters().limited, 0U);
  }
};

TEST_F(CursorRun, OkxPagesOfAHundredLeaveNoHoleAndNothingIsAskedForTwice) {
  const sim::GeneratedTruth truth = make_truth(sim::Market::kOkxSwap);
  WorldOptions options;
  options.exchange.okx.candle_rows_max = 100;
  SimWorld world(truth, options);
  expect_truth(world, "okx/swap", "S000-USDT-SWAP");
  // Each page of 300 is had in three: no row twice, and hardly a request more than of pages of 100.
  EXPECT_EQ(world.ledger().counters().rows_again, 0U);
  EXPECT_LE(world.requests(sim::Endpoint::kKlines), static_cast<std::size_t>(kSlots / 100 + 40));
}

TEST_F(CursorRun, WhatGoesAgainOnAFreshConnectionKeepsTheLimit) {
  const sim::GeneratedTruth truth = make_truth(sim::Market::kOkxSwap);
  SimWorld world(truth);
  world.set_faults("klines every=3 cut=0");  // as if kept connections were closed meanwhile
  expect_truth(world, "okx/swap", "S000-USDT-SWAP");
}

TEST_F(CursorRun, OkxCursorsMayIncludeTheirEnds) {
  const sim::GeneratedTruth truth = make_truth(sim::Market::kOkxSpot);
  WorldOptions options;
  options.exchange.okx.ends_included = true;
  SimWorld world(truth, options);
  expect_truth(world, "okx/spot", "S000-USDT");
  EXPECT_EQ(world.ledger().counters().rows_again, 0U);
}

TEST_F(CursorRun, OkxMarkAndIndexPricesAreFetchedByTheHundred) {
  const sim::GeneratedTruth truth = make_truth(sim::Market::kOkxSwap);
  for (const Kind kind : {Kind::kMark, Kind::kIndex}) {
    SimWorld world(truth);
    expect_truth(world, "okx/swap", "S000-USDT-SWAP", kind);
  }
}

TEST_F(CursorRun, OkxNewestCandlesComeWhenHistoryHasThem) {
  const sim::GeneratedTruth truth = make_truth(sim::Market::kOkxSwap);
  WorldOptions world_options;
  world_options.exchange.okx.history_lag_bars = 2;
  SimWorld world(truth, world_options);
  backfill::RunOptions options = world.options("okx/swap", {"S000-USDT-SWAP"}, kRange);
  options.from.offset_ms = kWorldBegin - 2 * kHourMs;
  options.to = {backfill::TimeSpec::From::kNow, 0};
  const Series series = world.series("okx/swap", "S000-USDT-SWAP");
  for (int minute = 0; minute < 5; ++minute) {
    const backfill::RunReport report = world.run(options);
    EXPECT_NE(backfill::exit_code(report, /*strict=*/false), Exit::kQuality) << failures_of(report);
    world.sleep(kMinuteMs);
  }
  // Nothing that was late has passed for absent.
  world.sleep(kHourMs);
  const TimeRange seen = {kWorldBegin - 2 * kHourMs, kWorldBegin + 4 * kMinuteMs};
  options.to = {backfill::TimeSpec::From::kAbsolute, seen.to};
  const backfill::RunReport last = world.run(options);
  EXPECT_EQ(world.difference(series, seen), "");
  EXPECT_EQ(backfill::exit_code(last, /*strict=*/false), Exit::kComplete) << failures_of(last);
}

TEST_F(CursorRun, BlofinPagesMayBeSmallAndCursorsIncludeTheirEnds) {
  const sim::GeneratedTruth truth = make_truth(sim::Market::kBlofinSwap);
  WorldOptions options;
  options.exchange.blofin.rows_max = 500;
  options.exchange.blofin.ends_included = true;
  SimWorld world(truth, options);
  expect_truth(world, "blofin/swap", "S000-USDT");
  EXPECT_EQ(world.ledger().counters().rows_again, 0U);
}

TEST_F(CursorRun, BlofinMarkAndIndexPrices) {
  const sim::GeneratedTruth truth = make_truth(sim::Market::kBlofinSwap);
  for (const Kind kind : {Kind::kMark, Kind::kIndex}) {
    SimWorld world(truth);
    expect_truth(world, "blofin/swap", "S000-USDT", kind);
  }
}

}  // namespace
}  // namespace bf::test
