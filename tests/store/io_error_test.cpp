// tests/store/io_error_test.cpp
//
// Goal: whichever operation fails, and however often, the store stays valid, what was acknowledged is
// there, and a program that goes on overcomes it. Method: the standard run of crash_world.h with each of
// its operations failing in turn.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/store/crash_world.h"

namespace bf::store::crash {
namespace {

struct Failure {
  int error = 0;
  SimFileSystem::Times times = SimFileSystem::Times::kOnce;
};
class IoError : public ::testing::TestWithParam<Failure> {};

TEST_P(IoError, AtAnyOperationLeavesAValidStore) {
  const bool usual = GetParam().times == SimFileSystem::Times::kOnce && GetParam().error != EMFILE;
  for (std::uint64_t number = 1;; number += usual ? 1 : stride(3)) {
    SimFileSystem files;
    Oracle oracle;
    files.fail_short_at(number, GetParam().error, GetParam().times);
    (void)Workload(files, oracle).all();
    if (!files.fault_hit()) break;
    const std::string log = files.recent(8);
    files.fail_at(0, 0);
    for (std::uint64_t seed = 0; seed < fewer_seeds(); ++seed) {
      SimFileSystem after(files.disk().after_crash(seed));
      ASSERT_EQ(check_store(after, oracle), "")
          << "failed operation " << number << ", power loss, seed " << seed << "\n"
          << log;
    }
    files.kill();
    ASSERT_EQ(check_going_on(files, oracle, fewer_seeds()), "")
        << "failed operation " << number << "\n"
        << log << "later:\n"
        << files.recent(40);
  }
}

TEST_P(IoError, IsOvercomeByAProgramThatGoesOn) {
  if (GetParam().times == SimFileSystem::Times::kForEver) return;
  for (std::uint64_t number = 1;; ++number) {
    SimFileSystem files;
    Oracle oracle;
    files.fail_short_at(number, GetParam().error);
    const bool done = Workload(files, oracle, Workload::OnError::kOvercome).all();
    if (!files.fault_hit()) break;
    ASSERT_TRUE(done) << "failed operation " << number << "\n" << files.recent(30);
    files.fail_at(0, 0);
    for (std::uint64_t seed = 0; seed < fewer_seeds(); ++seed) {
      SimFileSystem after(files.disk().after_crash(seed));
      ASSERT_EQ(check_store(after, oracle), "")
          << "failed operation " << number << ", power loss, seed " << seed << "\n"
          << files.recent(30);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Errors, IoError,
    ::testing::Values(Failure{EIO, SimFileSystem::Times::kOnce},
                      Failure{EIO, SimFileSystem::Times::kForEver},
                      Failure{ENOSPC, SimFileSystem::Times::kOnce},
                      Failure{ENOSPC, SimFileSystem::Times::kForEver},
                      Failure{EMFILE, SimFileSystem::Times::kOnce}),
    [](const auto& tested) {
      const int error = tested.param.error;
      const std::string name = error == EIO ? "EIO" : error == ENOSPC ? "ENOSPC" : "EMFILE";
      return name + (tested.param.times == SimFileSystem::Times::kOnce ? "Once" : "ForEver");
    });

}  // namespace
}  // namespace bf::store::crash
