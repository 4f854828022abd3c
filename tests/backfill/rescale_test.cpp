// Goal: candles move between multipliers without losing a digit.
#include "engine/backfill/rescale.h"

#include <gtest/gtest.h>

#include <limits>

namespace bf::backfill {
namespace {

CandleBatch one_row(std::int64_t price, int price_scale, std::int64_t volume, int volume_scale) {
  CandleBatch rows;
  rows.columns = {Column::kOpen, Column::kVolume, Column::kQuoteVolume};
  rows.column(Column::kOpenTime).values = {60'000};
  rows.column(Column::kOpen) = {{price}, price_scale};
  rows.column(Column::kVolume) = {{volume}, volume_scale};
  rows.column(Column::kQuoteVolume) = {{77}, 1};
  return rows;
}

TEST(Rescale, KnowsThePowerOfTen) {
  EXPECT_EQ(price_shift("1000", "1").value(), 3);
  EXPECT_EQ(price_shift("1", "1000000").value(), -6);
  EXPECT_EQ(price_shift("10000", "10000").value(), 0);
  for (const std::string_view wrong : {"", "0", "2000", "1,000", "-1", "1000000000000000000000"}) {
    EXPECT_FALSE(price_shift("1", wrong)) << wrong;
    EXPECT_FALSE(price_shift(wrong, "1")) << wrong;
  }
}

TEST(Rescale, MovesThePointAndNothingElse) {
  CandleBatch rows = one_row(2'468, 8, 1'234'567, 2);  // 0.00002468, 12345.67
  ASSERT_TRUE(rescale(rows, 3));
  EXPECT_EQ(rows.text_at(Column::kOpen, 0), "0.02468");
  EXPECT_EQ(rows.text_at(Column::kVolume, 0), "12.34567");
  EXPECT_EQ(rows.text_at(Column::kQuoteVolume, 0), "7.7");
  EXPECT_EQ(rows.open_time()[0], 60'000);
  ASSERT_TRUE(rescale(rows, -3));
  EXPECT_EQ(rows.text_at(Column::kOpen, 0), "0.00002468");
  EXPECT_EQ(rows.text_at(Column::kVolume, 0), "12345.67");
}

TEST(Rescale, GoesBeyondTheScale) {
  CandleBatch rows = one_row(5, 1, 42, 0);
  ASSERT_TRUE(rescale(rows, 6));
  EXPECT_EQ(rows.text_at(Column::kOpen, 0), "500000");
  EXPECT_EQ(rows.text_at(Column::kVolume, 0), "0.000042");
}

TEST(Rescale, MovesWideValuesToo) {
  CandleBatch rows = one_row(0, 0, 1, 0);
  rows.wide = {{0, Column::kOpen, "12345678901234567890123.5"}};
  ASSERT_TRUE(rescale(rows, -3));
  EXPECT_EQ(rows.text_at(Column::kOpen, 0), "12345678901234567890.1235");
}

TEST(Rescale, RefusesWhatDoesNotFitAndLeavesTheRows) {
  CandleBatch rows = one_row(std::numeric_limits<std::int64_t>::max(), 0, 1, 0);
  const Result<void> moved = rescale(rows, 3);
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code(), Code::kDataQuality);
  EXPECT_EQ(rows.column(Column::kOpen).values[0], std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(rows.column(Column::kVolume).scale, 0);
}

}  // namespace
}  // namespace bf::backfill
