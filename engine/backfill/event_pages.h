// engine/backfill/event_pages.h
//
// A range of events over REST, asked for page by page until none of it is open.
//
// How many events a range holds is not known before. So a page with as many rows as the exchange gives
// at most may have been cut, and documents do not always say at which end: it is believed from its first
// row to its last. What lies before and behind is asked for again, each with that row in it: an answer
// that lacks it is wrong. Where a window had to be cut because the exchange takes no longer one, the next
// begins right behind the last row. So no two answers meet between two events, where neither would span
// what lies between (store/gap_index.h), and nothing has to be asked again for that.
#pragma once

#include "engine/backfill/series_state.h"

namespace bf::backfill {

/// Asks for the events of `wanted`, each page as often as that may help. What fails for good is noted in
/// `state`. Releases the place that its caller holds in market.in_flight.
/// Lifetime: `state` outlives the task. Errors: those that end the series' run.
[[nodiscard]] async::Task<Result<void>> fetch_events(SeriesState& state, TimeRange wanted,
                                                     async::CancelToken cancel);

}  // namespace bf::backfill
