// Goal: a run can be cancelled wherever it waits: it ends at once, no coroutine, file or timer is left, what
// it reports as stored is in the store, and the next run goes on from there. Method: a small run on the
// virtual clock, cancelled in each turn of its loop; by REST, and from the archive, with faults on the way.
#include <gtest/gtest.h>

#include "tests/backfill/shaped_truth.h"
#include "tests/backfill/sim_world.h"

namespace bf::test {
namespace {

using backfill::Exit;

struct Way {
  std::string_view name;
  plan::SourceChoice source;
  std::string_view faults;
  DurationMs length;
};

class CancelledRun : public ::testing::TestWithParam<Way> {
 protected:
  CancelledRun() : truth_(1) {
    truth_.add_hole("S000USDT", {range().from + kHourMs, range().from + 2 * kHourMs});
  }
  static TimeRange range() {
    return {kWorldBegin - 3 * kDayMs - GetParam().length, kWorldBegin - 3 * kDayMs};
  }
  static backfill::RunOptions options(const SimWorld& world) {
    backfill::RunOptions options = world.options("um", {}, range());
    options.source = GetParam().source;
    options.concurrency = 3;
    return options;
  }

  ShapedTruth truth_;
};

TEST_P(CancelledRun, InAnyTurnOfItsLoop) {
  std::uint64_t turns = 0;
  {
    SimWorld world(truth_);
    world.set_faults(std::string(GetParam().faults));
    ASSERT_EQ(backfill::exit_code(world.run(options(world)), false), Exit::kComplete);
    turns = world.turns();
  }
  ASSERT_GT(turns, 20U);
  for (std::uint64_t turn = 1; turn < turns; ++turn) {
    SCOPED_TRACE("cancelled in turn " + std::to_string(turn) + " of " + std::to_string(turns));
    SimWorld world(truth_);
    world.set_faults(std::string(GetParam().faults));
    world.cancel_at_turn(turn);
    const backfill::RunReport report = world.run(options(world));
    // In its last turns there is nothing left to cancel.
    if (report.cancelled) {
      ASSERT_EQ(backfill::exit_code(report, false), Exit::kInterrupted) << failures_of(report);
    }
    for (const backfill::SeriesReport& series : report.series) {
      const std::size_t held = world.stored_rows(series.series, range()).row_count();
      // The candle behind the hole comes twice: in its file, and as what REST says of the hole.
      ASSERT_GE(static_cast<std::size_t>(series.rows_stored), held);
      ASSERT_LE(static_cast<std::size_t>(series.rows_stored), held + 1);
      ASSERT_EQ(world.wrong_row(series.series, range()), "");
    }
    world.cancel_at_turn(0);
    const backfill::RunReport next = world.run(options(world));
    ASSERT_EQ(backfill::exit_code(next, false), Exit::kComplete) << failures_of(next);
    ASSERT_EQ(world.difference(next.series.at(0).series, range()), "");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ways, CancelledRun,
    ::testing::Values(Way{"Rest", plan::SourceChoice::kRest, "", 2 * kDayMs},
                      Way{"RestWithFaults", plan::SourceChoice::kRest,
                          "klines every=3 times=3 status=503\nklines nth=2 cut=500", 2 * kDayMs},
                      Way{"Archive", plan::SourceChoice::kAuto, "archive nth=1 status=503",
                          2 * kDayMs}),
    [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace bf::test
