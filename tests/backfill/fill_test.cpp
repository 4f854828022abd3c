// tests/backfill/fill_test.cpp
//
// Goal: a fill leaves nothing missing of what a store holds, from each series' first candle or the
// lookback on, whatever its kind, interval and market; provisional absences are asked again when due.
// Method: runs, then fills, on the virtual clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/backfill/shaped_truth.h"
#include "tests/backfill/sim_world.h"

namespace bf::test {
namespace {

using backfill::Exit;
using backfill::TimeSpec;
using ::testing::SizeIs;

TimeRange days_ago(std::int64_t from, std::int64_t to) {
  return {kWorldBegin - from * kDayMs, kWorldBegin - to * kDayMs};
}

/// A fill of these series, each from its first candle or `lookback` before now on.
backfill::RunOptions fill(SimWorld& world, const std::vector<Series>& all, DurationMs lookback) {
  backfill::RunOptions options = world.options("um", {}, {});
  options.from = {TimeSpec::From::kNow, -lookback};
  options.to = {TimeSpec::From::kNow, 0};
  options.selections.clear();
  for (const Series& series : all) {
    auto selection = std::find_if(options.selections.begin(), options.selections.end(),
                                  [&series](const backfill::Selection& known) {
                                    return known.market == series.instrument.market;
                                  });
    if (selection == options.selections.end()) {
      options.selections.emplace_back();
      selection = std::prev(options.selections.end());
      selection->exchange = series.instrument.exchange;
      selection->market = series.instrument.market;
    }
    selection->symbols.push_back(series.instrument.symbol);
    const RangeSet held = world.gaps(series).held();
    selection->held.push_back({series, held.ranges().front().from});
  }
  return options;
}

/// Stores a part of a series.
void store_part(SimWorld& world, const Series& series, TimeRange range) {
  backfill::RunOptions options =
      world.options(series.instrument.market, {series.instrument.symbol}, range);
  options.kind = series.kind;
  options.interval = series.interval;
  const backfill::RunReport report = world.run(options);
  ASSERT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
}

TEST(Fill, EverySeriesOfAStoreAtOnceEachFromItsFirstCandleOn) {
  const ShapedTruth truth(2);
  SimWorld world(truth);
  const Series minutes = world.series("um", "S000USDT");
  const Series hours = world.series("um", "S001USDT", Interval::k1h);
  const Series spot = world.series("spot", "S001USDT");
  store_part(world, minutes, days_ago(6, 5));
  store_part(world, minutes, days_ago(4, 3));
  store_part(world, hours, days_ago(30, 20));
  store_part(world, spot, days_ago(2, 1));

  const backfill::RunReport report = world.run(fill(world, {minutes, hours, spot}, 7 * kDayMs));
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  ASSERT_THAT(report.series, SizeIs(3));
  const TimeMs now = slot_begin(Interval::k1m, world.now()) - kMinuteMs;
  EXPECT_EQ(report_of(report, minutes).wanted.from, days_ago(6, 0).from) << "its first candle";
  // Behind the end of the last hour that has closed, with its grace.
  EXPECT_EQ(report_of(report, hours).wanted.from, days_ago(7, 0).from - kHourMs);
  EXPECT_EQ(report_of(report, spot).wanted.from, days_ago(2, 0).from);
  EXPECT_EQ(world.difference(minutes, {days_ago(6, 0).from, now}), "");
  EXPECT_EQ(world.difference(spot, {days_ago(2, 0).from, now}), "");
  const TimeRange filled = report_of(report, hours).wanted;
  EXPECT_EQ(world.difference(hours, filled), "");
  EXPECT_EQ(world.stored_rows(hours, days_ago(19, 8)).row_count(), 0U);
  EXPECT_EQ(world.ledger().counters().limited, 0U);

  const backfill::RunReport again = world.run(fill(world, {minutes, hours, spot}, 7 * kDayMs));
  EXPECT_EQ(backfill::exit_code(again, true), Exit::kComplete) << failures_of(again);
}

TEST(Fill, AsksProvisionalAbsencesAgainWhenTheyAreDue) {
  ShapedTruth truth(1);
  const TimeMs hole = kWorldBegin - 2 * kHourMs;
  truth.add_hole("S000USDT", {hole, hole + 10 * kMinuteMs});
  SimWorld world(truth);
  const Series series = world.series("um", "S000USDT");
  backfill::RunOptions options =
      world.options("um", {"S000USDT"}, {kWorldBegin - kDayMs, kWorldBegin - kHourMs});
  EXPECT_EQ(backfill::exit_code(world.run(options), false), Exit::kComplete);
  EXPECT_EQ(world.gaps(series).count({hole, hole + 10 * kMinuteMs}).absent_provisional, 10);

  truth.clear_holes();  // the exchange found them again
  world.sleep(2 * kHourMs);
  const backfill::RunReport report = world.run(fill(world, {series}, kDayMs));
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(world.gaps(series).count({hole, hole + 10 * kMinuteMs}).held, 10);
}

TEST(Fill, ASymbolThatTheExchangeHasNeverHeardOfIsRefusedAndTheRestIsFilled) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  const Series series = world.series("um", "S000USDT");
  store_part(world, series, days_ago(3, 2));
  backfill::RunOptions options = fill(world, {series}, 3 * kDayMs);
  const Series unknown = world.series("um", "GONEUSDT");
  options.selections[0].symbols.push_back("GONEUSDT");
  options.selections[0].held.push_back({unknown, kTimeMin});
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kUsage);
  EXPECT_THAT(report_of(report, unknown).failures, SizeIs(1));
  EXPECT_EQ(report_of(report, series).slots.missing, 0);
}

}  // namespace
}  // namespace bf::test
