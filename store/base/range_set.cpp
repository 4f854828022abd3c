#include "store/base/range_set.h"

#include <algorithm>
#include <iterator>

namespace bf {
namespace {

/// The first range that ends behind `t` (or at it, where `touching` counts).
auto first_reaching(const std::vector<TimeRange>& ranges, TimeMs t, bool touching) {
  return std::partition_point(ranges.begin(), ranges.end(), [t, touching](const TimeRange& range) {
    return touching ? range.to < t : range.to <= t;
  });
}

}  // namespace

void RangeSet::add(TimeRange range) {
  if (range.empty()) return;
  if (ranges_.empty() || ranges_.back().to < range.from) {
    ranges_.push_back(range);
    return;
  }
  if (ranges_.back().from <= range.from) {
    ranges_.back().to = std::max(ranges_.back().to, range.to);
    return;
  }
  const auto first =
      ranges_.begin() + (first_reaching(ranges_, range.from, /*touching=*/true) - ranges_.cbegin());
  auto last = first;
  while (last != ranges_.end() && last->from <= range.to) {
    range.from = std::min(range.from, last->from);
    range.to = std::max(range.to, last->to);
    ++last;
  }
  if (first == last) {
    ranges_.insert(first, range);
    return;
  }
  *first = range;
  ranges_.erase(first + 1, last);
}

void RangeSet::add(const RangeSet& other) {
  if (other.empty()) return;
  if (empty() || ranges_.back().from <= other.ranges_.front().from) {
    const std::vector<TimeRange> behind = other.ranges_;  // `other` may be this set
    for (const TimeRange& range : behind) add(range);
    return;
  }
  std::vector<TimeRange> both;
  both.reserve(ranges_.size() + other.ranges_.size());
  std::merge(ranges_.begin(), ranges_.end(), other.ranges_.begin(), other.ranges_.end(),
             std::back_inserter(both),
             [](const TimeRange& a, const TimeRange& b) { return a.from < b.from; });
  ranges_.clear();
  for (const TimeRange& range : both) add(range);
}

void RangeSet::subtract(TimeRange range) {
  if (range.empty()) return;
  const auto first = first_reaching(ranges_, range.from, /*touching=*/false);
  auto last = first;
  std::vector<TimeRange> rest;
  while (last != ranges_.end() && last->from < range.to) {
    if (last->from < range.from) rest.push_back({last->from, range.from});
    if (range.to < last->to) rest.push_back({range.to, last->to});
    ++last;
  }
  const auto at = ranges_.erase(first, last);
  ranges_.insert(at, rest.begin(), rest.end());
}

void RangeSet::subtract(const RangeSet& other) {
  RangeSet result;
  auto cut = other.ranges_.begin();
  for (TimeRange range : ranges_) {
    while (cut != other.ranges_.end() && cut->to <= range.from) ++cut;
    for (auto at = cut; at != other.ranges_.end() && at->from < range.to; ++at) {
      result.add({range.from, at->from});
      range.from = std::max(range.from, at->to);
    }
    result.add(range);
  }
  *this = std::move(result);
}

RangeSet RangeSet::intersect(TimeRange range) const {
  RangeSet result;
  for (auto at = first_reaching(ranges_, range.from, /*touching=*/false);
       at != ranges_.end() && at->from < range.to; ++at) {
    result.add(at->intersect(range));
  }
  return result;
}

RangeSet RangeSet::intersect(const RangeSet& other) const {
  RangeSet result;
  auto a = ranges_.begin();
  auto b = other.ranges_.begin();
  while (a != ranges_.end() && b != other.ranges_.end()) {
    result.add(a->intersect(*b));
    if (a->to < b->to) {
      ++a;
    } else {
      ++b;
    }
  }
  return result;
}

bool RangeSet::contains(TimeMs t) const noexcept { return covers({t, t + 1}); }

bool RangeSet::covers(TimeRange range) const noexcept {
  if (range.empty()) return true;
  const auto at = first_reaching(ranges_, range.from, /*touching=*/false);
  return at != ranges_.end() && at->from <= range.from && range.to <= at->to;
}

}  // namespace bf
