// engine/exchange/kline_csv.h
//
// The csv of Binance's archive: twelve columns as in a kline row, with or without a header line, times
// in milliseconds or microseconds.
#pragma once

#include <string_view>

#include "store/base/columns.h"
#include "store/base/interval.h"

namespace bf::exchange::binance {

/// Errors: kProtocol for a line that cannot be read, kDataQuality for a change of the time unit; both
/// name the line.
[[nodiscard]] Result<CandleBatch> parse_kline_csv(Interval interval, ColumnSet columns,
                                                  std::string_view csv);

}  // namespace bf::exchange::binance
