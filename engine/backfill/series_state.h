// engine/backfill/series_state.h
//
// One series while it runs: what its pages and files share.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/backfill/run_state.h"
#include "store/base/range_set.h"

namespace bf::backfill {

/// Lifetime: run, market, target and report outlive it. Where a fallback fills a series, market and target
/// are the fallback's, and the sink is the series'.
struct SeriesState {
  SeriesState(RunState& run_in, MarketRun& market_in, SeriesTarget& target_in,
              SeriesReport& report_in, PumpSeries* sink_in)
      : run(run_in), market(market_in), target(target_in), report(report_in), sink(sink_in) {}

  RunState& run;
  MarketRun& market;
  SeriesTarget& target;
  SeriesReport& report;
  PumpSeries* sink = nullptr;
  RangeSet archive_tried;           ///< files that were asked for in this run
  RangeSet given_up;                ///< ranges whose pages failed for good in this run
  RangeSet known_holes;             ///< spanned by one answer: not worth a page
  std::int64_t pushed = 0;          ///< rows
  int pages_failed = 0;             ///< since the last good one
  std::optional<Error> rest_ended;  ///< why REST is not asked for anything more in this run
  /// Slots outside the instrument's life that a fallback has, or may have, and did not give.
  RangeSet owed;
  int price_shift = 0;            ///< of a fallback: see rescale.h
  std::optional<RangeSet> takes;  ///< of a fallback: rows of other slots are left where they are

  [[nodiscard]] Interval interval() const { return target.series.interval; }
  /// The pages of `window` failed for good.
  void page_failed(const Error& error, TimeRange window);
};

/// Whether an error ends all runs: the disk is full, or the user wants to stop.
[[nodiscard]] bool ends_run(Code code) noexcept;
/// Whether an error ends the series' run and not the page alone: the store will not take more.
[[nodiscard]] bool ends_series(Code code) noexcept;

}  // namespace bf::backfill
