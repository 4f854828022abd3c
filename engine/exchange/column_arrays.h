// engine/exchange/column_arrays.h
//
// Candles as some exchanges send them: one JSON array a column instead of one a candle. The arrays come
// in any order and are of equal length; what stands at the same place in each is one candle.
//
// Threads: one an object.
#pragma once

#include <simdjson.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/exchange/candle_writer.h"
#include "store/base/result.h"

namespace bf::exchange {

/// More candles than any answer holds that fits our bounds on its bytes and makes sense.
inline constexpr std::size_t kArrayRowsMax = 100'000;

/// The arrays of one answer, as the texts of their values. The texts point into the body.
class ColumnArrays {
 public:
  /// Empties it; the room is kept.
  void clear();
  /// Reads the array of `column`. False, with the reason in error(): it is not an array of scalars, it
  /// came before, or it has more than kArrayRowsMax values.
  [[nodiscard]] bool read(Column column, simdjson::ondemand::value from);

  [[nodiscard]] bool has(Column column) const noexcept {
    return there_[static_cast<std::size_t>(column)];
  }
  /// Whether no array came, or none with a value in it.
  [[nodiscard]] bool empty() const noexcept;
  /// Whether the array of each of `columns` came, and all of them are of the same length. False, with
  /// the reason in error().
  [[nodiscard]] bool complete(ColumnSet columns);
  /// Requires: complete().
  [[nodiscard]] std::size_t rows() const noexcept { return of(Column::kOpenTime).size(); }
  /// The value as it is written, with its quotes; followed by white space or nothing.
  [[nodiscard]] std::string_view text(Column column, std::size_t row) const noexcept {
    return of(column)[row];
  }
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

 private:
  using Texts = std::vector<std::string_view>;
  [[nodiscard]] const Texts& of(Column column) const noexcept {
    return texts_[static_cast<std::size_t>(column)];
  }
  bool failed(Column column, std::string_view what);

  std::array<bool, kColumnCount> there_{};
  std::array<Texts, kColumnCount> texts_;
  std::string error_;
};

/// A whole number, quoted or not, without a sign; false for anything else.
[[nodiscard]] bool read_whole_number(std::string_view text, std::int64_t& out);
/// Writes a number, quoted or not, exactly; false for anything else.
[[nodiscard]] bool write_number(CandleWriter& writer, Column column, std::string_view text);

/// "candle 3: high cannot be read: "x"".
[[nodiscard]] Error cell_error(std::size_t row, Column column, std::string_view text);

}  // namespace bf::exchange
