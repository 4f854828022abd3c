// tests/store/golden_test.cpp
//
// Goal: what a version has written stays readable. Method: the stores under tests/golden are read and
// compared with the text beside them; a store written today says the same. The test that is disabled
// writes them (`make golden`).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "store/manifest.h"
#include "store/segment.h"
#include "tests/store/golden_store.h"
#include "tests/support/source_tree.h"

namespace bf::store::test {
namespace {

namespace fs = std::filesystem;
using testing::IsSupersetOf;

const ManualClock kClock;

std::string golden_folder(std::uint32_t version = kFormatVersion) {
  return "tests/golden/v" + std::to_string(version);
}

/// What a store says: its rows, and all else.
struct Texts {
  std::string csv;
  std::string report;
};

Texts texts_of(FileSystem& files, const Series& series) {
  const auto store = Store::open(files, kClock, {});
  EXPECT_TRUE(store) << store.error().message();
  if (!store) return {};
  const auto snapshot = (*store)->read(series);
  EXPECT_TRUE(snapshot) << snapshot.error().message();
  if (!snapshot) return {};
  const Result<void> sound = (*snapshot)->verify();
  EXPECT_TRUE(sound) << sound.error().message();
  Result<std::string> csv = csv_of(**snapshot);
  Result<std::string> report = report_of(**snapshot);
  EXPECT_TRUE(csv && report);
  if (!csv || !report) return {};
  return Texts{std::move(*csv), std::move(*report)};
}

std::string text_of(std::string_view folder, std::string_view store, std::string_view ending) {
  std::string path(folder);
  return bf::test::read_source_file(path.append("/").append(store).append(ending));
}

void write_file(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  ASSERT_TRUE(file.good()) << path;
}

/// Puts all files but the lock into `target`.
void copy_out(FileSystem& files, const std::string& directory, const fs::path& target) {
  const auto entries = files.list(directory).value();
  for (const DirectoryEntry& entry : entries) {
    const std::string path = directory.empty() ? entry.name : directory + "/" + entry.name;
    if (entry.is_directory) {
      copy_out(files, path, target);
      continue;
    }
    if (entry.name == "LOCK") continue;
    const auto file = files.open(path, FileSystem::Open::kRead).value();
    std::string bytes(file->size().value(), '\0');
    ASSERT_TRUE(file->pread(std::as_writable_bytes(std::span(bytes)), 0));
    write_file(target / path, bytes);
  }
}

class Golden : public testing::TestWithParam<GoldenStore> {};

TEST_P(Golden, ReadsAsTheTextBesideIt) {
  const std::string store(GetParam().name);
  for (std::uint32_t version = kFormatVersionOldest; version <= kFormatVersion; ++version) {
    const std::string folder = golden_folder(version);
    SCOPED_TRACE(folder);
    const std::string root = bf::test::source_path(folder + "/" + store);
    if (version < kFormatVersion && !fs::exists(root)) continue;  // it was thought of later
    const auto files = open_file_system(root, /*create=*/false);
    ASSERT_TRUE(files) << "tests/golden/README.md says how to make it: " << files.error().message();
    const Texts texts = texts_of(**files, GetParam().series);
    EXPECT_EQ(texts.csv, text_of(folder, store, ".csv"));
    EXPECT_EQ(texts.report, text_of(folder, store, ".txt"));
  }
}

TEST_P(Golden, SaysTheSameWhenItIsWrittenToday) {
  SimFileSystem files;
  const Result<void> written = GetParam().write(files);
  ASSERT_TRUE(written) << written.error().message();
  const Texts texts = texts_of(files, GetParam().series);
  EXPECT_EQ(texts.csv, text_of(golden_folder(), GetParam().name, ".csv"));
  EXPECT_EQ(texts.report, text_of(golden_folder(), GetParam().name, ".txt"));
}

// Run by `make golden`.
TEST_P(Golden, DISABLED_Write) {
  SimFileSystem files;
  const Result<void> written = GetParam().write(files);
  ASSERT_TRUE(written) << written.error().message();
  const fs::path root =
      fs::path(bf::test::source_path(golden_folder())) / std::string(GetParam().name);
  fs::remove_all(root);
  copy_out(files, "", root);
  const Texts texts = texts_of(files, GetParam().series);
  write_file(root.string() + ".csv", texts.csv);
  write_file(root.string() + ".txt", texts.report);
}

INSTANTIATE_TEST_SUITE_P(Stores, Golden, testing::ValuesIn(golden_stores()),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(GoldenStores, UseEveryEncodingOfColumns) {
  std::set<std::string> used;
  for (const GoldenStore& golden : golden_stores()) {
    const std::string root =
        bf::test::source_path(golden_folder() + "/" + std::string(golden.name));
    const auto files = open_file_system(root, /*create=*/false).value();
    const Manifest manifest = read_manifest(*files, golden.series).value();
    for (const SegmentEntry& entry : manifest.segments) {
      const auto segment =
          Segment::open(*files, golden.series, manifest.series_uuid, entry).value();
      const auto blocks = segment->blocks().value();
      for (const SegmentBlock& block : blocks) {
        for (std::size_t i = 0; i < kColumnCount; ++i) {
          if (!block.encoded.columns.contains(static_cast<Column>(i))) continue;
          const ColumnBlock& column = block.encoded.blocks[i];
          used.insert("codec " + std::to_string(static_cast<int>(column.codec)));
          used.insert("transform " + std::to_string(static_cast<int>(column.fields.transform)));
          used.insert("context " + std::to_string(static_cast<int>(column.context)));
          if (column.size != column.raw_size) used.insert("LZ4");
        }
      }
    }
  }
  std::set<std::string> all = {"LZ4"};
  for (int i = 1; i <= 3; ++i) all.insert("codec " + std::to_string(i));
  for (int i = 0; i <= static_cast<int>(kLastTransform); ++i) {
    all.insert("transform " + std::to_string(i));
  }
  for (int i = 0; i <= static_cast<int>(kLastContext); ++i)
    all.insert("context " + std::to_string(i));
  EXPECT_THAT(used, IsSupersetOf(all));
}

}  // namespace
}  // namespace bf::store::test
