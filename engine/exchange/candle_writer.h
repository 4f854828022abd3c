// engine/exchange/candle_writer.h
//
// Writes the candles of one answer straight into columns, digit by digit and exactly. The parsers of
// the exchanges find where a value stands; what it means is read here, once for all of them.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <span>

#include "engine/exchange/number_scan.h"
#include "store/base/columns.h"
#include "store/base/interval.h"

namespace bf::exchange {

/// A number's text beyond this length is not a number, whatever it says.
inline constexpr std::ptrdiff_t kNumberBytesMax = 512;
/// What the shortest possible row takes.
inline constexpr std::size_t kRowBytesMin = 60;

class CandleWriter {
 public:
  /// Empties `out`, which outlives the writer, and gives it `columns`.
  CandleWriter(Interval interval, ColumnSet columns, CandleBatch& out)
      : interval_(interval),
        length_(interval == Interval::k1mo ? 0 : interval_ms(interval)),
        out_(out) {
    out.clear();
    out.columns = columns;
  }

  /// Makes room for the rows of a page of `bytes`, of which one takes about `row_bytes`.
  void reserve(std::size_t bytes, std::size_t row_bytes = kRowBytesMin);

  /// Begins a row. False when `time` lies outside [kTimeMin, kTimeMax): nothing was written.
  [[nodiscard]] bool open_time(TimeMs time) {
    if (time < kTimeMin || time >= kTimeMax) return false;
    open_time_ = time;
    out_.column(Column::kOpenTime).values.push_back(time);
    return true;
  }

  /// The close time of the row begun last: kept where it is not the usual one. False when it lies
  /// outside [kTimeMin, kTimeMax).
  [[nodiscard]] bool close_time(TimeMs time) {
    if (time < kTimeMin || time >= kTimeMax) return false;
    if (time != usual_close_time()) keep_odd_close_time(time);
    return true;
  }

  /// Reads a number at [at, end) into `column`. Returns the end of its text, which the caller holds
  /// against what must follow, or nullptr when no number stands there.
  [[nodiscard, gnu::always_inline]] const char* number(Column column, const char* at,
                                                       const char* end) {
    PlainNumber plain;
    const char* const next = scan_plain_number(at, end, plain);
    const bool exponent = next != nullptr && next != end && (*next | 0x20) == 'e';
    if (next == nullptr || exponent) return unusual_number(column, at, end);
    plain_number(column, plain);
    return next;
  }
  /// As number(), for one that has been read.
  [[gnu::always_inline]] void plain_number(Column column, PlainNumber plain) {
    ColumnValues& target = out_.column(column);
    if (plain.scale == target.scale) {
      target.values.push_back(plain.mantissa);
    } else {
      append(column, Decimal{plain.mantissa, plain.scale});
    }
  }

  /// As number(), for a count: digits alone.
  [[nodiscard, gnu::always_inline]] const char* count(Column column, const char* at,
                                                      const char* end) {
    std::int64_t value = 0;
    const char* const next = scan_whole_number(at, end, value);
    if (next != nullptr) out_.column(column).values.push_back(value);
    return next;
  }

  /// As plain_number(), for those of many rows.
  void plain_numbers(Column column, std::span<const std::int64_t> mantissas, int scale);

 private:
  [[nodiscard]] TimeMs usual_close_time() const noexcept {
    if (length_ == 0) return next_slot(interval_, open_time_) - 1;
    return open_time_ + length_ - 1;
  }
  void keep_odd_close_time(TimeMs time);
  [[nodiscard]] const char* unusual_number(Column column, const char* at, const char* end);
  void append(Column column, Decimal value);

  Interval interval_;
  DurationMs length_;  ///< of a candle; 0 for months
  CandleBatch& out_;
  TimeMs open_time_ = 0;
  std::uint32_t misfits_ = 0;  ///< columns that met a value too large for their scale, by bit
};

}  // namespace bf::exchange
