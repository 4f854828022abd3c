// engine/backfill/series_run.h
//
// One series of a run: what is missing is planned, fetched page by page (or file by file) with many
// requests in flight, judged, and handed to the store; then sealed. A page that fails is reported and
// stays missing; it never stops the others.
#pragma once

#include "engine/backfill/fallback.h"
#include "engine/backfill/run_state.h"

namespace bf::backfill {

/// Fetches what is missing of `target`, lets the chain fill what its own source lacks, and fills in
/// `report`, which has target's fields already. Lifetime: all references outlive the task.
/// Errors: kCancelled; kNoSpace, which ends the run.
[[nodiscard]] async::Task<Result<void>> run_series(RunState& run, MarketRun& market, Chain& chain,
                                                   SeriesTarget target, SeriesReport& report,
                                                   async::CancelToken cancel);

/// What run_series would ask for at first, by what `gaps` says is there.
[[nodiscard]] plan::SeriesPlan plan_of(const RunOptions& options, const MarketRun& market,
                                       const SeriesTarget& target, const store::GapIndex& gaps,
                                       const RangeSet& archive_tried, const RangeSet& given_up);

}  // namespace bf::backfill
