// tests/store/resample_test.cpp
//
// Goal: folded candles are exact, whatever the cut into batches and scales, and lie on the grid of the
// longer interval. Method: a scan of rows that the test made, compared with folds done one by one; real
// bars of an exchange are compared by tests/programs/resample_test.py.
#include "store/resample.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "store/base/interval.h"
#include "tests/store/sample_rows.h"

namespace bf::store {
namespace {

using test::append_candle;
using test::minute;
using test::Random;

/// Hands out batches that it was given.
class GivenScan final : public Scan {
 public:
  explicit GivenScan(std::vector<CandleBatch> batches) : batches_(std::move(batches)) {}
  Result<bool> next(ScanBatch& batch) override {
    if (at_ == batches_.size()) return false;
    batch.rows = batches_[at_++];
    return true;
  }

 private:
  std::vector<CandleBatch> batches_;
  std::size_t at_ = 0;
};

/// What came of a fold: each row as text, with its count of candles in front.
std::vector<std::string> folded(std::vector<CandleBatch> batches, Interval from, Interval to) {
  const auto scan = resample(std::make_unique<GivenScan>(std::move(batches)), from, to);
  std::vector<std::string> rows;
  ScanBatch batch;
  for (;;) {
    const Result<bool> more = scan->next(batch);
    if (!more) return {more.error().message()};
    if (!*more) return rows;
    for (std::size_t row = 0; row < batch.rows.row_count(); ++row) {
      std::string text = std::to_string(batch.folded[row]);
      for (std::size_t i = 0; i < kColumnCount; ++i) {
        const auto column = static_cast<Column>(i);
        if (batch.rows.columns.contains(column)) text += " " + batch.rows.text_at(column, row);
      }
      rows.push_back(std::move(text));
    }
  }
}

CandleBatch closes(std::initializer_list<std::pair<TimeMs, const char*>> rows) {
  CandleBatch batch;
  batch.columns = {Column::kClose, Column::kVolume};
  for (const auto& [time, text] : rows) {
    batch.append(Column::kOpenTime, Decimal{time, 0});
    for (const Column column : {Column::kClose, Column::kVolume}) {
      Decimal value;
      if (parse_decimal(text, value) == DecimalStatus::kExact) {
        batch.append(column, value);
      } else {
        batch.append_wide(column, text);
      }
    }
  }
  return batch;
}

TEST(Resample, KnowsWhatFitsInto) {
  EXPECT_TRUE(can_resample(Interval::k1m, Interval::k3m));
  EXPECT_TRUE(can_resample(Interval::k1m, Interval::k1mo));
  EXPECT_TRUE(can_resample(Interval::k1d, Interval::k1w));
  EXPECT_TRUE(can_resample(Interval::k1d, Interval::k1mo));
  EXPECT_FALSE(can_resample(Interval::k1m, Interval::k1m));
  EXPECT_FALSE(can_resample(Interval::k3m, Interval::k10m));
  EXPECT_FALSE(can_resample(Interval::k1h, Interval::k1m));
  EXPECT_FALSE(can_resample(Interval::k3d, Interval::k1w));
  EXPECT_FALSE(can_resample(Interval::k1w, Interval::k1mo));
  EXPECT_FALSE(can_resample(Interval::k1mo, Interval::k1mo));
}

TEST(Resample, IsTheSameForEveryCutIntoBatchesAndScales) {
  // Candles with holes, folded one by one.
  constexpr std::int64_t kMinutes = 600;
  Random random(5);
  std::vector<std::int64_t> minutes;
  for (std::int64_t n = 0; n < kMinutes; ++n) {
    if (random.below(10) != 0) minutes.push_back(n);
  }
  CandleBatch whole;
  whole.columns = kCandleColumns;
  for (const std::int64_t n : minutes) append_candle(whole, n);
  const std::vector<std::string> wanted = folded({whole}, Interval::k1m, Interval::k15m);
  ASSERT_EQ(wanted.size(), 40U);

  for (int round = 0; round < 20; ++round) {
    std::vector<CandleBatch> batches;
    for (const std::int64_t n : minutes) {
      if (batches.empty() || random.below(12) == 0) {
        batches.emplace_back();
        batches.back().columns = kCandleColumns;
      }
      // A batch's first row decides its scales: zeros behind the point make others.
      append_candle(batches.back(), n);
      if (random.below(9) == 0) batches.back().append(Column::kVolume, Decimal{0, 0});
      if (batches.back().column(Column::kVolume).values.size() > batches.back().row_count()) {
        batches.back().column(Column::kVolume).values.pop_back();
      }
    }
    EXPECT_EQ(folded(batches, Interval::k1m, Interval::k15m), wanted);
  }
}

TEST(Resample, TakesFirstHighestLowestLastAndSums) {
  CandleBatch rows;
  rows.columns = kOhlcvColumns;
  const auto add = [&rows](TimeMs time, Decimal open, Decimal high, Decimal low, Decimal close,
                           Decimal volume) {
    rows.append(Column::kOpenTime, Decimal{time, 0});
    rows.append(Column::kOpen, open);
    rows.append(Column::kHigh, high);
    rows.append(Column::kLow, low);
    rows.append(Column::kClose, close);
    rows.append(Column::kVolume, volume);
  };
  add(minute(0), {10, 0}, {125, 1}, {9, 0}, {11, 0}, {1, 1});
  add(minute(1), {11, 0}, {12, 0}, {85, 1}, {12, 0}, {25, 2});
  add(minute(5), {12, 0}, {13, 0}, {12, 0}, {13, 0}, {3, 0});
  EXPECT_EQ(folded({rows}, Interval::k1m, Interval::k5m),
            (std::vector<std::string>{"2 " + std::to_string(minute(0)) + " 10 12.5 8.5 12 0.35",
                                      "1 " + std::to_string(minute(5)) + " 12 13 12 13 3"}));
}

// 2024-01-31 was a Wednesday.
TEST(Resample, LiesOnTheCalendar) {
  const CandleBatch rows = closes({{test::kStart, "1"},
                                   {test::kStart + kDayMs, "2"},
                                   {test::kStart + 4 * kDayMs, "3"},
                                   {test::kStart + 5 * kDayMs, "4"}});
  const TimeMs monday = test::kStart - 2 * kDayMs;
  EXPECT_EQ(folded({rows}, Interval::k1d, Interval::k1w),
            (std::vector<std::string>{"3 " + std::to_string(monday) + " 3 6",
                                      "1 " + std::to_string(monday + 7 * kDayMs) + " 4 4"}));
  EXPECT_EQ(folded({rows}, Interval::k1d, Interval::k1mo),
            (std::vector<std::string>{"1 " + std::to_string(test::kStart - 30 * kDayMs) + " 1 1",
                                      "3 " + std::to_string(test::kStart + kDayMs) + " 4 9"}));
}

TEST(Resample, AddsWhatNoMantissaHolds) {
  const CandleBatch rows = closes({{minute(0), "9223372036854775807"},
                                   {minute(1), "9223372036854775807"},
                                   {minute(2), "0.000000000000000001"}});
  EXPECT_EQ(folded({rows}, Interval::k1m, Interval::k5m),
            (std::vector<std::string>{"3 " + std::to_string(minute(0)) +
                                      " 0.000000000000000001 "
                                      "18446744073709551614.000000000000000001"}));
}

TEST(Resample, RefusesDigitsThatItCannotAddExactly) {
  const CandleBatch rows =
      closes({{minute(0), "9223372036854775807"}, {minute(1), "0.000000000000000000000000000001"}});
  const std::vector<std::string> said = folded({rows}, Interval::k1m, Interval::k5m);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said[0].find("too many digits"), std::string::npos) << said[0];
}

TEST(Resample, OfNothingIsNothing) {
  EXPECT_TRUE(folded({}, Interval::k1m, Interval::k1h).empty());
}

}  // namespace
}  // namespace bf::store
