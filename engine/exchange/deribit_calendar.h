// engine/exchange/deribit_calendar.h
//
// The expiry calendar of Deribit's futures. Its list of expired instruments goes back a short while
// only, but candles are still served by name, and the names follow from the calendar: quarterlies
// expire on the last Friday of March, June, September and December, monthlies on that of every other
// month, at 08:00 UTC. Weeklies and dailies are not in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/base/time.h"

namespace bf::exchange::deribit {

struct DatedFuture {
  std::string symbol;  ///< "BTC-5JUN26": the day without a leading zero
  TimeMs expiry = 0;   ///< and end of trading
};

/// 08:00 UTC on the last Friday of a month (1 .. 12).
[[nodiscard]] TimeMs last_friday(int year, int month) noexcept;

/// "BTC" and an instant: "BTC-27DEC24".
[[nodiscard]] std::string future_name(std::string_view currency, TimeMs expiry);

/// The futures of `currency` that expired from 2019 on and not later than `until`, oldest first.
[[nodiscard]] std::vector<DatedFuture> expired_futures(std::string_view currency, TimeMs until);

}  // namespace bf::exchange::deribit
