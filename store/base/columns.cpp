#include "store/base/columns.h"

#include <algorithm>

#include "store/base/assert.h"

namespace bf {
namespace {

constexpr std::array<std::string_view, kColumnCount> kNames = {"open_time",      "open",
                                                               "high",           "low",
                                                               "close",          "volume",
                                                               "quote_volume",   "trades",
                                                               "taker_buy_base", "taker_buy_quote",
                                                               "funding_rate",   "mark_price",
                                                               "funding_hours",  "index_price"};

bool by_row_and_column(const WideValue& a, const WideValue& b) {
  return a.row != b.row ? a.row < b.row : a.column < b.column;
}

/// The first entry of a row at or behind `row`, in a list that is sorted by row.
template <class Entries>
auto first_at(Entries& entries, std::size_t row) {
  return std::lower_bound(entries.begin(), entries.end(), row,
                          [](const auto& entry, std::size_t wanted) { return entry.row < wanted; });
}

const WideValue* find_wide(const CandleBatch& batch, Column column, std::size_t row) {
  for (auto at = first_at(batch.wide, row); at != batch.wide.end() && at->row == row; ++at) {
    if (at->column == column) return &*at;
  }
  return nullptr;
}

}  // namespace

std::string_view column_name(Column column) noexcept {
  return kNames[static_cast<std::size_t>(column)];
}

Result<Column> parse_column(std::string_view name) {
  std::string known;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Column>(i);
    known.append(i == 0 ? "" : " ").append(kNames[i]);
  }
  return fail(Code::kUsage, "unknown column \"" + std::string(name) + "\"; known: " + known);
}

void CandleBatch::swap(CandleBatch& other) noexcept {
  std::swap(columns, other.columns);
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    data[i].values.swap(other.data[i].values);
    std::swap(data[i].scale, other.data[i].scale);
  }
  wide.swap(other.wide);
  odd_close_times.swap(other.odd_close_times);
}

void CandleBatch::reserve(std::size_t rows) {
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (columns.contains(static_cast<Column>(i))) data[i].values.reserve(rows);
  }
}

void CandleBatch::clear() noexcept {
  for (ColumnValues& column : data) {
    column.values.clear();
    column.scale = 0;
  }
  wide.clear();
  odd_close_times.clear();
}

void CandleBatch::append(Column column, Decimal value) {
  ColumnValues& target = this->column(column);
  if (value.scale > target.scale) {
    value = value.normalized();
    if (value.scale > target.scale) raise_scale(column, value.scale);
  }
  std::int64_t mantissa = 0;
  if (!scale_up(value.mantissa, target.scale - value.scale, mantissa)) {
    append_wide(column, format_decimal(value));
    return;
  }
  target.values.push_back(mantissa);
}

void CandleBatch::append_wide(Column column, std::string text) {
  ColumnValues& target = this->column(column);
  WideValue value{static_cast<std::uint32_t>(target.values.size()), column, std::move(text)};
  const auto at = std::upper_bound(wide.begin(), wide.end(), value, by_row_and_column);
  wide.insert(at, std::move(value));
  target.values.push_back(0);
}

void CandleBatch::raise_scale(Column column, int scale) {
  ColumnValues& target = this->column(column);
  const int exponent = scale - target.scale;
  const std::size_t wide_before = wide.size();
  for (std::size_t row = 0; row < target.values.size(); ++row) {
    std::int64_t mantissa = 0;
    if (scale_up(target.values[row], exponent, mantissa)) {
      target.values[row] = mantissa;
      continue;
    }
    wide.push_back(WideValue{static_cast<std::uint32_t>(row), column,
                             format_decimal(Decimal{target.values[row], target.scale})});
    target.values[row] = 0;
  }
  if (wide.size() != wide_before) std::sort(wide.begin(), wide.end(), by_row_and_column);
  target.scale = scale;
}

std::string CandleBatch::text_at(Column column, std::size_t row) const {
  if (const WideValue* value = find_wide(*this, column, row)) return value->text;
  const ColumnValues& values = this->column(column);
  return format_decimal(Decimal{values.values[row], values.scale});
}

TimeMs CandleBatch::odd_close_time(std::size_t row) const noexcept {
  const auto at = first_at(odd_close_times, row);
  return at != odd_close_times.end() && at->row == row ? at->close_time : 0;
}

void CandleBatch::append_row(const CandleBatch& other, std::size_t row) {
  append_rows(other, row, row + 1);
}

void CandleBatch::append_rows(const CandleBatch& other, std::size_t begin, std::size_t end) {
  BF_ASSERT(other.columns == columns);
  BF_ASSERT(begin <= end && end <= other.row_count());
  const std::size_t base = row_count();
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    const auto id = static_cast<Column>(i);
    if (!columns.contains(id)) continue;
    const ColumnValues& from = other.data[i];
    if (data[i].values.empty()) data[i].scale = from.scale;
    if (data[i].scale == from.scale) {
      data[i].values.insert(data[i].values.end(),
                            from.values.begin() + static_cast<std::ptrdiff_t>(begin),
                            from.values.begin() + static_cast<std::ptrdiff_t>(end));
      continue;
    }
    for (std::size_t row = begin; row < end; ++row)
      append(id, Decimal{from.values[row], from.scale});
  }
  for (auto at = first_at(other.wide, begin); at != other.wide.end() && at->row < end; ++at) {
    const auto row = static_cast<std::uint32_t>(base + at->row - begin);
    wide.push_back(WideValue{row, at->column, at->text});
  }
  // Values that grew too wide on the way here stand before those of `other`.
  std::sort(first_at(wide, base), wide.end(), by_row_and_column);
  for (auto at = first_at(other.odd_close_times, begin);
       at != other.odd_close_times.end() && at->row < end; ++at) {
    odd_close_times.push_back(
        OddCloseTime{static_cast<std::uint32_t>(base + at->row - begin), at->close_time});
  }
}

bool same_row(const CandleBatch& a, std::size_t row_a, const CandleBatch& b, std::size_t row_b) {
  if (!(a.columns == b.columns)) return false;
  if (a.odd_close_time(row_a) != b.odd_close_time(row_b)) return false;
  const bool any_wide = !a.wide.empty() || !b.wide.empty();
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    const auto id = static_cast<Column>(i);
    if (!a.columns.contains(id)) continue;
    if (any_wide) {
      if (a.text_at(id, row_a) != b.text_at(id, row_b)) return false;
      continue;
    }
    const Decimal value_a{a.data[i].values[row_a], a.data[i].scale};
    const Decimal value_b{b.data[i].values[row_b], b.data[i].scale};
    if (!(value_a == value_b) && !(value_a.normalized() == value_b.normalized())) return false;
  }
  return true;
}

}  // namespace bf
