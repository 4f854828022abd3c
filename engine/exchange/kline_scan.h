// engine/exchange/kline_scan.h
//
// The quick reading of a page of Binance's klines, for the one shape that their server writes them in:
//
//   [[1577836800000,"0.1","0.2","0.1","0.2","3.0",1577836859999,"0.5",7,"1.0","0.2","0"],[ ... ]]
//
// without a space, numbers in quotes but for times and counts. What is spelled in any other way is no
// less valid, and left to simdjson.
#pragma once

#include <string_view>

#include "engine/exchange/candle_writer.h"

namespace bf::exchange::binance {

/// Reads the page through `writer`, which keeps `columns`: the four prices, and what else there is.
/// False where it has another shape, or a row that cannot be read: then rows may have been written, the
/// last one by half.
[[nodiscard]] bool scan_klines(std::string_view padded_body, ColumnSet columns,
                               CandleWriter& writer);

}  // namespace bf::exchange::binance
