// engine/sim/deribit_calendar.h
//
// Dated futures of BTC and ETH for a simulated Deribit: names and expiries by its calendar (last Friday
// of each month, 08:00 UTC), made by other arithmetic than the engine's.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/sim/truth.h"

namespace bf::sim {

/// 08:00 UTC on the last Friday of that month (1 .. 12).
[[nodiscard]] TimeMs deribit_expiry(int year, int month);

struct DeribitCalendar {
  /// Months from the first to the last, both included, for each of the two currencies.
  int btc_first_year = 2019, btc_first_month = 1;
  int eth_first_year = 2019, eth_first_month = 8;
  int last_year = 2025, last_month = 7;
  /// How long before its expiry a future is first traded.
  DurationMs quarterly_ms = 119 * kDayMs;
  DurationMs monthly_ms = 32 * kDayMs;
};

/// For GeneratedOptions.named: 79 of BTC and 72 of ETH, 13.2 million minutes, unless told otherwise.
[[nodiscard]] std::vector<std::pair<Market, SimInstrument>> deribit_dated_futures(
    const DeribitCalendar& calendar = {});

}  // namespace bf::sim
