// tests/base/posix_root_test.cpp
//
// Goal: the name of a store's directory is durable before anything in it is, whoever made it. Method:
// fsync() of this program notes the directories that it is called for, and passes the call on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "store/base/file_system.h"

namespace {

std::vector<::ino_t> synced;

}  // namespace

extern "C" int fsync(int descriptor) {
  struct ::stat status{};
  if (::fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) synced.push_back(status.st_ino);
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

namespace bf {
namespace {

class PosixRoot : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "bf-root-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    home_ = pattern;
    std::ofstream(home_ / "other") << "so that it is not empty";
    synced.clear();
  }
  void TearDown() override { std::filesystem::remove_all(home_); }

  void open(const std::filesystem::path& root) const {
    const auto files = open_file_system(root.string(), /*create=*/true);
    EXPECT_TRUE(files) << files.error().message();
  }
  static ::ino_t inode(const std::filesystem::path& path) {
    struct ::stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_ino;
  }

  std::filesystem::path home_;
};

TEST_F(PosixRoot, IsDurableInItsParentWhenItIsMade) {
  open(home_ / "a" / "b" / "store");
  EXPECT_THAT(synced, testing::ElementsAre(inode(home_), inode(home_ / "a"), inode(home_ / "a/b")));
}

// Its maker may have died between mkdir and fsync: then it can be seen, and a power loss takes it with
// all that is committed in it.
TEST_F(PosixRoot, IsMadeDurableByTheNextWhenItIsThereAndEmpty) {
  std::filesystem::create_directory(home_ / "store");
  open(home_ / "store");
  EXPECT_THAT(synced, testing::ElementsAre(inode(home_)));
}

TEST_F(PosixRoot, IsMadeDurableWithTheEmptyDirectoryAboveIt) {
  std::filesystem::create_directory(home_ / "a");
  open(home_ / "a" / "store");
  EXPECT_THAT(synced, testing::ElementsAre(inode(home_), inode(home_ / "a")));
}

TEST_F(PosixRoot, OfAStoreInUseNeedsNoSync) {
  std::filesystem::create_directory(home_ / "store");
  std::ofstream(home_ / "store" / "STORE") << "bytes";
  open(home_ / "store");
  EXPECT_THAT(synced, testing::IsEmpty());
}

TEST_F(PosixRoot, MayStandWhereItsParentCannotBeRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads every directory";
  std::filesystem::create_directory(home_ / "store");
  std::filesystem::permissions(home_, std::filesystem::perms::owner_exec);
  open(home_ / "store");
  std::filesystem::permissions(home_, std::filesystem::perms::owner_all);
}

}  // namespace
}  // namespace bf
