// tests/store/sim_file_system_test.cpp
//
// Goal: the simulated file system is as unkind as a real one, and no more. Method: small scenes whose
// possible ends are known, over many seeds.
#include "tests/support/sim_file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

namespace bf::test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using Open = FileSystem::Open;

constexpr std::uint64_t kSeeds = 400;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string read_all(SimFileSystem& files, std::string_view path) {
  const auto file = files.open(path, Open::kRead);
  if (!file) return "no " + std::string(path);
  std::string text((*file)->size().value(), '?');
  EXPECT_TRUE((*file)->pread(std::as_writable_bytes(std::span(text)), 0));
  return text;
}

void write_file(SimFileSystem& files, std::string_view path, std::string_view text, bool sync) {
  auto file = files.open(path, Open::kCreateNew);
  ASSERT_TRUE(file) << file.error().message();
  ASSERT_TRUE((*file)->pwrite(bytes_of(text), 0));
  if (sync) {
    ASSERT_TRUE((*file)->sync());
  }
}

std::string names_in(SimFileSystem& files) {
  std::string out;
  const std::vector<DirectoryEntry> entries = files.list("").value();
  for (const DirectoryEntry& entry : entries) out.append(entry.name).append(" ");
  return out;
}

/// What `look` finds after a power loss, over all seeds.
std::set<std::string> ends(const SimDisk& disk,
                           const std::function<std::string(SimFileSystem&)>& look) {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimFileSystem files(disk.after_crash(seed));
    found.insert(look(files));
  }
  return found;
}

TEST(SimFileSystem, KeepsWhatWasSyncedWithItsName) {
  SimFileSystem files;
  write_file(files, "a", "hello", /*sync=*/true);
  ASSERT_TRUE(files.sync_directory(""));
  EXPECT_TRUE(files.disk().all_durable());
  EXPECT_THAT(ends(files.disk(), [](SimFileSystem& f) { return read_all(f, "a"); }),
              UnorderedElementsAre("hello"));
}

TEST(SimFileSystem, MayLoseTheNameOfASyncedFile) {
  SimFileSystem files;
  write_file(files, "a", "hello", /*sync=*/true);
  EXPECT_THAT(ends(files.disk(), [](SimFileSystem& f) { return read_all(f, "a"); }),
              UnorderedElementsAre("hello", "no a"));
}

TEST(SimFileSystem, KeepsLosesZeroesOrSpoilsAnUnsyncedBlockButNotItsSyncedBytes) {
  SimFileSystem files;
  write_file(files, "a", "synced.", /*sync=*/true);
  ASSERT_TRUE(files.sync_directory(""));
  ASSERT_TRUE((*files.open("a", Open::kReadWrite))->pwrite(bytes_of("new"), 7));
  const std::set<std::string> found =
      ends(files.disk(), [](SimFileSystem& f) { return read_all(f, "a"); });
  for (const std::string& text : found) EXPECT_EQ(text.substr(0, 7), "synced.");
  EXPECT_TRUE(found.count("synced.new"));
  EXPECT_TRUE(found.count("synced."));                         // the length was lost
  EXPECT_TRUE(found.count(std::string("synced.\0\0\0", 10)));  // the bytes were
  EXPECT_GT(found.size(), 20U);                                // and garbage
}

TEST(SimFileSystem, KeepsBlocksIndependentlyOfTheirOrder) {
  SimFileSystem files;
  const std::string blocks = std::string(4096, 'a') + std::string(4096, 'b');
  write_file(files, "a", blocks, /*sync=*/false);
  ASSERT_TRUE(files.sync_directory(""));
  const std::set<std::string> found = ends(files.disk(), [](SimFileSystem& f) {
    const std::string text = read_all(f, "a");
    return text.size() == 8192 ? std::string{text[0], text[4096]} : std::string("short");
  });
  EXPECT_TRUE(found.count("ab"));
  EXPECT_TRUE(found.count(std::string("\0b", 2)));
  EXPECT_TRUE(found.count(std::string("a\0", 2)));
  EXPECT_TRUE(found.count("short"));
}

TEST(SimFileSystem, KeepsChangesOfNamesIndependently) {
  SimFileSystem files;
  write_file(files, "old", "1", /*sync=*/true);
  ASSERT_TRUE(files.sync_directory(""));
  write_file(files, "tmp", "2", /*sync=*/true);
  ASSERT_TRUE(files.rename("tmp", "new"));
  ASSERT_TRUE(files.remove("old"));
  EXPECT_THAT(ends(files.disk(), names_in),
              UnorderedElementsAre("old ", "old tmp ", "new old ", "", "tmp ", "new "));
}

TEST(SimFileSystem, NeverLosesAFileThatIsRenamedToAnotherDirectory) {
  SimFileSystem files;
  ASSERT_TRUE(files.make_directory("d"));
  write_file(files, "a", "1", /*sync=*/true);
  ASSERT_TRUE(files.sync_directory(""));
  ASSERT_TRUE(files.rename("a", "d/a"));
  const auto look = [](SimFileSystem& f) { return read_all(f, "a") + "," + read_all(f, "d/a"); };
  EXPECT_THAT(ends(files.disk(), look), UnorderedElementsAre("1,no d/a", "1,1", "no a,1"));
  ASSERT_TRUE(files.sync_directory(""));
  EXPECT_THAT(ends(files.disk(), look), UnorderedElementsAre("no a,1"));
}

TEST(SimFileSystem, DoesNotWriteAgainWhatAFailedSyncMarkedClean) {
  SimFileSystem files;
  write_file(files, "a", "", /*sync=*/true);
  ASSERT_TRUE(files.sync_directory(""));
  auto file = files.open("a", Open::kReadWrite).value();
  ASSERT_TRUE(file->pwrite(bytes_of("x"), 0));
  files.fail_at(files.operations() + 1, EIO);
  const Result<void> failed = file->sync_data();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Code::kSyncFailed);
  ASSERT_TRUE(file->sync_data());  // "success"
  EXPECT_EQ(read_all(files, "a"), "x");
  EXPECT_TRUE(ends(files.disk(), [](SimFileSystem& f) { return read_all(f, "a"); }).count(""));
  ASSERT_TRUE(file->pwrite(bytes_of("x"), 0));
  ASSERT_TRUE(file->pwrite(bytes_of("y"), 1));
  ASSERT_TRUE(file->sync_data());
  EXPECT_THAT(ends(files.disk(), [](SimFileSystem& f) { return read_all(f, "a"); }),
              UnorderedElementsAre("xy"));
}

TEST(SimFileSystem, KillKeepsAllThatWasWrittenAndEndsFilesAndLocks) {
  SimFileSystem files;
  write_file(files, "a", "hello", /*sync=*/false);
  auto stale = files.open("a", Open::kReadWrite).value();
  auto lock = files.lock("LOCK", "first").value();
  const auto second = files.lock("LOCK", "second");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::kLocked);
  EXPECT_THAT(second.error().message(), HasSubstr("first"));
  files.kill();
  EXPECT_EQ(read_all(files, "a"), "hello");
  EXPECT_FALSE(stale->pwrite(bytes_of("jello"), 0));
  EXPECT_EQ(read_all(files, "a"), "hello");
  auto third = files.lock("LOCK", "third");
  ASSERT_TRUE(third);
  lock.reset();  // the dead process' lock is not the third's
  EXPECT_FALSE(files.lock("LOCK", "fourth"));
}

TEST(SimFileSystem, StopsInTheNamedOperationForGood) {
  SimFileSystem files;
  write_file(files, "a", "", /*sync=*/true);
  auto file = files.open("a", Open::kReadWrite).value();
  files.stop_at(files.operations() + 1);
  EXPECT_FALSE(file->pwrite(bytes_of("0123456789"), 0));
  EXPECT_FALSE(file->pwrite(bytes_of("0123456789"), 0));
  EXPECT_FALSE(files.sync_directory(""));
  EXPECT_FALSE(files.list(""));
  files.kill();
  const std::string text = read_all(files, "a");
  EXPECT_EQ(text, std::string("0123456789").substr(0, text.size()));
  EXPECT_LT(text.size(), 10U);
}

TEST(SimFileSystem, FailsOnceOrForEver) {
  SimFileSystem files;
  files.fail_at(1, ENOSPC);
  const auto full = files.open("a", Open::kCreateNew);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code(), Code::kNoSpace);
  EXPECT_TRUE(files.open("a", Open::kCreateNew));
  files.fail_at(files.operations() + 2, EIO, SimFileSystem::Times::kForEver);
  EXPECT_TRUE(files.list(""));
  EXPECT_FALSE(files.list(""));
  EXPECT_FALSE(files.make_directory("d"));
  EXPECT_TRUE(files.fault_hit());
}

TEST(SimFileSystem, AnswersAsARealOne) {
  SimFileSystem files;
  EXPECT_EQ(files.open("a", Open::kRead).error().code(), Code::kNotFound);
  EXPECT_EQ(files.open("d/a", Open::kCreateNew).error().code(), Code::kNotFound);
  write_file(files, "a", "hello", /*sync=*/true);
  EXPECT_EQ(files.open("a", Open::kCreateNew).error().code(), Code::kIo);
  EXPECT_EQ(files.rename_new("a", "a").error().code(), Code::kIo);
  EXPECT_EQ(files.map("a", 4).error().code(), Code::kCorrupt);
  EXPECT_EQ(files.map("a", 5).value()->bytes().size(), 5U);
  EXPECT_EQ(files.make_directory("a").error().code(), Code::kIo);
  ASSERT_TRUE(files.make_directory("d"));
  EXPECT_TRUE(files.make_directory("d"));
  EXPECT_EQ(names_in(files), "a d ");
  std::vector<std::byte> six(6);
  EXPECT_EQ((*files.open("a", Open::kRead))->pread(six, 0).error().code(), Code::kCorrupt);
  EXPECT_EQ(files.open_files(), 0);
  EXPECT_THAT(files.recent(1), HasSubstr("pread a 0+6"));
}

TEST(SimFileSystem, GivesTheSameEndForTheSameSeed) {
  SimFileSystem files;
  write_file(files, "a", std::string(9000, 'x'), /*sync=*/false);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimFileSystem first(files.disk().after_crash(seed));
    SimFileSystem second(files.disk().after_crash(seed));
    EXPECT_EQ(read_all(first, "a"), read_all(second, "a")) << "seed " << seed;
    EXPECT_TRUE(first.disk().all_durable());
  }
}

}  // namespace
}  // namespace bf::test
