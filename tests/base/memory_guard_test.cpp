// tests/base/memory_guard_test.cpp
//
// Goal: a program without memory says so and ends with exit code 1; a library throws. Method: death tests
// of what operator new's handler does.
#include <gtest/gtest.h>

#include <new>
#include <thread>

#include "store/base/memory_guard.h"

namespace bf {
namespace {

TEST(MemoryGuardDeathTest, SaysSoAndEndsTheProgram) {
  EXPECT_EXIT(
      {
        install_memory_guard("bf-test");
        std::get_new_handler()();
      },
      testing::ExitedWithCode(kNoMemoryExit), "^bf-test: error: out of memory; .*run again");
}

TEST(MemoryGuardDeathTest, EndsTheProgramFromAnyThreadAndFromALibrarysAllocation) {
  EXPECT_EXIT(
      {
        install_memory_guard("bf-test");
        std::thread([] { throw_no_memory(); }).join();
      },
      testing::ExitedWithCode(kNoMemoryExit), "^bf-test: error: out of memory");
}

TEST(MemoryGuard, WithoutItABadAllocIsThrown) { EXPECT_THROW(throw_no_memory(), std::bad_alloc); }

}  // namespace
}  // namespace bf
