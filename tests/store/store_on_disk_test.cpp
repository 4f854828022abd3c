// tests/store/store_on_disk_test.cpp
//
// Goal: the store does on a real file system what it does on the simulated one, with readers on other
// threads beside the writer. Method: a writer appends and seals in a temporary directory while threads
// pin, verify and scan.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/store/sample_rows.h"

namespace bf::store::test {
namespace {

class StoreOnDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    root_ =
        testing::TempDir() + "bf_store_on_disk_" + info->name() + "_" + std::to_string(getpid());
    std::filesystem::remove_all(root_);
    files_ = std::move(open_file_system(root_, /*create=*/true).value());
  }
  void TearDown() override {
    files_.reset();
    std::filesystem::remove_all(root_);
  }

  std::string root_;
  std::unique_ptr<FileSystem> files_;
};

TEST_F(StoreOnDisk, KeepsRowsOverSealsAndReopenings) {
  Rows expected;
  for (std::int64_t life = 0; life < 3; ++life) {
    Result<Writing> writing = open_writing(*files_);
    ASSERT_TRUE(writing) << writing.error().message();
    EXPECT_FALSE(writing->writer->recovery().damaged());
    for (std::int64_t i = 0; i < 3; ++i) {
      const AnsweredRows rows = page((life * 3 + i) * 499, (life * 3 + i + 1) * 499);
      expected.merge(rows_of(rows));
      ASSERT_TRUE(commit(*writing->writer, rows));
      if (i == 1) {
        ASSERT_TRUE(writing->writer->seal());
      }
    }
    const Result<Writing> second = open_writing(*files_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), Code::kLocked) << second.error().message();
    ASSERT_TRUE(writing->writer->close());
  }
  const Result<Rows> rows = read_store(*files_, {.provenance = true});
  ASSERT_TRUE(rows) << rows.error().message();
  EXPECT_EQ(*rows, expected);
}

TEST_F(StoreOnDisk, LetsThreadsReadBesideTheWriter) {
  Result<Writing> writing = open_writing(*files_);
  ASSERT_TRUE(writing) << writing.error().message();
  constexpr std::int64_t kPages = 60;
  std::atomic<std::int64_t> committed = 0;
  std::atomic<bool> failed = false;
  const Rows all = rows_of(page(0, kPages * 100));
  const auto read_again_and_again = [&] {
    while (committed < kPages && !failed) {
      // Two commits back lies before the last proof, whatever the writer does just now.
      const std::int64_t least = std::max<std::int64_t>(0, committed - 2);
      const Result<Rows> rows = read_store(*files_, {.provenance = true});
      const bool prefix = rows && std::equal(rows->begin(), rows->end(), all.begin());
      if (prefix && static_cast<std::int64_t>(rows->size()) >= least * 100) continue;
      failed = true;
      ADD_FAILURE() << (rows ? "rows that are no prefix" : rows.error().message());
    }
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) readers.emplace_back(read_again_and_again);
  for (std::int64_t i = 0; i < kPages && !failed; ++i) {
    EXPECT_TRUE(commit(*writing->writer, page(i * 100, (i + 1) * 100)));
    if (i % 10 == 9) {
      EXPECT_TRUE(writing->writer->seal());
    }
    ++committed;
  }
  committed = kPages;
  for (std::thread& reader : readers) reader.join();
}

TEST_F(StoreOnDisk, LetsThreadsShareOneSnapshot) {
  Result<Writing> writing = open_writing(*files_);
  ASSERT_TRUE(writing) << writing.error().message();
  const AnsweredRows rows = page(0, 12'000);
  ASSERT_TRUE(commit(*writing->writer, rows));
  ASSERT_TRUE(writing->writer->seal());
  const auto snapshot = writing->store->read(kSeries).value();
  std::array<Rows, 4> seen;
  std::vector<std::thread> readers;
  for (Rows& result : seen) {
    readers.emplace_back([&] {
      result = scan_all(*snapshot, {0, kTimeMax}, kAllColumns, {.provenance = true}).value();
    });
  }
  for (std::thread& reader : readers) reader.join();
  for (const Rows& result : seen) EXPECT_EQ(result, rows_of(rows));
}

}  // namespace
}  // namespace bf::store::test
