// tests/backfill/room_test.cpp
//
// Goal: a run does not fill the disk: with little room it waits, with none it ends, and goes on when
// there is room again. Method: the simulated disk says how much is free.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/backfill/shaped_truth.h"
#include "tests/backfill/sim_world.h"

namespace bf::test {
namespace {

using backfill::Exit;
using ::testing::HasSubstr;

constexpr TimeRange kRange = {kWorldBegin - 30 * kDayMs, kWorldBegin - kDayMs};
constexpr std::uint64_t kEnough = store::kFreeBytesMin;
constexpr std::uint64_t kLow = kEnough - 1;
constexpr std::uint64_t kNone = kEnough / 2 - 1;

class RoomOnDisk : public ::testing::Test {
 protected:
  backfill::RunReport run() {
    backfill::RunOptions options = world_.options("um", {}, kRange);
    options.concurrency = 4;
    return world_.run(options);
  }

  /// From the first commit on, the disk has `bytes` free; `after` of virtual time later, enough.
  void shrink_to(std::uint64_t bytes, DurationMs after) {
    world_.files().before_each = [this, bytes](const Operation& operation) {
      if (shrunk_at_ != 0 || !operation.path.ends_with(".log")) return;
      if (operation.kind != Operation::Kind::kPwrite) return;
      shrunk_at_ = world_.now();
      world_.files().set_free_space(bytes);
    };
    world_.observer().progressed = [this, after](const backfill::Progress&) {
      if (shrunk_at_ != 0 && world_.now() >= shrunk_at_ + after) {
        world_.files().set_free_space(kEnough);
      }
    };
  }

  void expect_complete() {
    const backfill::RunReport report = run();
    EXPECT_EQ(backfill::exit_code(report, /*strict=*/true), Exit::kComplete) << failures_of(report);
    for (const backfill::SeriesReport& series : report.series) {
      EXPECT_EQ(world_.difference(series.series, kRange), "") << series.series.name();
    }
  }

  ShapedTruth truth_{4};
  SimWorld world_{truth_};
  TimeMs shrunk_at_ = 0;
};

TEST_F(RoomOnDisk, LittleOfItMakesNewRequestsWaitUntilThereIsMore) {
  shrink_to(kLow, 5 * kMinuteMs);
  expect_complete();
  ASSERT_NE(shrunk_at_, 0);
  EXPECT_GE(world_.now() - shrunk_at_, 5 * kMinuteMs);
  std::size_t sent_while_low = 0;
  for (const sim::LedgerEntry& entry : world_.ledger().entries()) {
    // What was in flight when the disk was looked at comes to rest within seconds.
    if (entry.at > shrunk_at_ + 10'000 && entry.at < shrunk_at_ + 5 * kMinuteMs) ++sent_while_low;
  }
  EXPECT_EQ(sent_while_low, 0U);
}

TEST_F(RoomOnDisk, NoneOfItEndsTheRunAndTheNextOneGoesOn) {
  world_.files().set_free_space(kNone);
  const backfill::RunReport report = run();
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kStorage);
  EXPECT_THAT(failures_of(report), HasSubstr("--min-free"));
  world_.files().set_free_space(kEnough);
  expect_complete();
}

TEST_F(RoomOnDisk, IsNotAskedForWhereTheGuardIsOff) {
  world_.files().set_free_space(0);
  backfill::RunOptions options = world_.options("um", {}, kRange);
  options.free_bytes_min = 0;
  const backfill::RunReport report = world_.run(options);
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
}

TEST_F(RoomOnDisk, IsSetAsideAndGivenBackWhenTheDiskFillsAllTheSame) {
  bool reserved = false;
  int log_writes = 0;
  world_.files().before_each = [&](const Operation& operation) {
    const bool reserve = operation.path == "RESERVE";
    if (reserve && operation.kind == Operation::Kind::kReserve) reserved = true;
    if (reserve && operation.kind == Operation::Kind::kRemove) world_.files().fail_at(0, 0);
    const bool log = operation.path.ends_with(".log");
    if (log && operation.kind == Operation::Kind::kPwrite && ++log_writes == 3) {
      world_.files().fail_at(operation.number, ENOSPC, SimFileSystem::Times::kForEver);
    }
  };
  const backfill::RunReport report = run();
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kStorage);
  EXPECT_TRUE(reserved);
  EXPECT_EQ(world_.files().open("RESERVE", FileSystem::Open::kRead).error().code(),
            Code::kNotFound);
  expect_complete();
}

}  // namespace
}  // namespace bf::test
