// tests/base/map_guard_test.cpp
//
// Goal: a mapped file that was cut short ends the program with words and exit code 6, not with a
// signal; a SIGBUS elsewhere keeps its default action. Method: death tests on a real file.
#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "store/base/file_system.h"
#include "store/base/map_guard.h"

namespace bf {
namespace {

TEST(MapGuardDeathTest, NamesTheFileThatWasCutShort) {
  const std::string root = testing::TempDir() + "bf_map_guard_" + std::to_string(getpid());
  const auto files = open_file_system(root, /*create=*/true).value();
  {
    const auto file = files->open("0001.seg", FileSystem::Open::kCreateNew).value();
    const std::vector<std::byte> bytes(16'384, std::byte{1});
    ASSERT_TRUE(file->pwrite(bytes, 0));
  }
  const auto mapping = files->map("0001.seg", 16'384).value();
  EXPECT_EXIT(
      {
        install_map_guard();
        std::filesystem::resize_file(root + "/0001.seg", 4096);
        const volatile std::byte touched = mapping->bytes()[8'200];
        ::_exit(touched == std::byte{1} ? 0 : 1);
      },
      testing::ExitedWithCode(kDamagedMapExit), "0001.seg: damaged or unreadable at offset 8200");
  std::filesystem::remove_all(root);
}

TEST(MapGuardDeathTest, LeavesOtherBusErrorsAlone) {
  EXPECT_EXIT(
      {
        install_map_guard();
        (void)::raise(SIGBUS);
        (void)::raise(SIGBUS);
        ::_exit(0);
      },
      testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace bf
