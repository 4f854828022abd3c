// engine/backfill/archive_files.h
//
// One file of the bulk archive: fetched, verified and handed to the store.
#pragma once

#include "engine/backfill/series_state.h"

namespace bf::backfill {

/// Asks for `file` and stores what it has. What it lacks is left for REST. Releases the place that its
/// caller holds in market.archive_in_flight.
/// Lifetime: `state` outlives the task. Errors: those that end the series' run.
[[nodiscard]] async::Task<Result<void>> fetch_file(SeriesState& state, exchange::ArchiveFile file,
                                                   async::CancelToken cancel);

}  // namespace bf::backfill
