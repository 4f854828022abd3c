// tests/faults/system_call_test.cpp
//
// Goal: whichever system call fails, with whichever error, once or from then on, nothing acknowledged is
// lost, nothing stays open, and the store is whole when the fault is over. Method: the standard run of
// crash_world.h and all reading of it on the real file system, each of its calls failing in turn; the
// same with the repair of a damaged store. BF_FAULT_STRIDE=1 tries every call; without it some.
#include <gtest/gtest.h>

#include <tuple>

#include "tests/faults/fault_world.h"
#include "tests/kill/repairs.h"

namespace bf::test {
namespace {

using store::StoreOptions;
using store::crash::Oracle;
using store::crash::Repairs;
using store::crash::Said;
using store::crash::Workload;

using Case = std::tuple<Fault, Times>;
const auto kFaults = ::testing::Values(Fault::kEio, Fault::kEnospc, Fault::kEdquot, Fault::kEmfile,
                                       Fault::kShort, Fault::kEintr);
const auto kTimes = ::testing::Values(Times::kOnce, Times::kForEver);

std::string name_of(const ::testing::TestParamInfo<Case>& tested) {
  const auto [fault, times] = tested.param;
  return std::string(fault_name(fault)) + (times == Times::kOnce ? "Once" : "ForEver");
}

/// Whether the fault is none to who asked: the call is repeated, or goes on where it was cut short. A
/// sync that was interrupted is not repeated, and counts as failed; a map is nowhere said to be.
bool is_harmless(Fault fault, Times times) {
  if (fault == Fault::kShort) return true;
  if (fault != Fault::kEintr || times == Times::kForEver) return false;
  return failed_call() != "fsync" && failed_call() != "fdatasync" && failed_call() != "mmap";
}

class SystemCalls : public ::testing::TestWithParam<Case> {
 protected:
  void TearDown() override { RecordProperty("points", static_cast<int>(points_)); }

  /// The standard run with one fault. False when the fault was not reached: the run has fewer calls.
  bool run_with_fault(std::uint64_t number, Calls calls, Workload::OnError on_error) {
    const auto [fault, times] = GetParam();
    SCOPED_TRACE("call " + std::to_string(number));
    directory_.reset();
    Oracle oracle;
    const Held before;
    Finding wrong;
    bool done = false;
    fail_call(number, fault, times, calls);
    if (const auto files = open_file_system(directory_.store(), /*create=*/true); files) {
      done = Workload(**files, oracle, on_error).all() && read_all(**files, oracle, wrong);
    }
    const bool hit = stop_failing();
    EXPECT_EQ(wrong, "");
    EXPECT_TRUE(Held() == before) << "left open behind a failed " << failed_call();
    if (!hit || is_harmless(fault, times)) {
      EXPECT_TRUE(done) << "behind a failed " << failed_call();
    }
    if (hit) {
      ++points_;
      expect_whole(oracle);
    }
    return hit && !HasFailure();
  }

  void expect_whole(Oracle oracle) const {
    const auto files = open_file_system(directory_.store(), /*create=*/true);
    ASSERT_TRUE(files) << files.error().message();
    ASSERT_EQ(check_store(**files, oracle), "") << "behind a failed " << failed_call();
    ASSERT_EQ(forget_lost_commits(**files, oracle), "");
    ASSERT_TRUE(Workload(**files, oracle).more()) << "behind a failed " << failed_call();
    ASSERT_EQ(check_store(**files, oracle), "") << "behind a failed " << failed_call();
  }

  Directory directory_;
  std::uint64_t points_ = 0;
};

TEST_P(SystemCalls, AnyThatFailsLosesNothing) {
  const std::uint64_t step = fault_stride(53);
  std::uint64_t number = 1;
  while (run_with_fault(number, Calls::kAll, Workload::OnError::kStop)) number += step;
}

TEST_P(SystemCalls, AnyThatFailsOnceIsOvercomeByAProgramThatGoesOn) {
  if (std::get<Times>(GetParam()) == Times::kForEver) return;
  const std::uint64_t step = fault_stride(61);
  std::uint64_t number = 1;
  while (run_with_fault(number, Calls::kAll, Workload::OnError::kOvercome)) number += step;
}

TEST_P(SystemCalls, ASyncThatFailsLosesNothing) {
  if (std::get<Fault>(GetParam()) == Fault::kShort) return;
  const std::uint64_t step = fault_stride(11);
  std::uint64_t number = 1;
  while (run_with_fault(number, Calls::kSyncs, Workload::OnError::kStop)) number += step;
}

/// A store of the standard run, damaged.
class Repair : public SystemCalls {
 protected:
  void SetUp() override {
    base_.reset();
    {
      const auto files = open_file_system(base_.store(), /*create=*/true).value();
      ASSERT_TRUE(Workload(*files, oracle_).all());
      ASSERT_TRUE(Workload(*files, oracle_).more()) << "a log with rows";
    }
    store::crash::damage_store(base_.store(), oracle_);
    directory_.reset(&base_);
    const auto files = open_file_system(directory_.store(), /*create=*/false).value();
    ASSERT_EQ(Repairs(*files, oracle_).repair_all(), "");
    const ManualClock clock;
    const auto store = store::Store::open(*files, clock, {}).value();
    for (std::size_t i = 0; i < oracle_.series.size(); ++i) {
      const store::GapIndex gaps = store->gaps(oracle_.series[i].series).value();
      const auto& commits = oracle_.series[i].commits;
      for (std::size_t commit = 0; commit < commits.size(); ++commit) {
        if (gaps.count(commits[commit].answer.asked).missing == 0) kept_.whole[i].insert(commit);
      }
    }
  }

  bool repair_with_fault(std::uint64_t number, Calls calls) {
    const auto [fault, times] = GetParam();
    SCOPED_TRACE("call " + std::to_string(number));
    directory_.reset(&base_);
    const Held before;
    Finding finding = "the store does not open";
    fail_call(number, fault, times, calls);
    if (const auto files = open_file_system(directory_.store(), /*create=*/false); files) {
      finding = Repairs(**files, oracle_).repair_all();
    }
    const bool hit = stop_failing();
    EXPECT_TRUE(Held() == before) << "left open behind a failed " << failed_call();
    if (!hit || is_harmless(fault, times)) {
      EXPECT_EQ(finding, "") << "behind a failed " << failed_call();
    }
    if (hit) {
      ++points_;
      expect_repaired();
    }
    return hit && !HasFailure();
  }

  void expect_repaired() {
    const auto [fault, times] = GetParam();
    // What cannot be read is kept aside: its rows are missing then, though nothing is wrong with them.
    const bool unread =
        times == Times::kForEver || failed_call() == "pread" || failed_call() == "fstat";
    const Said known = unread && !is_harmless(fault, times) ? Said() : kept_;
    const auto files = open_file_system(directory_.store(), /*create=*/false).value();
    Repairs repairs(*files, oracle_);
    ASSERT_EQ(repairs.repair_all(), "") << "behind a failed " << failed_call();
    ASSERT_EQ(repairs.check(known, StoreOptions::Mode::kRead), "") << failed_call();
    ASSERT_EQ(repairs.check(known, StoreOptions::Mode::kWrite), "") << failed_call();
    ASSERT_EQ(repairs.fetch_again(/*says=*/false), "") << failed_call();
    ASSERT_EQ(check_store(*files, oracle_), "") << failed_call();
  }

  Directory base_;
  Oracle oracle_;
  Said kept_;
};

TEST_P(Repair, IsBegunAnewBehindAnyCallThatFails) {
  const std::uint64_t step = fault_stride(13);
  std::uint64_t number = 1;
  while (repair_with_fault(number, Calls::kAll)) number += step;
}

// A file that does not open says nothing about its bytes: descriptors may be out.
TEST_P(Repair, KeepsNothingAsideForAnOpenThatFailsOnce) {
  if (GetParam() != Case(Fault::kEmfile, Times::kOnce)) return;
  std::uint64_t number = 1;
  while (repair_with_fault(number, Calls::kOpens)) ++number;
}

INSTANTIATE_TEST_SUITE_P(Errors, SystemCalls, ::testing::Combine(kFaults, kTimes), name_of);
INSTANTIATE_TEST_SUITE_P(Errors, Repair, ::testing::Combine(kFaults, kTimes), name_of);

}  // namespace
}  // namespace bf::test
