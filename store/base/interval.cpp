#include "store/base/interval.h"

#include <string>

#include "store/base/assert.h"

namespace bf {
namespace {

struct IntervalFacts {
  std::string_view name;
  DurationMs length;
};
constexpr std::array<IntervalFacts, kIntervalCount> kFacts = {{
    {"1s", kSecondMs},       {"1m", kMinuteMs},       {"3m", 3 * kMinuteMs},
    {"5m", 5 * kMinuteMs},   {"10m", 10 * kMinuteMs}, {"15m", 15 * kMinuteMs},
    {"30m", 30 * kMinuteMs}, {"1h", kHourMs},         {"2h", 2 * kHourMs},
    {"3h", 3 * kHourMs},     {"4h", 4 * kHourMs},     {"6h", 6 * kHourMs},
    {"8h", 8 * kHourMs},     {"12h", 12 * kHourMs},   {"1d", kDayMs},
    {"3d", 3 * kDayMs},      {"1w", 7 * kDayMs},      {"1mo", 31 * kDayMs},
    {"events", 1},
}};
// 1970-01-01 was a Thursday: the first Monday is four days later.
constexpr TimeMs kFirstMonday = 4 * kDayMs;

TimeMs grid_origin(Interval interval) noexcept {
  return interval == Interval::k1w ? kFirstMonday : 0;
}

TimeMs floor_to(TimeMs t, TimeMs origin, DurationMs step) noexcept {
  const TimeMs offset = (t - origin) % step;
  return t - (offset < 0 ? offset + step : offset);
}

/// Months since year 0, for month arithmetic.
std::int64_t month_number(TimeMs t) noexcept {
  const CivilTime civil = to_civil(t);
  return static_cast<std::int64_t>(civil.year) * 12 + (civil.month - 1);
}
TimeMs month_at(std::int64_t number) noexcept {
  CivilTime civil;
  civil.year = static_cast<int>(number / 12);
  civil.month = static_cast<int>(number % 12) + 1;
  return from_civil(civil);
}

}  // namespace

std::string_view interval_name(Interval interval) noexcept {
  return kFacts[static_cast<std::size_t>(interval)].name;
}

Result<Interval> parse_interval(std::string_view name) {
  std::string known;
  for (std::size_t i = 0; i < kFacts.size(); ++i) {
    if (kFacts[i].name == name) return static_cast<Interval>(i);
    known.append(i == 0 ? "" : " ").append(kFacts[i].name);
  }
  return fail(Code::kUsage, "unknown interval \"" + std::string(name) + "\"; known: " + known);
}

DurationMs interval_ms(Interval interval) noexcept {
  return kFacts[static_cast<std::size_t>(interval)].length;
}

TimeMs slot_begin(Interval interval, TimeMs t) noexcept {
  if (interval == Interval::k1mo) return month_begin(t);
  return floor_to(t, grid_origin(interval), interval_ms(interval));
}

TimeMs next_slot(Interval interval, TimeMs t) noexcept {
  if (interval == Interval::k1mo) return next_month_begin(t);
  return slot_begin(interval, t) + interval_ms(interval);
}

TimeMs slot_ceil(Interval interval, TimeMs t) noexcept {
  const TimeMs begin = slot_begin(interval, t);
  return begin == t ? t : next_slot(interval, t);
}

std::int64_t slot_count(Interval interval, TimeRange range) noexcept {
  if (range.empty()) return 0;
  const TimeMs first = slot_ceil(interval, range.from);
  const TimeMs end = slot_ceil(interval, range.to);
  if (interval == Interval::k1mo) return month_number(end) - month_number(first);
  return (end - first) / interval_ms(interval);
}

TimeMs advance_slots(Interval interval, TimeMs t, std::int64_t count) noexcept {
  if (interval == Interval::k1mo) return month_at(month_number(t) + count);
  return slot_begin(interval, t) + count * interval_ms(interval);
}

TimeMs closed_until(Interval interval, TimeMs time) noexcept {
  constexpr DurationMs kEventStepMs = 10 * kMinuteMs;
  if (interval == Interval::kEvents) return floor_to(time, 0, kEventStepMs);
  return slot_begin(interval, time);
}

TimeRange span_of(Interval interval, TimeMs t) noexcept {
  if (interval < Interval::k1h) return {month_begin(t), next_month_begin(t)};
  if (interval < Interval::k1d) return {year_begin(t), next_year_begin(t)};
  return {kTimeMin, kTimeMax};
}

}  // namespace bf
