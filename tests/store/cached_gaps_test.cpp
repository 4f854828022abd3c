// tests/store/cached_gaps_test.cpp
//
// Goal: what the store says of a series' gaps is the same with the cache, without it, and beside a
// writer; and no segment is opened for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/atomic_file.h"
#include "store/gap_cache.h"
#include "tests/store/sample_rows.h"

namespace bf::store::test {
namespace {

using ::testing::HasSubstr;

constexpr TimeRange kAll = {kTimeMin, kTimeMax};

class CachedGaps : public ::testing::Test {
 protected:
  CachedGaps() {
    Result<Writing> opened = open_writing(files_);
    EXPECT_TRUE(opened);
    writing_ = std::move(*opened);
  }
  void store(const AnsweredRows& rows) { ASSERT_TRUE(commit(*writing_.writer, rows)); }
  void seal() { ASSERT_TRUE(writing_.writer->seal()); }

  [[nodiscard]] std::vector<StateRange> states() {
    const Result<GapIndex> gaps = writing_.store->gaps(kSeries);
    EXPECT_TRUE(gaps);
    return gaps ? gaps->states(kAll) : std::vector<StateRange>();
  }
  [[nodiscard]] std::vector<StateRange> folded_states() {
    return writing_.store->read(kSeries).value()->gaps().states(kAll);
  }
  [[nodiscard]] std::string cache_path() const { return join_path(kSeries.path(), kGapCacheName); }

  SimFileSystem files_;
  Writing writing_;
};

TEST_F(CachedGaps, AreThoseOfTheRowsAtEveryStep) {
  EXPECT_EQ(states(), folded_states()) << "of an empty series";
  store(page(0, 499));
  EXPECT_EQ(states(), folded_states());
  seal();
  EXPECT_EQ(states(), folded_states());
  store(page(600, 700));
  EXPECT_EQ(states(), folded_states()) << "the log lies over the cache";
  seal();
  EXPECT_EQ(states(), folded_states());
  ASSERT_TRUE(writing_.writer->close());
  EXPECT_EQ(states(), folded_states());
}

TEST_F(CachedGaps, NeedNoSegment) {
  store(page(0, 499));
  seal();
  int segments_opened = 0;
  files_.before_each = [&](const Operation& operation) {
    if (operation.path.ends_with(".seg")) ++segments_opened;
  };
  EXPECT_EQ(writing_.store->gaps(kSeries).value().count({minute(0), minute(499)}).held, 499);
  EXPECT_EQ(segments_opened, 0);
}

TEST_F(CachedGaps, AreFoldedFromTheSegmentsWhereTheCacheIsGone) {
  store(page(0, 499));
  seal();
  const std::vector<StateRange> before = states();
  ASSERT_TRUE(files_.remove(cache_path()));
  EXPECT_EQ(states(), before);
}

TEST_F(CachedGaps, AreFoundOutByVerifyWhereTheCacheIsWrong) {
  store(page(0, 499));
  seal();
  const Manifest manifest = read_manifest(files_, kSeries).value();
  GapIndex wrong(kSeries);
  wrong.add_held({RangeSet({minute(0), minute(498)}), {}});
  ASSERT_TRUE(write_gap_cache(files_, kSeries, manifest, wrong));
  const Result<void> verified = writing_.store->read(kSeries).value()->verify();
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code(), Code::kCorrupt);
  EXPECT_THAT(verified.error().message(), HasSubstr(cache_path()));
}

}  // namespace
}  // namespace bf::store::test
