// store/held_slots.h
//
// The slots of a series that have a row, and whose rows they are: a row of a fallback fills its slot, and
// leaves the series' own exchange to be asked for it as if it were empty.
#pragma once

#include <span>
#include <string_view>

#include "store/base/interval.h"
#include "store/base/range_set.h"

namespace bf::store {

struct HeldSlots {
  RangeSet all;
  RangeSet by_others;  ///< those whose rows are all of other exchanges than the series' own

  [[nodiscard]] RangeSet by_own() const {
    RangeSet own = all;
    own.subtract(by_others);
    return own;
  }
  /// Adds what another part of the series holds.
  void add(const HeldSlots& other);
  friend bool operator==(const HeldSlots&, const HeldSlots&) = default;
};

/// How many of `times` (rising, at least one) follow each other `length` apart, from the first on.
[[nodiscard]] std::size_t evenly_spaced(std::span<const TimeMs> times, DurationMs length) noexcept;

/// The slots that rows with these open times hold, added to `held`.
void add_slots(Interval interval, std::span<const TimeMs> open_times, RangeSet& held);

/// Collects the slots of rows as they come.
class SlotCollector {
 public:
  explicit SlotCollector(Interval interval) : interval_(interval) {}
  /// Rows with these open times (rising), which are of the series' own exchange or of another.
  void add(std::span<const TimeMs> open_times, bool own) {
    add_slots(interval_, open_times, own ? own_ : others_);
  }
  [[nodiscard]] HeldSlots held() const;

 private:
  Interval interval_;
  RangeSet own_;
  RangeSet others_;
};

}  // namespace bf::store
