// tests/backfill/disk_test.cpp
//
// Goal: a run that is stopped, or whose disk fails, loses nothing that was acknowledged, and the next
// run asks only for what is missing. Method: cancels at any virtual time, disks that fill up, fail to
// sync or lose power at any operation; then a run to the end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/backfill/shaped_truth.h"
#include "tests/backfill/sim_world.h"

namespace bf::test {
namespace {

using backfill::Exit;

constexpr TimeRange kRange = {kWorldBegin - 8 * kDayMs, kWorldBegin - 2 * kDayMs};

/// Held slots of each series, and how much had been asked for by then.
struct Before {
  explicit Before(SimWorld& world, const ShapedTruth& truth)
      : requests(world.ledger().entries().size()) {
    for (const sim::SimInstrument& instrument : truth.instruments(sim::Market::kUm)) {
      held[instrument.symbol] = world.gaps(world.series("um", instrument.symbol)).held();
    }
  }
  std::size_t requests = 0;
  std::map<std::string, RangeSet> held;
};

/// Held slots that were served again since; a request for one row is a question, not a page.
std::int64_t held_slots_served_again(const SimWorld& world, const Before& before) {
  std::int64_t slots = 0;
  for (const sim::LedgerEntry& entry : world.ledger().entries().subspan(before.requests)) {
    if (entry.endpoint != sim::Endpoint::kKlines || entry.rows.rows <= 1) continue;
    const RangeSet again =
        before.held.at(entry.symbol)
            .intersect({entry.rows.first_open, entry.rows.last_open + kMinuteMs});
    for (const TimeRange& range : again.ranges()) slots += slot_count(Interval::k1m, range);
  }
  return slots;
}

class Interrupted : public ::testing::Test {
 protected:
  static constexpr std::size_t kSymbols = 4;
  Interrupted() : truth_(kSymbols) {
    truth_.add_hole("S001USDT", {kRange.from + kDayMs, kRange.from + kDayMs + 20 * kMinuteMs});
  }

  static backfill::RunOptions options(const SimWorld& world) {
    backfill::RunOptions options = world.options("um", {}, kRange);
    options.series_at_once = 2;
    options.concurrency = 6;
    return options;
  }

  /// What was held stays right, a run to the end completes it and asks for nothing that was held.
  void expect_completes(SimWorld& world, const std::string& what) {
    SCOPED_TRACE(what);
    for (const sim::SimInstrument& instrument : truth_.instruments(sim::Market::kUm)) {
      EXPECT_EQ(world.wrong_row(world.series("um", instrument.symbol), kRange), "");
    }
    const Before before(world, truth_);
    const backfill::RunReport report = world.run(options(world));
    EXPECT_EQ(backfill::exit_code(report, /*strict=*/true), Exit::kComplete) << failures_of(report);
    for (const backfill::SeriesReport& series : report.series) {
      EXPECT_EQ(world.difference(series.series, kRange), "") << series.series.name();
      EXPECT_TRUE(world.verify(series.series)) << series.series.name();
    }
    EXPECT_EQ(held_slots_served_again(world, before), 0);
  }

  /// Operations of the disk that a run without trouble takes.
  std::uint64_t operations_of_a_run() {
    SimWorld world(truth_);
    EXPECT_EQ(backfill::exit_code(world.run(options(world)), true), Exit::kComplete);
    return world.files().operations();
  }

  ShapedTruth truth_;
};

TEST_F(Interrupted, ByASignalAtAnyTime) {
  std::int64_t whole_ns = 0;
  {
    SimWorld world(truth_);
    const std::int64_t began_ns = world.now_ns();
    world.run(options(world));
    whole_ns = world.now_ns() - began_ns;
  }
  Random random(7);
  for (int round = 0; round < 16; ++round) {
    SimWorld world(truth_);
    const auto after_ns =
        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(whole_ns)));
    const std::int64_t began_ns = world.now_ns();
    const backfill::RunReport report = world.run(options(world), after_ns);
    EXPECT_TRUE(report.cancelled);
    EXPECT_EQ(backfill::exit_code(report, false), Exit::kInterrupted) << failures_of(report);
    EXPECT_LT(world.now_ns() - began_ns - after_ns, 1'500'000'000) << "it ends promptly";
    std::int64_t reported = 0;
    std::int64_t held = 0;
    for (const backfill::SeriesReport& series : report.series) {
      reported += series.rows_stored;
      held += static_cast<std::int64_t>(world.stored_rows(series.series, kRange).row_count());
    }
    EXPECT_EQ(reported, held) << "what the report says is in the store";
    expect_completes(world, "cancelled after " + std::to_string(after_ns) + " ns");
  }
}

TEST_F(Interrupted, ByAFullDisk) {
  const std::uint64_t operations = operations_of_a_run();
  for (std::uint64_t round = 1; round <= 12; ++round) {
    SimWorld world(truth_);
    const std::uint64_t at = operations * round / 13;
    world.files().fail_short_at(at, ENOSPC, SimFileSystem::Times::kForEver);
    const backfill::RunReport report = world.run(options(world));
    EXPECT_EQ(backfill::exit_code(report, false), Exit::kStorage) << "operation " << at << "\n"
                                                                  << failures_of(report);
    world.files().fail_at(0, 0);
    expect_completes(world, "full at operation " + std::to_string(at));
  }
}

TEST_F(Interrupted, ByASyncThatFails) {
  std::vector<std::uint64_t> syncs;
  {
    SimWorld world(truth_);
    world.files().before_each = [&](const Operation& operation) {
      const bool log = operation.path.ends_with(".log");
      if (operation.kind == Operation::Kind::kSync && log) syncs.push_back(operation.number);
    };
    ASSERT_EQ(backfill::exit_code(world.run(options(world)), true), Exit::kComplete);
  }
  ASSERT_GE(syncs.size(), 6U);
  for (const std::size_t index : {std::size_t{0}, syncs.size() / 3, syncs.size() - 1}) {
    SimWorld world(truth_);
    world.files().fail_at(syncs[index], EIO);
    const backfill::RunReport report = world.run(options(world));
    EXPECT_EQ(backfill::exit_code(report, false), Exit::kStorage) << failures_of(report);
    expect_completes(world, "sync " + std::to_string(index) + " fails");
  }
}

TEST_F(Interrupted, ByAPowerLossAtAnyOperation) {
  const std::uint64_t operations = operations_of_a_run();
  Random random(11);
  for (std::uint64_t seed = 0; seed < 16; ++seed) {
    SimWorld world(truth_);
    const std::uint64_t at = 1 + random.below(operations);
    world.files().stop_at(at);
    world.run(options(world));
    world.files().crash(seed);
    expect_completes(
        world, "power lost at operation " + std::to_string(at) + ", seed " + std::to_string(seed));
  }
}

TEST_F(Interrupted, ByAKillAtAnyOperation) {
  const std::uint64_t operations = operations_of_a_run();
  Random random(13);
  for (int round = 0; round < 12; ++round) {
    SimWorld world(truth_);
    const std::uint64_t at = 1 + random.below(operations);
    world.files().stop_at(at);
    world.run(options(world));
    world.files().kill();
    expect_completes(world, "killed at operation " + std::to_string(at));
  }
}

}  // namespace
}  // namespace bf::test
