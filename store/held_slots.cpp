#include "store/held_slots.h"

namespace bf::store {

void HeldSlots::add(const HeldSlots& other) {
  RangeSet own = by_own();
  own.add(other.by_own());
  all.add(other.all);
  by_others = all;
  by_others.subtract(own);
}

std::size_t evenly_spaced(std::span<const TimeMs> times, DurationMs length) noexcept {
  constexpr std::size_t kStep = 64;
  const TimeMs* const all = times.data();
  std::size_t count = 1;
  for (; count + kStep <= times.size(); count += kStep) {
    TimeMs uneven = 0;  // without a branch in the loop, it is one of vectors
    for (std::size_t i = count; i < count + kStep; ++i) uneven |= (all[i] - all[i - 1]) ^ length;
    if (uneven != 0) break;
  }
  while (count < times.size() && all[count] - all[count - 1] == length) ++count;
  return count;
}

void add_slots(Interval interval, std::span<const TimeMs> open_times, RangeSet& held) {
  // Runs of neighbouring slots become one range before the set sees them.
  const DurationMs length = interval == Interval::k1mo ? 0 : interval_ms(interval);
  TimeRange run;
  for (std::size_t i = 0; i < open_times.size(); ++i) {
    const TimeMs time = open_times[i];
    if (time == run.to && length != 0 && !run.empty()) {
      const std::size_t even = evenly_spaced(open_times.subspan(i), length);
      run.to += static_cast<DurationMs>(even) * length;
      i += even - 1;
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
