// engine/exchange/binance.h
//
// What the markets of Binance share: how intervals and queries are spelled, candle rows, instrument
// lists, errors. Source: binance/binance-spot-api-docs of 2026-07-21 and the texts of the official
// connector of 2026-08-21.
//
// Observed beyond the documents: the last row of a page may be the candle that is still open; in
// outages a close time is earlier than open time + interval - 1 ms; rows of an outage are missing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/exchange/market_api.h"

namespace bf::exchange::binance {

/// Used weight of this IP in the present minute, as every answer reports it.
inline constexpr std::string_view kUsedWeightHeader = "x-mbx-used-weight-1m";
inline constexpr std::string_view kWeightRule = "weight per minute";
inline constexpr std::string_view kRequestsRule = "raw requests per 5 minutes";

/// How the REST API spells an interval ("1M" for 1mo); empty for those that Binance does not have.
[[nodiscard]] std::string_view rest_interval(Interval interval) noexcept;
/// How the archive spells it ("1mo").
[[nodiscard]] std::string_view archive_interval(Interval interval) noexcept;

/// What a page of `rows` costs. Requires: 1 <= rows <= the rows of the last band.
[[nodiscard]] std::uint32_t weight_of(std::span<const PageBand> bands, std::int64_t rows) noexcept;

/// "PATH?KEY=SYMBOL&interval=I&startTime=A&endTime=B&limit=N": both ends are inclusive, by open time.
[[nodiscard]] std::string klines_target(std::string_view path, std::string_view key,
                                        std::string_view symbol, Interval interval,
                                        TimeRange window, std::int64_t limit);
/// The same without an end, for one row: the oldest one at or behind `from`.
[[nodiscard]] std::string next_kline_target(std::string_view path, std::string_view key,
                                            std::string_view symbol, Interval interval,
                                            TimeMs from);

/// Reads the rows of any kline endpoint into `columns`. Errors: kProtocol, naming the row.
[[nodiscard]] Result<void> parse_klines(Interval interval, ColumnSet columns,
                                        std::string_view padded_body, CandleBatch& out);

/// Funding: both ends are inclusive; of more events than fit the oldest come.
[[nodiscard]] std::string funding_target(std::string_view symbol, TimeRange window,
                                         std::uint32_t rows_max);
/// As MarketApi::parse_events.
[[nodiscard]] Result<void> parse_funding(std::string_view symbol, std::string_view padded_body,
                                         std::vector<CandleBatch>& runs);

/// Reads exchangeInfo. Limits are named after the one of `rules` with their unit and window.
/// Errors: kProtocol. A symbol that cannot be read fails the list and is named: left out, it would be
/// an instrument that nobody backfills.
[[nodiscard]] Result<InstrumentList> parse_exchange_info(std::string_view market,
                                                         const limits::LimitRules& rules,
                                                         std::string_view padded_body);
/// Reads {"serverTime": ms}. Errors: kProtocol.
[[nodiscard]] Result<TimeMs> parse_time_answer(std::string_view padded_body);

/// MarketApi::failure() of both markets.
struct FailureAdvice {
  std::string_view market;          ///< "um", "spot"
  bool busy_is_minus_1004 = false;  ///< code -1004: a busy server (spot), or a refused address (um)
  std::string_view blocked;         ///< what to do when the country is refused (HTTP 451)
};
[[nodiscard]] std::optional<ApiFailure> failure_of(const ApiResponse& response, TimeMs now,
                                                   const FailureAdvice& advice);

}  // namespace bf::exchange::binance
