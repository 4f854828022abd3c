// tests/store/crash_test.cpp
//
// Goal: what was acknowledged is there after any power loss or kill, and nothing else is. Method: the
// standard run of crash_world.h on a simulated disk, interrupted at every operation.
#include <gtest/gtest.h>

#include "tests/store/crash_world.h"

namespace bf::store::crash {
namespace {

TEST(Crash, TheRunDoesAllWithoutFaults) {
  SimFileSystem files;
  Oracle oracle;
  ASSERT_TRUE(Workload(files, oracle).all()) << files.recent();
  EXPECT_EQ(check_store(files, oracle), "");
  for (const SeriesOracle& series : oracle.series) {
    EXPECT_EQ(series.acknowledged, series.commits.size());
    EXPECT_GE(series.commits.size(), 3U);
  }
  EXPECT_EQ(files.open_files(), 0);
}

class PowerLoss : public ::testing::TestWithParam<std::size_t> {};

TEST_P(PowerLoss, AtAnyOperationLosesNothingAcknowledged) {
  SimFileSystem files{SimDisk(GetParam())};
  Oracle oracle;
  std::uint64_t states = 0;
  files.before_each = [&](const Operation& operation) {
    if (!operation.mutates() || ::testing::Test::HasFailure()) return;
    for (std::uint64_t seed = 0; seed < seeds(); ++seed, ++states) {
      SimFileSystem after(files.disk().after_crash(seed));
      EXPECT_EQ(check_store(after, oracle), "")
          << "power lost before " << operation.text() << ", seed " << seed << "\n"
          << files.recent(8) << "recovery:\n"
          << after.recent(30);
    }
  };
  EXPECT_TRUE(Workload(files, oracle).all());
  EXPECT_GT(states, 1'000U);
  RecordProperty("states", static_cast<int>(states));
}
INSTANTIATE_TEST_SUITE_P(BlockSizes, PowerLoss, ::testing::Values(4096, 512),
                         [](const auto& tested) { return "Of" + std::to_string(tested.param); });

TEST(Crash, PowerLossInRecoveryLosesNothingEither) {
  SimFileSystem files;
  Oracle oracle;
  std::uint64_t states = 0;
  files.before_each = [&](const Operation& operation) {
    const bool chosen = operation.mutates() && operation.number % stride(3) == 0;
    if (!chosen || ::testing::Test::HasFailure()) return;
    const std::uint64_t seed = Random(operation.number).below(1'000);
    SimFileSystem after(files.disk().after_crash(seed));
    after.before_each = [&](const Operation& in_recovery) {
      if (!in_recovery.mutates() || ::testing::Test::HasFailure()) return;
      for (std::uint64_t second = 0; second < fewer_seeds(); ++second, ++states) {
        SimFileSystem twice(after.disk().after_crash(second));
        EXPECT_EQ(check_store(twice, oracle), "")
            << "power lost before " << operation.text() << ", seed " << seed
            << ", and in recovery before " << in_recovery.text() << ", seed " << second << "\n"
            << after.recent(30);
      }
    };
    EXPECT_EQ(check_store(after, oracle), "");
  };
  EXPECT_TRUE(Workload(files, oracle).all());
  EXPECT_GT(states, 500U);
  RecordProperty("states", static_cast<int>(states));
}

TEST(Crash, AKillInAnyOperationLosesNothingThenOrInALaterPowerLoss) {
  for (std::uint64_t number = 1;; ++number) {
    SimFileSystem files;
    Oracle oracle;
    files.stop_at(number);
    const bool done = Workload(files, oracle).all();
    if (!files.fault_hit()) {
      EXPECT_TRUE(done);
      break;
    }
    const std::string log = files.recent(8);
    files.kill();
    ASSERT_EQ(check_going_on(files, oracle, fewer_seeds()), "")
        << "killed in operation " << number << "\n"
        << log << "later:\n"
        << files.recent(40);
  }
}

TEST(Crash, APowerLossThenAKillInRecoveryThenAPowerLossLosesNothing) {
  for (std::uint64_t number = 1;; number += stride(11)) {
    SimFileSystem files;
    Oracle oracle;
    files.stop_at(number);
    (void)Workload(files, oracle).all();
    if (!files.fault_hit()) break;
    const std::uint64_t seed = Random(number).below(1'000);
    files.crash(seed);
    const SimDisk crashed = files.disk();
    for (std::uint64_t second = 1 + number % stride(7);; second += stride(7)) {
      SimFileSystem again{crashed};
      again.stop_at(second);
      (void)check_store(again, oracle);
      if (!again.fault_hit()) break;
      again.kill();
      ASSERT_EQ(check_going_on(again, oracle, 2), "")
          << "operation " << number << ", seed " << seed << ", killed in operation " << second
          << " of recovery\n"
          << again.recent(40);
    }
  }
}

}  // namespace
}  // namespace bf::store::crash
