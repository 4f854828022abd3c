// tests/store/io_error_test.cpp
//
// Goal: whichever operation fails, and however often, the store stays valid, what was acknowledged is
// there, and a program that goes on overcomes it. Method: the standard run of crash_world.h with each of
// its operations failing in turn; a write puts a part of its bytes down first. What the system calls
// below do of short writes and interruptions is the matter of tests/faults.
#include <gtest/gtest.h>

#include <cerrno>
#include <tuple>

#include "tests/store/crash_world.h"

namespace bf::store::crash {
namespace {

using Times = SimFileSystem::Times;
using Failure = std::tuple<int, Times>;
class IoError : public ::testing::TestWithParam<Failure> {};

TEST_P(IoError, AtAnyOperationLeavesAValidStore) {
  const auto [error, times] = GetParam();
  // Errors that mean the same to the store are tried at some of the operations, in turn.
  const bool usual = times == Times::kOnce && (error == EIO || error == ENOSPC);
  for (std::uint64_t number = 1;; number += usual ? 1 : stride(5)) {
    SimFileSystem files;
    Oracle oracle;
    files.fail_short_at(number, error, times);
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
  const auto [error, times] = GetParam();
  if (times == Times::kForEver) return;
  const bool usual = error == EIO || error == ENOSPC;
  for (std::uint64_t number = 1;; number += usual ? 1 : stride(3)) {
    SimFileSystem files;
    Oracle oracle;
    files.fail_short_at(number, error);
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

std::string name_of(const ::testing::TestParamInfo<Failure>& tested) {
  const auto [error, times] = tested.param;
  const std::string name = error == EIO      ? "EIO"
                           : error == ENOSPC ? "ENOSPC"
                           : error == EDQUOT ? "EDQUOT"
                           : error == EMFILE ? "EMFILE"
                                             : "EINTR";
  return name + (times == Times::kOnce ? "Once" : "ForEver");
}

INSTANTIATE_TEST_SUITE_P(Errors, IoError,
                         ::testing::Combine(::testing::Values(EIO, ENOSPC, EDQUOT, EMFILE, EINTR),
                                            ::testing::Values(Times::kOnce, Times::kForEver)),
                         name_of);

}  // namespace
}  // namespace bf::store::crash
