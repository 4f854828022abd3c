// store/base/interval.h
//
// The interval of a series: an enum, not a length, because months differ and weeks begin on Monday.
// Slots lie on the UTC grid: up to 1d from 1970-01-01, 3d too, 1w from a Monday, 1mo from the 1st.
//
// What comes as events (funding) has no interval. kEvents stands for that: a grid of 1 ms, on which each
// instant is a slot of its own. So a row holds its instant, an answer covers the instants of its range,
// and ranges of slots are ranges of time; a count of slots is a count of rows or of milliseconds.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "store/base/result.h"
#include "store/base/time.h"

namespace bf {

enum class Interval : std::uint8_t {
  k1s,
  k1m,
  k3m,
  k5m,
  k10m,
  k15m,
  k30m,
  k1h,
  k2h,
  k3h,
  k4h,
  k6h,
  k8h,
  k12h,
  k1d,
  k3d,
  k1w,
  k1mo,
  kEvents,
};
inline constexpr std::size_t kIntervalCount = 19;

/// "1m", "1h", "1d", "1w", "1mo", "events": as flags, paths and reports write it.
[[nodiscard]] std::string_view interval_name(Interval interval) noexcept;
/// Errors: kUsage, with the list of names.
[[nodiscard]] Result<Interval> parse_interval(std::string_view name);

/// The length of one slot in ms; for 1mo the longest (31 days). Exact for everything else.
[[nodiscard]] DurationMs interval_ms(Interval interval) noexcept;
/// The slot that holds `t`: the latest open time on the grid that is <= t.
[[nodiscard]] TimeMs slot_begin(Interval interval, TimeMs t) noexcept;
/// The open time after the slot that holds `t`.
[[nodiscard]] TimeMs next_slot(Interval interval, TimeMs t) noexcept;
/// The earliest open time on the grid that is >= t.
[[nodiscard]] TimeMs slot_ceil(Interval interval, TimeMs t) noexcept;
/// How many open times of the grid lie in `range`.
[[nodiscard]] std::int64_t slot_count(Interval interval, TimeRange range) noexcept;
/// The open time `count` slots after the slot that holds `t`.
[[nodiscard]] TimeMs advance_slots(Interval interval, TimeMs t, std::int64_t count) noexcept;

/// The end of what can be known at `time`: a forming candle is not over yet; events are published a
/// little after their instants, so that of them it is the last full ten minutes.
[[nodiscard]] TimeMs closed_until(Interval interval, TimeMs time) noexcept;

/// The span (a segment's unit) that holds `t`: a calendar month below 1h, a year from 1h, and
/// everything ([kTimeMin, kTimeMax)) from 1d and for events.
[[nodiscard]] TimeRange span_of(Interval interval, TimeMs t) noexcept;

}  // namespace bf
