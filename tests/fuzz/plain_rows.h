// tests/fuzz/plain_rows.h
//
// Cells and tables of candles, read slowly from a PlainValue, to hold against a CandleBatch.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/base/columns.h"
#include "store/base/decimal.h"
#include "store/base/time.h"
#include "tests/fuzz/plain_json.h"

namespace bf::fuzz {

using Table = std::vector<std::vector<std::string>>;

/// Up to 18 digits, as a text or as a number; "" as a text is 0.
inline std::optional<std::int64_t> digits_of(const PlainValue& value) {
  const bool text = value.kind == PlainValue::Kind::kText;
  if (!text && value.kind != PlainValue::Kind::kNumber) return std::nullopt;
  if (value.text.size() > 18) return std::nullopt;
  std::int64_t digits = 0;
  for (const char c : value.text) {
    if (c < '0' || c > '9') return std::nullopt;
    digits = digits * 10 + (c - '0');
  }
  return digits;
}

inline std::optional<TimeMs> time_of(const PlainValue& value) {
  const std::optional<std::int64_t> time = digits_of(value);
  if (!time || *time < kTimeMin || *time >= kTimeMax) return std::nullopt;
  return time;
}

/// The canonical text of a cell; nullopt where it is none.
inline std::optional<std::string> cell(const PlainValue& value, Column column) {
  if (column == Column::kOpenTime) {
    const std::optional<TimeMs> time = time_of(value);
    return time && !value.text.empty() ? std::optional(std::to_string(*time)) : std::nullopt;
  }
  const bool text = value.kind == PlainValue::Kind::kText;
  if (!text && value.kind != PlainValue::Kind::kNumber) return std::nullopt;
  if (value.text.size() > 512) return std::nullopt;
  const Result<std::string> plain = canonical_decimal(value.text);
  return plain ? std::optional(*plain) : std::nullopt;
}

inline Table table_of(const CandleBatch& batch, std::span<const Column> columns) {
  Table table(batch.row_count());
  for (std::size_t row = 0; row < table.size(); ++row) {
    for (const Column column : columns) table[row].push_back(batch.text_at(column, row));
  }
  return table;
}

}  // namespace bf::fuzz
