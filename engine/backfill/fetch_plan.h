// engine/backfill/fetch_plan.h
//
// From wanted slots of one series to requests: planned by what the market serves and what it answered
// before, and sent, each as soon as there is a place for it.
#pragma once

#include "engine/backfill/series_state.h"

namespace bf::backfill {

/// What to ask `market` for, to have `wanted` of its `series`. An archive's file is not asked for where
/// `gaps` has an answer of it or `archive_tried` has its range.
[[nodiscard]] plan::SeriesPlan plan_wanted(const RunOptions& options, const MarketRun& market,
                                           const Series& series, const RangeSet& wanted,
                                           const store::GapIndex& gaps,
                                           const RangeSet& archive_tried);

/// Sends everything in `plan`, oldest first, and waits for it. Errors: as fetch_page and fetch_file.
[[nodiscard]] async::Task<Result<void>> fetch_plan(SeriesState& state, plan::SeriesPlan plan,
                                                   async::CancelToken cancel);

}  // namespace bf::backfill
