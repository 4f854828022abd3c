// engine/sim/funding_page.h
//
// Funding as simulated exchanges serve it: which of the truth's events answer a request, and what faults
// do to them. In which form they are written is each venue's own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/sim/query.h"
#include "engine/sim/rest_call.h"

namespace bf::sim {

struct FundingPage {
  std::vector<FundingEvent> events;  ///< oldest first
  RowsInfo rows;                     ///< as they were before the faults
};

/// The events between call.start and call.end (inclusive) that are published at `now` and not older than
/// `reach_from`; of more than call.limit the newest ones, or the oldest. `change` as Venue::answer(): it
/// is shown each event as a candle whose open is the rate and whose close is the mark price.
[[nodiscard]] FundingPage funding_page(const Truth& truth, const RestCall& call, TimeMs now,
                                       bool newest, const RowChange& change,
                                       TimeMs reach_from = kTimeMin);

/// How long after its instant an event is published.
inline constexpr DurationMs kFundingLagMs = 5 * kSecondMs;

}  // namespace bf::sim
