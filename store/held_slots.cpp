#include "store/held_slots.h"

namespace bf::store {

void HeldSlots::add(const HeldSlots& other) {
  RangeSet own = by_own();
  own.add(other.by_own());
  all.add(other.all);
  by_others = all;
  by_others.subtract(own);
}

void add_slots(Interval interval, std::span<const TimeMs> open_times, RangeSet& held) {
  // Runs of neighbouring slots become one range before the set sees them.
  const DurationMs length = interval == Interval::k1mo ? 0 : interval_ms(interval);
  TimeRange run;
  for (const TimeMs time : open_times) {
    if (time == run.to && length != 0 && !run.empty()) {
      run.to += length;
      continue;
    }
    if (!run.empty() && run.contains(time)) continue;
    const TimeRange slot = {slot_begin(interval, time), next_slot(interval, time)};
    if (!run.empty() && slot.from == run.to) {
      run.to = slot.to;
      continue;
    }
    held.add(run);
    run = slot;
  }
  held.add(run);
}

HeldSlots SlotCollector::held() const {
  HeldSlots held;
  held.all = own_;
  held.all.add(others_);
  held.by_others = others_;
  held.by_others.subtract(own_);
  return held;
}

}  // namespace bf::store
