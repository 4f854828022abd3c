// tests/store/gap_cache_test.cpp
//
// Goal: the cached gap index is the one that was written, for the same segments, or none at all.
#include "store/gap_cache.h"

#include <gtest/gtest.h>

#include "store/atomic_file.h"
#include "tests/store/sample_rows.h"
#include "tests/support/sim_file_system.h"

namespace bf::store {
namespace {

using test::kSeries;

constexpr TimeMs kBegin = 1'704'067'200'000;  // 2024-01-01

Answer rest_answer(TimeRange asked, TimeMs asked_at) {
  Answer answer;
  answer.exchange = "binance";
  answer.asked = asked;
  answer.asked_at = asked_at;
  return answer;
}

class GapCacheTest : public ::testing::Test {
 protected:
  GapCacheTest() : gaps_(kSeries) {
    std::string path;
    for (const char c : kSeries.path() + "/") {
      if (c == '/') {
        EXPECT_TRUE(files_.make_directory(path));
      }
      path += c;
    }
    manifest_.series_uuid[0] = 7;
    manifest_.segments.resize(2);
    manifest_.segments[1].trailer_hash = 99;
    RangeSet held({kBegin, kBegin + kDayMs});
    held.add({kBegin + 2 * kDayMs, kBegin + 3 * kDayMs});
    gaps_.add_held({held, {}});
    gaps_.add_answer(rest_answer({kBegin + kDayMs, kBegin + 2 * kDayMs}, kBegin + 9 * kDayMs));
  }

  [[nodiscard]] Result<void> write() { return write_gap_cache(files_, kSeries, manifest_, gaps_); }
  [[nodiscard]] std::optional<GapIndex> read() {
    return read_gap_cache(files_, kSeries, manifest_);
  }
  [[nodiscard]] std::string path() const { return join_path(kSeries.path(), kGapCacheName); }
  void replace(std::span<const std::byte> bytes) {
    ASSERT_TRUE(remove_if_there(files_, path()));
    ASSERT_TRUE(write_new_file(files_, path(), bytes));
  }

  test::SimFileSystem files_;
  Manifest manifest_;
  GapIndex gaps_;
};

TEST_F(GapCacheTest, GivesBackTheStatesOfEverySlot) {
  ASSERT_TRUE(write());
  const std::optional<GapIndex> cached = read();
  ASSERT_TRUE(cached);
  const TimeRange all = {kBegin - kDayMs, kBegin + 5 * kDayMs};
  EXPECT_EQ(cached->states(all), gaps_.states(all));
  EXPECT_EQ(cached->held(), gaps_.held());
  EXPECT_EQ(cached->answers(), gaps_.answers());
}

TEST_F(GapCacheTest, IsNotThereBeforeItIsWritten) { EXPECT_FALSE(read()); }

TEST_F(GapCacheTest, CountsForNothingWhereTheManifestNamesOtherSegments) {
  ASSERT_TRUE(write());
  manifest_.log_proven = 1;
  EXPECT_TRUE(read()) << "the log is no part of it";
  manifest_.segments[0].trailer_hash = 1;
  EXPECT_FALSE(read());
  manifest_.segments[0].trailer_hash = 0;
  manifest_.segments.pop_back();
  EXPECT_FALSE(read());
}

TEST_F(GapCacheTest, CountsForNothingWhereAByteIsNotWhatWasWritten) {
  ASSERT_TRUE(write());
  const Bytes good = read_file(files_, path(), 1U << 20).value();
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= std::byte{0x10};
    replace(bad);
    EXPECT_FALSE(read()) << "byte " << i;
    replace(std::span(good).first(i));
    EXPECT_FALSE(read()) << "cut at " << i;
  }
  replace(good);
  EXPECT_TRUE(read());
}

TEST_F(GapCacheTest, LeavesTheOldOneWhereTheDiskIsFull) {
  ASSERT_TRUE(write());
  files_.before_each = [this](const test::Operation& operation) {
    if (operation.kind == test::Operation::Kind::kPwrite) files_.fail_at(operation.number, ENOSPC);
  };
  EXPECT_FALSE(write());
  files_.before_each = nullptr;
  EXPECT_TRUE(read());
}

}  // namespace
}  // namespace bf::store
