// engine/exchange/instrument_rows.h
//
// Reading a list of instruments inside a {"code","msg","data"} envelope, row by row: what the lists of
// OKX and BloFin have in common. A row that cannot be read fails the list and is named: left out, it would
// be an instrument that nobody backfills.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "engine/exchange/json_members.h"
#include "engine/exchange/market_api.h"

namespace bf::exchange {

/// How the rows of one market are read.
struct InstrumentRows {
  std::string_view exchange;  ///< "okx"
  std::string_view market;    ///< "swap"
  /// Called before the members of each row.
  std::function<void()> begin;
  /// Reads one member into the row; false where it cannot be read.
  std::function<bool(std::string_view key, json::value content, InstrumentInfo& info)> member;
  /// Called behind the members: completes the row. Returns why it cannot be, or "".
  std::function<std::string(InstrumentInfo& info)> complete;
  /// Whether a complete row is to be passed over without a word.
  std::function<bool(const InstrumentInfo& info)> skip;
};
/// Errors: kProtocol.
[[nodiscard]] Result<InstrumentList> read_instrument_rows(const InstrumentRows& rows,
                                                          std::string_view padded_body);

/// A date in ms, as digits or as a string of them; "" and "0" stand for none. False where it is neither.
[[nodiscard]] bool read_date(json::value from, TimeMs& out);

}  // namespace bf::exchange
