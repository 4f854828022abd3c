#include "engine/exchange/deribit_calendar.h"

#include <array>

namespace bf::exchange::deribit {
namespace {

constexpr int kFirstYear = 2019;
constexpr DurationMs kExpiryHour = 8 * kHourMs;
constexpr std::array<std::string_view, 12> kMonths = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                      "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};

}  // namespace

TimeMs last_friday(int year, int month) noexcept {
  const TimeMs first = from_civil({.year = year, .month = month, .day = 1});
  const TimeMs last_day = next_month_begin(first) - kDayMs;
  // 1970-01-02 was a Friday.
  const std::int64_t days_behind = (last_day / kDayMs - 1) % 7;
  return last_day - days_behind * kDayMs + kExpiryHour;
}

std::string future_name(std::string_view currency, TimeMs expiry) {
  const CivilTime day = to_civil(expiry);
  const std::string year = std::to_string(day.year % 100);
  std::string name(currency);
  name.append("-").append(std::to_string(day.day));
  name.append(kMonths[static_cast<std::size_t>(day.month - 1)]);
  if (year.size() == 1) name.append("0");
  return name.append(year);
}

std::vector<DatedFuture> expired_futures(std::string_view currency, TimeMs until) {
  std::vector<DatedFuture> futures;
  for (int year = kFirstYear;; ++year) {
    for (int month = 1; month <= 12; ++month) {
      const TimeMs expiry = last_friday(year, month);
      if (expiry > until || expiry >= kTimeMax) return futures;
      futures.push_back({future_name(currency, expiry), expiry});
    }
  }
}

}  // namespace bf::exchange::deribit
