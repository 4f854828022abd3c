// engine/exchange/yahoo.h
//
// How Yahoo's chart service speaks. It is undocumented: this is what the yfinance library (2026-08) and
// reports of its users say.
//
//   {"chart":{"result":[{"meta":{"dataGranularity":"1m",...},"timestamp":[s,...],"indicators":
//     {"quote":[{"open":[...],"high":[...],"low":[...],"close":[...],"volume":[...]}]}}],"error":null}}
//
//   no data     `timestamp` is not there
//   null        in all five arrays: nothing was traded in that minute. A null volume alone is 0
//   last row    often a live price at an odd second, or behind the end that was asked for
//   numbers     binary floats with noise in their last digits; kept as they are sent
#pragma once

#include <optional>
#include <string_view>

#include "engine/exchange/market_api.h"

namespace bf::exchange::yahoo {

/// How `interval` spells it; empty for those that are not to be had on the UTC grid.
[[nodiscard]] std::string_view interval_text(Interval interval) noexcept;

/// Reads the answer of a chart. Rows with a price of null and rows off the minute grid are no candles:
/// they are left out. Errors: kProtocol, naming the row; also for an answer of another granularity.
[[nodiscard]] Result<void> parse_chart(Interval interval, ColumnSet columns,
                                       std::string_view padded_body, CandleBatch& out);

/// MarketApi::failure().
[[nodiscard]] std::optional<ApiFailure> failure_of(const ApiResponse& response, TimeMs now);

}  // namespace bf::exchange::yahoo
