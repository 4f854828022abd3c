// tests/faults/error_test.cpp
//
// Goal: an error is told also when memory is out. Method: errors and Results that hold one are made,
// copied and assigned while every allocation fails.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "store/base/result.h"
#include "tests/faults/allocations.h"

namespace bf::test {
namespace {

constexpr const char* kMessage = "a message of a length that no small string holds";

// tl::expected copies what it holds where nothing may be thrown: an allocation that failed there would
// end the process.
TEST(Errors, AreCopiedWithoutMemory) {
  const Error error = Error(Code::kNoSpace, kMessage).with_retry_at(17);
  const Result<std::string> failed = fail(error);
  const Result<void> failed_void = fail(error);
  std::optional<Result<std::string>> copied;
  std::optional<Result<void>> copied_void;
  Result<std::string> assigned;
  Result<void> assigned_void;

  fail_allocation(1, Times::kForEver);
  copied.emplace(failed);
  copied_void.emplace(failed_void);
  assigned = failed;
  assigned_void = failed_void;
  const Result<int> handed_on = fail(failed.error());
  ASSERT_FALSE(stop_failing_allocations()) << "a copy asked for memory";

  for (const Error& copy : {copied->error(), copied_void->error(), assigned.error(),
                            assigned_void.error(), handed_on.error()}) {
    EXPECT_EQ(copy.code(), Code::kNoSpace);
    EXPECT_EQ(copy.message(), kMessage);
    EXPECT_EQ(copy.retry_at_ms(), 17);
  }
}

TEST(Errors, KeepTheirCodeWhereThereIsNoMemoryForTheMessage) {
  std::string message = kMessage;
  fail_allocation(1, Times::kForEver);
  const Error error(Code::kSyncFailed, std::move(message));
  const Result<void> failed = fail(error);
  ASSERT_TRUE(stop_failing_allocations());
  EXPECT_EQ(failed.error().code(), Code::kSyncFailed);
  EXPECT_EQ(failed.error().message(), "out of memory");
  EXPECT_EQ(failed.error().at("commit").message(), "commit: out of memory");
}

}  // namespace
}  // namespace bf::test
