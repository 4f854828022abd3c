// store/base/columns.h
//
// Rows as columns: what parsers fill, frames carry, segments hold and scans return. Most rows are
// candles; those of funding are events, with columns of their own.
//
//   column        shape     unit
//   open_time     int64[N]  ms since 1970-01-01 UTC
//   prices        int64[N]  mantissas at the column's scale, quote currency per base unit
//   volumes       int64[N]  mantissas at the column's scale, base (or quote) units
//   trades        int64[N]  count, scale 0
//   funding_rate  int64[N]  mantissas at the column's scale: 0.0001 is 0.01 % of the position, signed
//   funding_hours int64[N]  count of hours that the rate is for, scale 0
//   index_price   int64[N]  mantissas at the column's scale
//
// Source: the digits that the exchange sent, untouched (trailing zeros apart).
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "store/base/decimal.h"
#include "store/base/result.h"
#include "store/base/time.h"

namespace bf {

/// The columns by id. The numbers are part of the store's format: never reuse or reorder them.
enum class Column : std::uint8_t {
  kOpenTime = 0,
  kOpen = 1,
  kHigh = 2,
  kLow = 3,
  kClose = 4,
  kVolume = 5,         ///< base units
  kQuoteVolume = 6,    ///< quote units
  kTrades = 7,         ///< count
  kTakerBuyBase = 8,   ///< base units bought by takers
  kTakerBuyQuote = 9,  ///< quote units bought by takers
  kFundingRate = 10,   ///< what longs pay shorts, a share of the position
  kMarkPrice = 11,     ///< by which the position was valued
  kFundingHours = 12,  ///< hours that the rate is for
  kIndexPrice = 13,    ///< the index at that instant
};
inline constexpr std::size_t kColumnCount = 14;

/// "open_time", "open", ... as exports write them.
[[nodiscard]] std::string_view column_name(Column column) noexcept;
/// Errors: kUsage, with the list of names.
[[nodiscard]] Result<Column> parse_column(std::string_view name);

/// A set of columns; the open time is always in it.
class ColumnSet {
 public:
  constexpr ColumnSet() = default;
  constexpr ColumnSet(std::initializer_list<Column> columns) {
    for (const Column column : columns) insert(column);
  }
  [[nodiscard]] static constexpr ColumnSet from_bits(std::uint32_t bits) {
    ColumnSet set;
    set.bits_ = bits | 1U;
    return set;
  }
  constexpr void insert(Column column) { bits_ |= 1U << static_cast<unsigned>(column); }
  [[nodiscard]] constexpr bool contains(Column column) const {
    return (bits_ >> static_cast<unsigned>(column) & 1U) != 0;
  }
  [[nodiscard]] constexpr ColumnSet intersect(ColumnSet other) const {
    return from_bits(bits_ & other.bits_);
  }
  [[nodiscard]] constexpr std::uint32_t bits() const { return bits_; }
  friend constexpr bool operator==(ColumnSet, ColumnSet) = default;

 private:
  std::uint32_t bits_ = 1U;
};
inline constexpr ColumnSet kOhlcvColumns = {Column::kOpen, Column::kHigh, Column::kLow,
                                            Column::kClose, Column::kVolume};
/// The ten of a candle; mark, index and premium have some of them.
inline constexpr ColumnSet kCandleColumns =
    ColumnSet::from_bits((1U << static_cast<unsigned>(Column::kFundingRate)) - 1);
inline constexpr ColumnSet kFundingColumns = {Column::kFundingRate, Column::kMarkPrice,
                                              Column::kFundingHours, Column::kIndexPrice};
/// Whatever is stored.
inline constexpr ColumnSet kAllColumns = ColumnSet::from_bits((1U << kColumnCount) - 1);

/// Whether the columns with these bits are known and can belong to one row.
[[nodiscard]] constexpr bool go_together(std::uint64_t bits) noexcept {
  return (bits & ~std::uint64_t{kCandleColumns.bits()}) == 0 ||
         (bits & ~std::uint64_t{kFundingColumns.bits()}) == 0;
}

/// One column's values: mantissas at one scale.
struct ColumnValues {
  std::vector<std::int64_t> values;
  int scale = 0;
};

/// A value that no int64 mantissa at its column's scale holds: the canonical text (canonical_decimal)
/// stands here and 0 in the column.
struct WideValue {
  std::uint32_t row = 0;
  Column column = Column::kOpen;
  std::string text;
  friend bool operator==(const WideValue&, const WideValue&) = default;
};

/// A close time that is not open time + interval - 1 ms (it happens in outages).
struct OddCloseTime {
  std::uint32_t row = 0;
  TimeMs close_time = 0;
  friend bool operator==(const OddCloseTime&, const OddCloseTime&) = default;
};

/// N rows. Columns that are not in `columns` are empty; all others have row_count() values.
/// `wide` is sorted by row and column, `odd_close_times` by row.
struct CandleBatch {
  ColumnSet columns;
  std::array<ColumnValues, kColumnCount> data;
  std::vector<WideValue> wide;
  std::vector<OddCloseTime> odd_close_times;

  [[nodiscard]] std::size_t row_count() const noexcept { return open_time().size(); }
  [[nodiscard]] bool empty() const noexcept { return open_time().empty(); }
  [[nodiscard]] const std::vector<std::int64_t>& open_time() const noexcept {
    return data[0].values;
  }
  [[nodiscard]] ColumnValues& column(Column c) noexcept {
    return data[static_cast<std::size_t>(c)];
  }
  [[nodiscard]] const ColumnValues& column(Column c) const noexcept {
    return data[static_cast<std::size_t>(c)];
  }

  /// Exchanges what both hold; no value moves.
  void swap(CandleBatch& other) noexcept;
  void reserve(std::size_t rows);
  /// Keeps capacities: a batch is reused page after page.
  void clear() noexcept;

  /// Appends one value to `column`. The column's scale rises when the value needs it; where the
  /// mantissas do not fit, the value (or the older one) becomes a WideValue.
  void append(Column column, Decimal value);
  /// Appends a kWide value by its canonical text.
  void append_wide(Column column, std::string text);

  /// The value at (row, column) as canonical text, whether it is wide or not.
  [[nodiscard]] std::string text_at(Column column, std::size_t row) const;
  /// The close time that belongs to `row`, or 0 where it is the usual one.
  [[nodiscard]] TimeMs odd_close_time(std::size_t row) const noexcept;

  /// Appends row `row` of `other`, which has the same columns; scales may differ.
  void append_row(const CandleBatch& other, std::size_t row);
  /// Appends rows [begin, end) of `other`, which has the same columns; scales may differ.
  void append_rows(const CandleBatch& other, std::size_t begin, std::size_t end);

 private:
  void raise_scale(Column column, int scale);
};

/// Whether two rows hold the same values in every column of either (digits compared by value, odd
/// close times too).
[[nodiscard]] bool same_row(const CandleBatch& a, std::size_t row_a, const CandleBatch& b,
                            std::size_t row_b);

}  // namespace bf
