// engine/exchange/deribit.h
//
// How Deribit speaks: JSON-RPC answers to plain GETs below /api/v2/public. Source: docs.deribit.com
// (OpenAPI 2.1.1) of 2026-08.
//
//   a good answer  {"jsonrpc":"2.0","result":...,"usIn":us,"usOut":us,"usDiff":us,"testnet":false}
//   a bad one      {"jsonrpc":"2.0","error":{"code":10028,"message":"too_many_requests","data":...}},
//                  with HTTP status 400 or others: the body decides
//   candles        one array a column; numbers, not strings: the digits as sent are what is kept
//
// Observed beyond the documents: a window of more than about 5000 candles is answered with its newest
// ones, without a word.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/exchange/market_api.h"

namespace bf::exchange::deribit {

/// How `resolution` spells an interval; empty for those that Deribit does not have.
[[nodiscard]] std::string_view resolution_of(Interval interval) noexcept;

/// Reads the answer of get_tradingview_chart_data. Errors: kProtocol, naming the candle.
[[nodiscard]] Result<void> parse_chart(Interval interval, ColumnSet columns,
                                       std::string_view padded_body, CandleBatch& out);

/// The funding of `window`; both ends are inclusive.
[[nodiscard]] std::string funding_target(std::string_view symbol, TimeRange window);
/// Reads the answer of get_funding_rate_history, as MarketApi::parse_events.
[[nodiscard]] Result<void> parse_funding(std::string_view padded_body,
                                         std::vector<CandleBatch>& runs);

/// Reads one answer of get_instruments with kind=future. Instruments of other kinds are passed over; a
/// future that cannot be read fails the list and is named: left out, nobody would backfill it.
/// `server_time` is that of the answer. Errors: kProtocol.
[[nodiscard]] Result<InstrumentList> parse_instrument_list(std::string_view padded_body);

/// Reads the answer of get_time. Errors: kProtocol.
[[nodiscard]] Result<TimeMs> parse_time_answer(std::string_view padded_body);

/// MarketApi::failure().
[[nodiscard]] std::optional<ApiFailure> failure_of(const ApiResponse& response, TimeMs now);

}  // namespace bf::exchange::deribit
