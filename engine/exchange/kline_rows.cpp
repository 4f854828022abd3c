#include "engine/exchange/kline_rows.h"

#include <array>
#include <span>
#include <utility>

namespace bf::exchange::binance {
namespace {

/// Which number of a row is which column's.
constexpr std::array<std::pair<std::size_t, Column>, 9> kNumbers = {{
    {1, Column::kOpen},
    {2, Column::kHigh},
    {3, Column::kLow},
    {4, Column::kClose},
    {5, Column::kVolume},
    {7, Column::kQuoteVolume},
    {8, Column::kTrades},
    {9, Column::kTakerBuyBase},
    {10, Column::kTakerBuyQuote},
}};

}  // namespace

std::size_t write_rows(const NumberRows& rows, ColumnSet columns, CandleWriter& writer) {
  for (std::size_t row = 0; row < rows.count; ++row) {
    const bool sound = writer.open_time(rows.mantissas[kOpenTimeNumber][row]) &&
                       writer.close_time(rows.mantissas[kCloseTimeNumber][row]);
    if (!sound) return row;
  }
  for (const auto& [number, column] : kNumbers) {
    if (!columns.contains(column)) continue;
    const std::span mantissas(rows.mantissas[number].data(), rows.count);
    writer.plain_numbers(column, mantissas, rows.places[number]);
  }
  return rows.count;
}

}  // namespace bf::exchange::binance
