// engine/exchange/cursor_candles.h
//
// Candles behind cursors, as OKX and BloFin serve them: `after=T` is the upper end (rows OLDER than T),
// `before=T` the lower one (rows NEWER than T), both exclusive; rows come newest first; of more rows than
// fit, the oldest are lost in silence. `before` alone gives the newest rows, not the ones next to T, so
// both are always sent.
//
//   a candle      [ts, open, high, low, close, vol, volCcy, volCcyQuote, confirm]
//   a price       [ts, open, high, low, close, confirm]             of mark and index prices
//
// All are strings. `confirm` is "1" for a closed candle and "0" for the forming one.
#pragma once

#include <string>
#include <string_view>

#include "engine/exchange/market_api.h"

namespace bf::exchange::cursor {

/// Which fields of a row count, from 0. `confirm` is the last one.
struct RowLayout {
  int fields = 0;
  int volume = -1;        ///< base units; -1: none
  int quote_volume = -1;  ///< -1: none
};
inline constexpr RowLayout kPriceRow = {6, -1, -1};
/// Where `vol` is an amount of the base asset and `volCcy` one of the quote asset.
inline constexpr RowLayout kSpotRow = {9, 5, 7};
/// Where `vol` is a number of contracts and `volCcy` an amount of the base asset.
inline constexpr RowLayout kContractRow = {9, 6, 7};

/// "PATH?instId=ID&bar=BAR&before=A&after=B&limit=N". The cursors lie beside the grid, 1 ms before the
/// window and in its last ms, so that it is the same rows whether the ends are exclusive or inclusive.
[[nodiscard]] std::string candles_target(std::string_view path, std::string_view id,
                                         std::string_view bar, TimeRange window, std::int64_t rows);

/// Reads the rows of an answer, as MarketApi::parse_candles. Rows that are flagged as forming are left
/// out where no closed one is newer: one that a later candle has followed is closed, whatever its flag.
/// Errors: kProtocol, naming the row; also more than kFormingRowsMax forming ones.
[[nodiscard]] Result<void> parse_candles(Interval interval, ColumnSet columns, RowLayout layout,
                                         std::string_view padded_body, CandleBatch& out);
/// One is; two at the turn of an interval.
inline constexpr std::size_t kFormingRowsMax = 2;

}  // namespace bf::exchange::cursor
