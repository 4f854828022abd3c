// engine/exchange/kline_rows.h
//
// What the twelve numbers of Binance's klines mean, for those that were read together (number_rows.h).
#pragma once

#include <cstddef>

#include "engine/exchange/candle_writer.h"
#include "engine/exchange/number_rows.h"

namespace bf::exchange::binance {

/// Which numbers of a row are its times.
inline constexpr std::size_t kOpenTimeNumber = 0;
inline constexpr std::size_t kCloseTimeNumber = 6;

/// Writes `rows`, of which `columns` are kept. Returns how many it wrote whole: a time outside [kTimeMin,
/// kTimeMax) ends it, and the batch may then hold a row by half.
[[nodiscard]] std::size_t write_rows(const NumberRows& rows, ColumnSet columns,
                                     CandleWriter& writer);

}  // namespace bf::exchange::binance
