// engine/backfill/targets.h
//
// From what the user selected to what each series wants: the instrument list (asked for, or read from
// the store's ledger while it is fresh) gives symbols and their lives; the asked range is cut to them.
#pragma once

#include <optional>
#include <vector>

#include "engine/backfill/run_state.h"

namespace bf::backfill {

/// The series of one market and their ranges.
struct Targets {
  std::vector<SeriesTarget> targets;
  /// Symbols that cannot be run, with the reason in their failures: unknown ones, those without a
  /// candle yet, those whose listing could not be found out.
  std::vector<SeriesReport> refused;
};

/// Errors: what the instrument list's request says; kCancelled.
[[nodiscard]] async::Task<Result<Targets>> resolve_targets(RunState& run, MarketRun& market,
                                                           async::CancelToken cancel);

/// The open time of the first candle that the exchange has of a series.
/// Errors: kNotFound when it has none; what the request says.
[[nodiscard]] async::Task<Result<TimeMs>> find_first_candle(MarketRun& market, Series series,
                                                            async::CancelToken cancel);

}  // namespace bf::backfill
