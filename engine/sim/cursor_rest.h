// engine/sim/cursor_rest.h
//
// Candles behind cursors, as OKX and BloFin serve them, and the envelope that their answers come in.
//
//   after=T    rows older than T;  before=T  rows newer than T; both exclusive, or as documents may be
//              read, inclusive (CursorRules)
//   which rows always the newest of those between the cursors: `before` alone gives the newest of all
//   order      newest first
//   forming    the candle that has begun is the first row, unfinished, with confirm "0"
#pragma once

#include <string>
#include <string_view>

#include "engine/sim/query.h"
#include "engine/sim/rest_call.h"

namespace bf::sim {

/// {"code":"51001","msg":"...","data":[]}
[[nodiscard]] std::string envelope_error_body(const RestError& error);
/// {"code":"0","msg":MSG,"data":DATA}
[[nodiscard]] std::string envelope_body(std::string_view message, std::string_view data);

struct CursorRules {
  std::uint32_t rows_default = 100;
  std::uint32_t rows_max = 100;  ///< more are not given, whatever the limit says
  bool ends_included = false;    ///< the other reading of before and after
  int bad_parameter = 0;         ///< code
};
/// Reads before, after and limit. `call.error` is set where one is no number.
void read_cursors(const Query& query, const CursorRules& rules, RestCall& call);

/// What the fields of a row are.
enum class CursorRow : std::uint8_t {
  kPrice,     ///< [ts, o, h, l, c, confirm]
  kSpot,      ///< vol: base; volCcy: quote; volCcyQuote: quote
  kContract,  ///< vol: contracts, of contract_tick(); volCcy: base; volCcyQuote: quote
};
/// What a contract of the simulator is worth: a tenth of the smallest quantity, so that no number of
/// contracts passes for an amount.
[[nodiscard]] std::string contract_tick(const SimInstrument& instrument);

struct CursorPage {
  const SimInstrument* instrument = nullptr;
  CursorRow row = CursorRow::kPrice;
  /// Where the endpoint's rows begin and end, apart from what the request asks.
  TimeRange reach{0, kTimeMax};
};
/// The answer to a request for rows; `change` as Venue::answer().
[[nodiscard]] RestAnswer cursor_page(const Truth& truth, const RestCall& call,
                                     const CursorPage& page, TimeMs now, const RowChange& change);

}  // namespace bf::sim
