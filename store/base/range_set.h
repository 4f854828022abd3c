// store/base/range_set.h
//
// A set of instants kept as sorted, disjoint, non-touching half-open ranges.
#pragma once

#include <span>
#include <vector>

#include "store/base/time.h"

namespace bf {

class RangeSet {
 public:
  RangeSet() = default;
  explicit RangeSet(TimeRange range) { add(range); }

  /// O(1) when `range` begins in or behind the last range (ascending input), else O(n).
  void add(TimeRange range);
  /// O(both): each range on its own would cost O(n).
  void add(const RangeSet& other);
  void subtract(TimeRange range);
  void subtract(const RangeSet& other);
  [[nodiscard]] RangeSet intersect(TimeRange range) const;
  [[nodiscard]] RangeSet intersect(const RangeSet& other) const;

  [[nodiscard]] bool contains(TimeMs t) const noexcept;
  /// Whether all of `range` is in the set.
  [[nodiscard]] bool covers(TimeRange range) const noexcept;
  [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }
  [[nodiscard]] std::span<const TimeRange> ranges() const noexcept { return ranges_; }
  friend bool operator==(const RangeSet&, const RangeSet&) = default;

 private:
  std::vector<TimeRange> ranges_;
};

}  // namespace bf
