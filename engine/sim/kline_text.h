// engine/sim/kline_text.h
//
// Rows of klines as text: between the JSON that REST serves and the CSV that archives hold, and as
// fields, for whoever wants to change one.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "store/base/time.h"

namespace bf::sim {

/// The columns of a kline row by position.
enum KlineField : std::size_t {
  kOpenTimeField,
  kOpenField,
  kHighField,
  kLowField,
  kCloseField,
  kVolumeField,
  kCloseTimeField,
  kQuoteVolumeField,
  kTradesField,
  kTakerBuyBaseField,
  kTakerBuyQuoteField,
  kIgnoreField,
  kKlineFields,
};
using KlineFields = std::array<std::string, kKlineFields>;

/// Appends a CSV line's fields as a JSON row. Whether they are numbers is the caller's to know.
void append_json_row(const std::array<std::string_view, kKlineFields>& fields, std::string& out);

/// Appends joined JSON rows (truth.h) as CSV lines, each with a line end. `microseconds`: times are
/// written as spot archives have them since 2025: open time x 1000, close time x 1000 + 999.
void append_csv(std::string_view json_rows, bool microseconds, std::string& out);

/// The rows of joined JSON rows, each with its brackets; they point into `json_rows`.
[[nodiscard]] std::vector<std::string_view> split_rows(std::string_view json_rows);
[[nodiscard]] std::string join_rows(const std::vector<std::string>& rows);

[[nodiscard]] KlineFields row_fields(std::string_view json_row);
[[nodiscard]] std::string json_row(const KlineFields& fields);

/// `json_row` as it looks when its candle has only begun: one price, the open, and nothing traded.
[[nodiscard]] std::string forming_row(std::string_view json_row);

}  // namespace bf::sim
