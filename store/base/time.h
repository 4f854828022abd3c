// store/base/time.h
//
// Instants are milliseconds since 1970-01-01 UTC in an int64 (TimeMs), lengths are milliseconds too
// (DurationMs), and every range is half-open: [from, to). Instants of candles lie in
// [kTimeMin, kTimeMax): a parser refuses what lies outside, so sums of two never overflow.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "store/base/result.h"

namespace bf {

using TimeMs = std::int64_t;      ///< ms since 1970-01-01 UTC
using DurationMs = std::int64_t;  ///< ms

inline constexpr DurationMs kSecondMs = 1'000;
inline constexpr DurationMs kMinuteMs = 60 * kSecondMs;
inline constexpr DurationMs kHourMs = 60 * kMinuteMs;
inline constexpr DurationMs kDayMs = 24 * kHourMs;
inline constexpr TimeMs kTimeMin = 946'684'800'000;    ///< 2000-01-01
inline constexpr TimeMs kTimeMax = 7'258'118'400'000;  ///< 2200-01-01

/// [from, to) in TimeMs. Empty when to <= from.
struct TimeRange {
  TimeMs from = 0;
  TimeMs to = 0;

  [[nodiscard]] constexpr bool empty() const noexcept { return to <= from; }
  [[nodiscard]] constexpr DurationMs length() const noexcept { return empty() ? 0 : to - from; }
  [[nodiscard]] constexpr bool contains(TimeMs t) const noexcept { return from <= t && t < to; }
  [[nodiscard]] constexpr TimeRange intersect(TimeRange other) const noexcept {
    return {std::max(from, other.from), std::min(to, other.to)};
  }
  friend constexpr bool operator==(const TimeRange&, const TimeRange&) = default;
};

/// A calendar date and time of day in UTC, proleptic Gregorian.
struct CivilTime {
  int year = 1970;
  int month = 1;  ///< 1 .. 12
  int day = 1;    ///< 1 .. 31
  int hour = 0;
  int minute = 0;
  int second = 0;
  int millisecond = 0;
};
[[nodiscard]] CivilTime to_civil(TimeMs t) noexcept;
[[nodiscard]] TimeMs from_civil(const CivilTime& civil) noexcept;

/// The first instant of the UTC month (year) that holds `t`, and of the one after it.
[[nodiscard]] TimeMs month_begin(TimeMs t) noexcept;
[[nodiscard]] TimeMs next_month_begin(TimeMs t) noexcept;
[[nodiscard]] TimeMs year_begin(TimeMs t) noexcept;
[[nodiscard]] TimeMs next_year_begin(TimeMs t) noexcept;

/// "2024-01-31T23:59:00Z", with ".123" where there are milliseconds.
[[nodiscard]] std::string format_time(TimeMs t);
/// "2024-01-31T23:59:00Z..2024-02-01T00:00:00Z".
[[nodiscard]] std::string format_range(TimeRange range);

/// Reads RFC 3339 ("2024-01-31T23:59:00Z", any offset, fraction up to ms), a date ("2024-01-31",
/// midnight UTC), a month ("2024-01"), or an integer of ms since 1970.
/// Errors: kUsage, naming the text; also for instants outside [kTimeMin, kTimeMax].
[[nodiscard]] Result<TimeMs> parse_time(std::string_view text);

}  // namespace bf
