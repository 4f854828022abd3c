// tests/backfill/row_diff_test.cpp
//
// Goal: two sides of a series are told apart to the digit: values by ticks and percent, rows by the side
// that alone has them. Method: small batches with known differences.
#include "engine/backfill/row_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bf::test {
namespace {

using backfill::compare_rows;
using backfill::RowDifferences;
using ::testing::SizeIs;

constexpr TimeRange kAll = {0, 100 * kMinuteMs};

/// Rows a minute apart from `first` on: each close and volume at these scales.
CandleBatch rows_of(std::int64_t first, const std::vector<std::int64_t>& closes, int price_scale,
                    const std::vector<std::int64_t>& volumes, int volume_scale) {
  CandleBatch rows;
  rows.columns = {Column::kClose, Column::kVolume};
  rows.column(Column::kClose).scale = price_scale;
  rows.column(Column::kVolume).scale = volume_scale;
  for (std::size_t i = 0; i < closes.size(); ++i) {
    rows.data[0].values.push_back((first + static_cast<std::int64_t>(i)) * kMinuteMs);
    rows.column(Column::kClose).values.push_back(closes[i]);
    rows.column(Column::kVolume).values.push_back(volumes[i]);
  }
  return rows;
}

TEST(RowDiff, EqualValuesOfOtherScalesAreEqual) {
  RowDifferences found;
  compare_rows(rows_of(0, {150, 160}, 2, {5, 0}, 0), rows_of(0, {15, 16}, 1, {500, 0}, 2), kAll, 0,
               found);
  EXPECT_TRUE(found.none());
  EXPECT_EQ(found.compared, 2);
  EXPECT_EQ(found.equal, 2);
  EXPECT_THAT(found.listed, SizeIs(0));
}

TEST(RowDiff, PricesDifferByTicksAndVolumesByPercent) {
  RowDifferences found;
  compare_rows(rows_of(0, {150, 160, 170}, 2, {100, 80, 7}, 1),
               rows_of(0, {155, 160, 170}, 2, {100, 100, 7}, 1), kAll, 0.05, found);
  EXPECT_EQ(found.compared, 3);
  EXPECT_EQ(found.equal, 1);
  EXPECT_EQ(found.prices, 1);
  EXPECT_EQ(found.volumes, 1);
  EXPECT_NEAR(found.ticks_max, 1, 1e-9);
  EXPECT_NEAR(found.percent_max, 20, 1e-9);
  ASSERT_THAT(found.listed, SizeIs(2));
  EXPECT_EQ(found.listed[0].held, "1.5");
  EXPECT_EQ(found.listed[0].other, "1.55");
  EXPECT_EQ(found.listed[1].column, Column::kVolume);
  EXPECT_EQ(found.listed[1].open_time, kMinuteMs);
}

TEST(RowDiff, WithoutATickTheLastDigitCounts) {
  RowDifferences found;
  compare_rows(rows_of(0, {15}, 1, {1}, 0), rows_of(0, {1503}, 3, {1}, 0), kAll, 0, found);
  EXPECT_NEAR(found.ticks_max, 3, 1e-9);
}

TEST(RowDiff, RowsOfOneSideAloneAreCountedWithinTheWindow) {
  RowDifferences found;
  compare_rows(rows_of(1, {1, 2, 3}, 0, {1, 1, 1}, 0), rows_of(2, {2, 3, 4, 5}, 0, {1, 1, 1, 1}, 0),
               {0, 5 * kMinuteMs}, 0, found);
  EXPECT_EQ(found.compared, 2);
  EXPECT_EQ(found.only_held, 1);
  EXPECT_EQ(found.only_other, 1) << "the fifth minute is behind the window";
  ASSERT_THAT(found.listed, SizeIs(2));
  EXPECT_EQ(found.listed[0].other, "");
  EXPECT_EQ(found.listed[1].held, "");
  EXPECT_FALSE(found.none());
}

TEST(RowDiff, ValuesThatNoMantissaHoldsAreComparedByText) {
  CandleBatch held = rows_of(0, {0}, 0, {1}, 0);
  CandleBatch other = held;
  held.wide.push_back({0, Column::kClose, "123456789012345678901234567890.5"});
  other.wide.push_back({0, Column::kClose, "123456789012345678901234567890.5"});
  RowDifferences same;
  compare_rows(held, other, kAll, 1, same);
  EXPECT_TRUE(same.none());
  other.wide[0].text = "123456789012345678901234567891.5";
  RowDifferences found;
  compare_rows(held, other, kAll, 1, found);
  EXPECT_EQ(found.prices, 1);
}

TEST(RowDiff, ListsTheEarliestAndCountsAll) {
  constexpr std::size_t kRows = 5'000;
  const std::vector<std::int64_t> ones(kRows, 1);
  const std::vector<std::int64_t> twos(kRows, 2);
  RowDifferences found;
  // The later half comes first, as answers do.
  const CandleBatch held = rows_of(0, ones, 0, ones, 0);
  const CandleBatch other = rows_of(0, twos, 0, ones, 0);
  const TimeMs middle = kRows / 2 * kMinuteMs;
  compare_rows(held, other, {middle, kTimeMax}, 1, found);
  compare_rows(held, other, {0, middle}, 1, found);
  finish(found);
  EXPECT_EQ(found.prices, static_cast<std::int64_t>(kRows));
  ASSERT_THAT(found.listed, SizeIs(backfill::kListedDifferencesMax));
  EXPECT_EQ(found.listed.front().open_time, 0);
  EXPECT_EQ(found.listed.back().open_time,
            (static_cast<std::int64_t>(backfill::kListedDifferencesMax) - 1) * kMinuteMs);
}

}  // namespace
}  // namespace bf::test
