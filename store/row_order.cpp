#include "store/row_order.h"

#include <utility>

namespace bf::store {

std::strong_ordering compare_rank(const Answer& a, const Answer& b, std::string_view own_exchange) {
  const bool own_a = a.exchange == own_exchange;
  const bool own_b = b.exchange == own_exchange;
  if (own_a != own_b) return own_a <=> own_b;
  // The smaller name and the smaller channel number rank higher: hence the swapped operands.
  if (const auto order = b.exchange <=> a.exchange; order != 0) return order;
  if (const auto order = b.channel <=> a.channel; order != 0) return order;
  return a.asked_at <=> b.asked_at;
}

std::strong_ordering compare_rest(const Answer& a, const Answer& b) {
  if (const auto order = a.archive_hash <=> b.archive_hash; order != 0) return order;
  if (const auto order = a.asked.from <=> b.asked.from; order != 0) return order;
  if (const auto order = a.asked.to <=> b.asked.to; order != 0) return order;
  if (const auto order = a.first_row <=> b.first_row; order != 0) return order;
  return a.last_row <=> b.last_row;
}

std::string row_values(const CandleBatch& rows, std::size_t row) {
  const bool funding = rows.columns.intersect(kFundingColumns) != ColumnSet{};
  const ColumnSet listed = funding ? kFundingColumns : kCandleColumns;
  std::string text;
  bool first = true;
  for (std::size_t i = 1; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    if (!listed.contains(column)) continue;
    if (!std::exchange(first, false)) text += ',';
    if (rows.columns.contains(column)) text += rows.text_at(column, row);
  }
  if (funding) text.erase(text.find_last_not_of(',') + 1);
  if (const TimeMs close_time = rows.odd_close_time(row); close_time != 0) {
    text += ";close_time=" + std::to_string(close_time);
  }
  return text;
}

}  // namespace bf::store
