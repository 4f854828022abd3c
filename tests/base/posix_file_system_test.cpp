// tests/base/posix_file_system_test.cpp
//
// Goal: the real file system does what file_system.h says. Method: a new directory for each test, and
// what a hostile neighbour may have put into it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include "store/base/file_system.h"
#include "store/base/network_file_system.h"

namespace bf {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Open = FileSystem::Open;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class PosixFileSystem : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "bf-files-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    home_ = pattern;
    root_ = home_ / "some" / "store";
    files_ = open();
    ASSERT_NE(files_, nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(home_); }

  [[nodiscard]] std::unique_ptr<FileSystem> open() const {
    auto files = open_file_system(root_.string(), /*create=*/true);
    EXPECT_TRUE(files) << files.error().message();
    return files ? std::move(*files) : nullptr;
  }
  void write(std::string_view path, std::string_view text) const {
    auto file = files_->open(path, Open::kCreateNew);
    ASSERT_TRUE(file) << file.error().message();
    ASSERT_TRUE((*file)->pwrite(bytes_of(text), 0));
    ASSERT_TRUE((*file)->sync_data());
  }
  [[nodiscard]] std::string read(std::string_view path) const {
    const auto file = files_->open(path, Open::kRead);
    if (!file) return file.error().message();
    std::string text((*file)->size().value(), '?');
    EXPECT_TRUE((*file)->pread(std::as_writable_bytes(std::span(text)), 0));
    return text;
  }
  [[nodiscard]] unsigned mode(const std::filesystem::path& path) const {
    struct ::stat status{};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0);
    return status.st_mode & 0777U;
  }

  std::filesystem::path home_;
  std::filesystem::path root_;
  std::unique_ptr<FileSystem> files_;
};

TEST_F(PosixFileSystem, MakesTheRootOnlyWhenAsked) {
  const std::string missing = (home_ / "missing").string();
  const auto refused = open_file_system(missing, /*create=*/false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kNotFound);
  EXPECT_THAT(refused.error().message(), HasSubstr(missing));
  EXPECT_TRUE(open_file_system(root_.string() + "//", /*create=*/true));
  EXPECT_FALSE(open_file_system("", /*create=*/true));
}

TEST_F(PosixFileSystem, RefusesARootThatIsAFile) {
  write("a", "x");
  const auto refused = open_file_system((root_ / "a").string(), /*create=*/true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kIo);
}

TEST_F(PosixFileSystem, FollowsALinkToTheRoot) {
  std::filesystem::create_directory_symlink(root_, home_ / "link");
  EXPECT_TRUE(open_file_system((home_ / "link").string(), /*create=*/true));
}

TEST_F(PosixFileSystem, WritesAndReadsAtOffsets) {
  write("a", "hello");
  auto file = files_->open("a", Open::kReadWrite).value();
  ASSERT_TRUE(file->reserve(1 << 20));
  EXPECT_EQ(file->size().value(), 5U);
  ASSERT_TRUE(file->pwrite(bytes_of("J"), 0));
  ASSERT_TRUE(file->pwrite(bytes_of("!"), 6));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(read("a"), std::string("Jello\0!", 7));
}

TEST_F(PosixFileSystem, ReadsAllOrFails) {
  write("a", "hello");
  auto file = files_->open("a", Open::kRead).value();
  std::array<std::byte, 6> six{};
  const Result<void> short_read = file->pread(six, 0);
  ASSERT_FALSE(short_read);
  EXPECT_EQ(short_read.error().code(), Code::kCorrupt);
  EXPECT_THAT(short_read.error().message(), AllOf(HasSubstr("/a"), HasSubstr("byte 5")));
  EXPECT_FALSE(file->pread(std::span(six).first(1), 5));
  EXPECT_TRUE(file->pread(std::span(six).first(5), 0));
}

TEST_F(PosixFileSystem, CreatesOnlyNewFilesAndOpensOnlyOldOnes) {
  write("a", "x");
  const auto twice = files_->open("a", Open::kCreateNew);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code(), Code::kIo);
  EXPECT_EQ(files_->open("b", Open::kRead).error().code(), Code::kNotFound);
  EXPECT_EQ(files_->open("d/b", Open::kCreateNew).error().code(), Code::kNotFound);
  EXPECT_EQ(files_->open("a/b", Open::kRead).error().code(), Code::kIo);
}

TEST_F(PosixFileSystem, KeepsOthersOut) {
  const ::mode_t before = ::umask(0);
  ASSERT_TRUE(files_->make_directory("d"));
  write("d/a", "x");
  ::umask(before);
  EXPECT_EQ(mode(root_ / "d"), 0750U);
  EXPECT_EQ(mode(root_ / "d" / "a"), 0640U);
}

TEST_F(PosixFileSystem, FollowsNoLinkInside) {
  std::ofstream(home_ / "secret") << "secret";
  std::filesystem::create_directory(home_ / "elsewhere");
  std::filesystem::create_symlink(home_ / "secret", root_ / "a");
  std::filesystem::create_directory_symlink(home_ / "elsewhere", root_ / "d");
  EXPECT_FALSE(files_->open("a", Open::kRead));
  EXPECT_FALSE(files_->open("a", Open::kReadWrite));
  EXPECT_FALSE(files_->map("a", 6));
  EXPECT_FALSE(files_->lock("a", "test"));
  EXPECT_FALSE(files_->open("d/b", Open::kCreateNew));
  EXPECT_FALSE(files_->make_directory("d"));
  EXPECT_FALSE(files_->sync_directory("d"));
  EXPECT_FALSE(files_->list("d"));
  EXPECT_TRUE(files_->list("")->empty());
}

TEST_F(PosixFileSystem, DoesNotWaitForAPipe) {
  ASSERT_EQ(::mkfifo((root_ / "pipe").c_str(), 0600), 0);
  const auto file = files_->open("pipe", Open::kRead);
  std::array<std::byte, 1> one{};
  EXPECT_TRUE(!file || !(*file)->pread(one, 0));
  EXPECT_FALSE(files_->map("pipe", 0));
}

TEST_F(PosixFileSystem, MapsExactlyTheSizeThatWasSaid) {
  write("a", "hello");
  const auto mapping = files_->map("a", 5);
  ASSERT_TRUE(mapping);
  ASSERT_TRUE(files_->remove("a"));
  EXPECT_EQ(static_cast<char>((*mapping)->bytes()[4]), 'o');  // lives on without its name
  write("b", "hello");
  EXPECT_EQ(files_->map("b", 4).error().code(), Code::kCorrupt);
  EXPECT_EQ(files_->map("b", 6).error().code(), Code::kCorrupt);
  write("empty", "");
  EXPECT_TRUE(files_->map("empty", 0).value()->bytes().empty());
}

TEST_F(PosixFileSystem, RenamesOverOrRefuses) {
  write("a", "1");
  write("b", "2");
  const Result<void> refused = files_->rename_new("a", "b");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kIo);
  EXPECT_EQ(read("b"), "2");
  ASSERT_TRUE(files_->rename("a", "b"));
  EXPECT_EQ(read("b"), "1");
  ASSERT_TRUE(files_->make_directory("d"));
  ASSERT_TRUE(files_->rename_new("b", "d/c"));
  EXPECT_EQ(read("d/c"), "1");
  EXPECT_EQ(files_->rename("b", "c").error().code(), Code::kNotFound);
  EXPECT_EQ(files_->remove("b").error().code(), Code::kNotFound);
}

TEST_F(PosixFileSystem, ListsFilesAndDirectoriesByName) {
  write("b", "");
  write("a", "");
  ASSERT_TRUE(files_->make_directory("c"));
  ASSERT_TRUE(files_->make_directory("c"));
  std::filesystem::create_symlink("a", root_ / "link");
  const auto entries = files_->list("");
  ASSERT_TRUE(entries);
  std::string names;
  for (const DirectoryEntry& entry : *entries) {
    names += entry.name + (entry.is_directory ? "/ " : " ");
  }
  EXPECT_EQ(names, "a b c/ ");
  EXPECT_TRUE(files_->list("c")->empty());
  EXPECT_EQ(files_->list("d").error().code(), Code::kNotFound);
  EXPECT_TRUE(files_->sync_directory("c"));
  EXPECT_TRUE(files_->sync_directory(""));
}

TEST_F(PosixFileSystem, LocksOnceAndNamesTheHolder) {
  auto lock = files_->lock("LOCK", "bf-engine run");
  ASSERT_TRUE(lock) << lock.error().message();
  // POSIX locks vanish when any descriptor of the file is closed; this one does not.
  (void)read("LOCK");
  const auto other = open();
  const auto second = other->lock("LOCK", "second");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kLocked);
  EXPECT_THAT(second.error().message(),
              AllOf(HasSubstr("bf-engine run"), HasSubstr("pid " + std::to_string(::getpid()))));
  lock->reset();
  EXPECT_TRUE(other->lock("LOCK", "third"));
}

TEST_F(PosixFileSystem, ShowsAForeignHolderSafely) {
  auto lock = files_->lock("LOCK", "x").value();
  std::ofstream(root_ / "LOCK") << "\x1B[2J" << std::string(10'000, 'x');
  const auto second = open()->lock("LOCK", "second");
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message(), HasSubstr("\\x1B[2J"));
  EXPECT_LT(second.error().message().size(), 1'000U);
}

TEST_F(PosixFileSystem, NeverUsesTheDescriptorsOfAStandardStream) {
  const int saved = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 100);
  ::close(STDIN_FILENO);
  write("a", "hello");
  const auto file = files_->open("a", Open::kReadWrite);
  const int free_again = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(free_again, STDIN_FILENO);
  if (saved >= 0) {
    ::dup2(saved, STDIN_FILENO);
    ::close(saved);
  } else {
    ::close(free_again);
  }
  EXPECT_TRUE(file);
}

TEST_F(PosixFileSystem, SaysHowMuchSpaceIsFree) {
  const Result<std::uint64_t> space = files_->free_space();
  ASSERT_TRUE(space);
  EXPECT_GT(*space, 0U);
}

TEST_F(PosixFileSystem, KnowsThatItsDiskIsThisMachines) {
  const Result<std::string> network = files_->network_name();
  ASSERT_TRUE(network);
  EXPECT_EQ(*network, "");
}

TEST(NetworkFileSystem, IsKnownByItsNumber) {
  EXPECT_EQ(network_file_system_name(0x6969), "nfs");
  EXPECT_EQ(network_file_system_name(0xFF534D42), "cifs");
  EXPECT_EQ(network_file_system_name(0xEF53), "") << "ext4";
}

TEST_F(PosixFileSystem, AssertsThatPathsStayInside) {
  EXPECT_DEATH((void)files_->open("../a", Open::kRead), "assertion failed");
  EXPECT_DEATH((void)files_->open("/etc/passwd", Open::kRead), "assertion failed");
  EXPECT_DEATH((void)files_->open("d/..", Open::kRead), "assertion failed");
  EXPECT_DEATH((void)files_->open("", Open::kRead), "assertion failed");
}

}  // namespace
}  // namespace bf
