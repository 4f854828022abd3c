// engine/sim/column_text.h
//
// The truth's rows as exchanges write them that send one array a column, of JSON numbers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bf::sim {

/// A decimal as a double is written in JSON: without trailing zeros, whole numbers with ".0".
[[nodiscard]] std::string double_text(std::string_view decimal);

/// Fields of joined rows (kline_text.h), a row after the other; numbers as double_text() has them.
struct Columns {
  std::vector<std::string> open_times;  ///< ms
  std::vector<std::string> open, high, low, close, volume, quote_volume;
};
[[nodiscard]] Columns columns_of(std::string_view json_rows);

/// "[1.0,2.5]"
[[nodiscard]] std::string number_array(const std::vector<std::string>& values);

}  // namespace bf::sim
