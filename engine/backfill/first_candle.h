// engine/backfill/first_candle.h
//
// When a series begins, on exchanges whose lists do not say it and which have no request for the oldest
// candle: pages of days, back from now until one is empty, then pages of the series itself from the
// oldest day on.
#pragma once

#include <optional>

#include "engine/backfill/run_state.h"

namespace bf::backfill {

/// The open time of the first candle; none where the exchange has no candle.
/// Errors: what the requests say; kProtocol for an answer that cannot be read.
[[nodiscard]] async::Task<Result<std::optional<TimeMs>>> search_first_candle(
    MarketRun& market, Series series, async::CancelToken cancel);

}  // namespace bf::backfill
