// tests/base/columns_test.cpp
//
// Goal: columns keep every value that is put into them, whatever their scales do. Method: edges by
// name; random values against their texts.
#include "store/base/columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/sim_disk.h"

namespace bf {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

void append_text(CandleBatch& batch, Column column, const std::string& text) {
  Decimal value;
  switch (parse_decimal(text, value)) {
    case DecimalStatus::kExact:
      batch.append(column, value);
      return;
    case DecimalStatus::kWide:
      batch.append_wide(column, canonical_decimal(text).value());
      return;
    case DecimalStatus::kInvalid:
      FAIL() << text;
  }
}

/// Rows of an open time and a close, as texts.
CandleBatch closes(const std::vector<std::string>& texts, TimeMs first = 0) {
  CandleBatch batch;
  batch.columns = {Column::kClose};
  for (const std::string& text : texts) {
    batch.append(Column::kOpenTime, {first, 0});
    append_text(batch, Column::kClose, text);
    first += kMinuteMs;
  }
  return batch;
}

std::vector<std::string> texts_of(const CandleBatch& batch, Column column = Column::kClose) {
  std::vector<std::string> texts;
  for (std::size_t row = 0; row < batch.row_count(); ++row)
    texts.push_back(batch.text_at(column, row));
  return texts;
}

void expect_sorted(const CandleBatch& batch) {
  EXPECT_TRUE(std::is_sorted(batch.wide.begin(), batch.wide.end(),
                             [](const WideValue& a, const WideValue& b) {
                               return a.row != b.row ? a.row < b.row : a.column < b.column;
                             }));
}

TEST(Column, NamesRoundTrip) {
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    EXPECT_EQ(parse_column(column_name(column)).value(), column);
  }
  EXPECT_EQ(parse_column("price").error().code(), Code::kUsage);
}

TEST(ColumnSet, AlwaysHoldsTheOpenTime) {
  EXPECT_TRUE(ColumnSet().contains(Column::kOpenTime));
  EXPECT_TRUE(ColumnSet::from_bits(0).contains(Column::kOpenTime));
  EXPECT_TRUE(kOhlcvColumns.intersect({Column::kTrades}).contains(Column::kOpenTime));
  EXPECT_FALSE(kOhlcvColumns.contains(Column::kTrades));
  EXPECT_EQ(kCandleColumns.bits(), 0x3FFU);
  EXPECT_EQ(kFundingColumns.bits(), 0x3C01U);
  EXPECT_EQ(kAllColumns.bits(), 0x3FFFU);
}

TEST(ColumnSet, MixesNoKinds) {
  EXPECT_TRUE(go_together(kCandleColumns.bits()));
  EXPECT_TRUE(go_together(kOhlcvColumns.bits()));
  EXPECT_TRUE(go_together(kFundingColumns.bits()));
  EXPECT_TRUE(go_together(1U));
  EXPECT_FALSE(go_together(kAllColumns.bits()));
  EXPECT_FALSE(go_together(ColumnSet{Column::kClose, Column::kMarkPrice}.bits()));
  EXPECT_FALSE(go_together(std::uint64_t{1} << kColumnCount));
}

TEST(CandleBatch, RaisesTheScaleAsValuesNeedIt) {
  const CandleBatch batch = closes({"1", "1.25", "0.5", "100"});
  EXPECT_EQ(batch.column(Column::kClose).scale, 2);
  EXPECT_THAT(batch.column(Column::kClose).values, ElementsAre(100, 125, 50, 10'000));
  EXPECT_THAT(texts_of(batch), ElementsAre("1", "1.25", "0.5", "100"));
  EXPECT_THAT(batch.wide, IsEmpty());
}

TEST(CandleBatch, RaisesNoScaleForTrailingZeros) {
  EXPECT_EQ(closes({"1.5", "2.50000000"}).column(Column::kClose).scale, 1);
}

TEST(CandleBatch, KeepsAValueThatTheScaleHasNoRoomFor) {
  const CandleBatch batch = closes({"0.000000001", "9223372036854775807", "1"});
  EXPECT_THAT(texts_of(batch), ElementsAre("0.000000001", "9223372036854775807", "1"));
  ASSERT_THAT(batch.wide, SizeIs(1));
  EXPECT_EQ(batch.wide[0], (WideValue{1, Column::kClose, "9223372036854775807"}));
  EXPECT_EQ(batch.column(Column::kClose).values[1], 0);
}

TEST(CandleBatch, KeepsOlderValuesThatARaisedScaleHasNoRoomFor) {
  const CandleBatch batch = closes({"9223372036854775807", "2", "-9223372036854775808", "0.01"});
  EXPECT_THAT(texts_of(batch),
              ElementsAre("9223372036854775807", "2", "-9223372036854775808", "0.01"));
  EXPECT_THAT(batch.wide, SizeIs(2));
  expect_sorted(batch);
}

TEST(CandleBatch, KeepsWideValuesSortedWhenFilledColumnByColumn) {
  CandleBatch batch;
  batch.columns = {Column::kOpen, Column::kClose};
  for (int row = 0; row < 3; ++row) batch.append(Column::kOpenTime, {row, 0});
  for (const char* text : {"1e40", "1", "1e41"}) append_text(batch, Column::kClose, text);
  for (const char* text : {"1e42", "1e43", "2"}) append_text(batch, Column::kOpen, text);
  expect_sorted(batch);
  EXPECT_EQ(batch.text_at(Column::kOpen, 0), "1" + std::string(42, '0'));
  EXPECT_EQ(batch.text_at(Column::kClose, 2), "1" + std::string(41, '0'));
  EXPECT_EQ(batch.text_at(Column::kClose, 1), "1");
}

TEST(CandleBatch, AppendsRowsOfOtherScales) {
  CandleBatch batch = closes({"1.5"});
  const CandleBatch finer = closes({"0.25", "7", "1e40", "0.001"}, 10 * kMinuteMs);
  batch.append_rows(finer, 1, 4);
  EXPECT_THAT(texts_of(batch), ElementsAre("1.5", "7", "1" + std::string(40, '0'), "0.001"));
  EXPECT_EQ(batch.open_time()[1], 11 * kMinuteMs);
  const CandleBatch coarser = closes({"9223372036854775807"});
  batch.append_row(coarser, 0);
  EXPECT_EQ(batch.text_at(Column::kClose, 4), "9223372036854775807");
  expect_sorted(batch);
}

TEST(CandleBatch, CarriesOddCloseTimesAlong) {
  CandleBatch odd = closes({"1", "2", "3"});
  odd.odd_close_times = {{0, 11}, {2, 33}};
  CandleBatch batch = closes({"9"});
  batch.append_rows(odd, 1, 3);
  EXPECT_EQ(batch.odd_close_time(1), 0);
  EXPECT_EQ(batch.odd_close_time(2), 33);
  EXPECT_THAT(batch.odd_close_times, SizeIs(1));
}

TEST(CandleBatch, ClearsToAnEmptyPageOfTheSameColumns) {
  CandleBatch batch = closes({"0.001", "1e40"});
  batch.odd_close_times = {{0, 5}};
  batch.clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.columns, ColumnSet({Column::kClose}));
  append_text(batch, Column::kClose, "7");
  EXPECT_THAT(batch.column(Column::kClose).values, ElementsAre(7));
  EXPECT_THAT(batch.wide, IsEmpty());
  EXPECT_EQ(batch.odd_close_time(0), 0);
}

TEST(SameRow, ComparesValuesNotSpellings) {
  const CandleBatch a = closes({"1.5", "1e40", "2"});
  const CandleBatch b = closes({"0.001", "1.500", "1e40", "2.5"}, -kMinuteMs);
  EXPECT_TRUE(same_row(a, 0, b, 1));
  EXPECT_TRUE(same_row(a, 1, b, 2));
  EXPECT_FALSE(same_row(a, 2, b, 3));
  EXPECT_FALSE(same_row(a, 0, closes({"1.5"}, kMinuteMs), 0));
}

TEST(SameRow, SeesTimesColumnsAndCloseTimes) {
  CandleBatch a = closes({"1"});
  CandleBatch b = closes({"1"});
  EXPECT_TRUE(same_row(a, 0, b, 0));
  b.odd_close_times = {{0, 5}};
  EXPECT_FALSE(same_row(a, 0, b, 0));
  a.odd_close_times = b.odd_close_times;
  EXPECT_TRUE(same_row(a, 0, b, 0));
  CandleBatch wider = a;
  wider.columns.insert(Column::kOpen);
  append_text(wider, Column::kOpen, "1");
  EXPECT_FALSE(same_row(a, 0, wider, 0));
}

TEST(CandleBatch, KeepsRandomValuesThroughAppendsAndCopies) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    test::Random random(seed);
    std::vector<std::string> expected;
    CandleBatch all;
    all.columns = {Column::kClose};
    for (std::uint64_t page = random.below(5) + 1; page > 0; --page) {
      std::vector<std::string> texts;
      for (std::uint64_t row = random.below(6) + 1; row > 0; --row) {
        const std::uint64_t size = random.chance(80) ? 1 + random.below(6) : 15 + random.below(20);
        std::string text = random.chance(30) ? "-" : "";
        for (std::uint64_t i = 0; i < size; ++i) {
          text.push_back(static_cast<char>('0' + random.below(10)));
        }
        text += "e" + std::to_string(-static_cast<int>(random.below(35)));
        texts.push_back(canonical_decimal(text).value());
      }
      const CandleBatch batch = closes(texts);
      ASSERT_EQ(texts_of(batch), texts) << "seed " << seed;
      const std::size_t begin = random.below(texts.size());
      const std::size_t end = begin + random.below(texts.size() - begin + 1);
      all.append_rows(batch, begin, end);
      for (std::size_t row = begin; row < end; ++row) {
        expected.push_back(texts[row]);
        const std::size_t copied = all.row_count() - (end - row);
        ASSERT_TRUE(same_row(all, copied, batch, row)) << "seed " << seed;
      }
    }
    ASSERT_EQ(texts_of(all), expected) << "seed " << seed;
    expect_sorted(all);
  }
}

}  // namespace
}  // namespace bf
