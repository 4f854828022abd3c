// engine/backfill/rest_pages.h
//
// One page of REST: asked for, read, and with what spans the hole at its end handed to the store.
#pragma once

#include "engine/backfill/series_state.h"

namespace bf::backfill {

/// Asks for the candles of `window` as often as that may help. A page that fails for good is noted in
/// `state`. Releases the place that its caller holds in market.in_flight.
/// Lifetime: `state` outlives the task. Errors: those that end the series' run.
[[nodiscard]] async::Task<Result<void>> fetch_page(SeriesState& state, TimeRange window,
                                                   async::CancelToken cancel);

}  // namespace bf::backfill
