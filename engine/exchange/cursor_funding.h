// engine/exchange/cursor_funding.h
//
// Funding behind cursors, as OKX and BloFin serve it: as their candles (cursor_candles.h), newest first,
// `after=T` older than T, `before=T` newer than T, both exclusive and always sent together.
//
//   {"code":"0","data":[{"instId","fundingRate","fundingTime", OKX: "realizedRate", ...}]}
//
// All are strings. OKX's realizedRate is what was paid; it is "" where OKX does not know it any more.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/base/columns.h"
#include "store/base/result.h"
#include "store/base/time.h"

namespace bf::exchange::cursor {

/// "PATH?instId=ID&before=A&after=B&limit=N". Were the cursors inclusive, an event right before the
/// window, and one at its end, would come as well.
[[nodiscard]] std::string funding_target(std::string_view path, std::string_view id,
                                         TimeRange window, std::uint32_t rows_max);

/// As MarketApi::parse_events. Errors: kProtocol, naming the event.
[[nodiscard]] Result<void> parse_funding(std::string_view id, std::string_view padded_body,
                                         std::vector<CandleBatch>& runs);

}  // namespace bf::exchange::cursor
