#include "engine/sim/deribit_calendar.h"

#include <string_view>

namespace bf::sim {
namespace {

struct YearMonth {
  int year;
  int month;
};

/// 0 for a Sunday (Zeller's way of counting, not days since 1970).
int weekday(int year, int month, int day) {
  constexpr int kOffsets[] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
  if (month < 3) --year;
  return (year + year / 4 - year / 100 + year / 400 + kOffsets[month - 1] + day) % 7;
}

int days_of(int year, int month) {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

int last_friday_of(int year, int month) {
  constexpr int kFriday = 5;
  int day = days_of(year, month);
  while (weekday(year, month, day) != kFriday) --day;
  return day;
}

void add_currency(const std::string& base, YearMonth at, const DeribitCalendar& calendar,
                  std::vector<std::pair<Market, SimInstrument>>& out) {
  constexpr std::string_view kNames = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
  while (at.year < calendar.last_year ||
         (at.year == calendar.last_year && at.month <= calendar.last_month)) {
    const TimeMs expiry = deribit_expiry(at.year, at.month);
    SimInstrument future;
    future.base_asset = base;
    future.quote_asset = "USD";
    future.symbol = base + "-" + std::to_string(last_friday_of(at.year, at.month));
    future.symbol.append(kNames.substr(static_cast<std::size_t>(at.month - 1) * 3, 3));
    future.symbol += std::to_string(at.year - 2'000);
    const bool quarterly = at.month % 3 == 0;
    future.life = {expiry - (quarterly ? calendar.quarterly_ms : calendar.monthly_ms), expiry};
    out.emplace_back(Market::kDeribitFutures, std::move(future));
    at = at.month == 12 ? YearMonth{at.year + 1, 1} : YearMonth{at.year, at.month + 1};
  }
}

}  // namespace

TimeMs deribit_expiry(int year, int month) {
  return from_civil({.year = year, .month = month, .day = last_friday_of(year, month), .hour = 8});
}

std::vector<std::pair<Market, SimInstrument>> deribit_dated_futures(
    const DeribitCalendar& calendar) {
  std::vector<std::pair<Market, SimInstrument>> futures;
  add_currency("BTC", {calendar.btc_first_year, calendar.btc_first_month}, calendar, futures);
  add_currency("ETH", {calendar.eth_first_year, calendar.eth_first_month}, calendar, futures);
  return futures;
}

}  // namespace bf::sim
