// tests/base/range_set_test.cpp
//
// Goal: a RangeSet is a set of instants. Method: random operations beside a std::set of them.
#include "store/base/range_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/support/sim_disk.h"

namespace bf {
namespace {

using ::testing::ElementsAre;

using Points = std::set<TimeMs>;
constexpr TimeMs kEnd = 40;

TimeRange any_range(test::Random& random) {
  const auto from = static_cast<TimeMs>(random.below(kEnd));
  return {from, from + static_cast<TimeMs>(random.below(9)) - 1};  // some are empty, some inverted
}

RangeSet any_set(test::Random& random, Points& points) {
  RangeSet set;
  for (std::uint64_t i = random.below(8); i > 0; --i) {
    const TimeRange range = any_range(random);
    set.add(range);
    for (TimeMs t = range.from; t < range.to; ++t) points.insert(t);
  }
  return set;
}

/// Whether `set` holds `points`, as sorted, disjoint ranges that do not touch.
void expect_equal(const RangeSet& set, const Points& points, std::uint64_t seed) {
  Points held;
  TimeMs last = -1'000;
  for (const TimeRange& range : set.ranges()) {
    ASSERT_FALSE(range.empty()) << "seed " << seed;
    ASSERT_LT(last, range.from) << "seed " << seed;
    last = range.to;
    for (TimeMs t = range.from; t < range.to; ++t) held.insert(t);
  }
  ASSERT_EQ(held, points) << "seed " << seed;
  for (TimeMs t = -1; t < kEnd + 10; ++t) ASSERT_EQ(set.contains(t), points.count(t) != 0);
}

TEST(RangeSet, IsASetOfInstants) {
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    test::Random random(seed);
    Points a_points;
    Points b_points;
    RangeSet a = any_set(random, a_points);
    const RangeSet b = any_set(random, b_points);
    const TimeRange range = any_range(random);
    ASSERT_NO_FATAL_FAILURE(expect_equal(a, a_points, seed));

    Points both;
    for (const TimeMs t : a_points) {
      if (b_points.count(t) != 0) both.insert(t);
    }
    ASSERT_NO_FATAL_FAILURE(expect_equal(a.intersect(b), both, seed));
    Points within;
    for (const TimeMs t : a_points) {
      if (range.contains(t)) within.insert(t);
    }
    ASSERT_NO_FATAL_FAILURE(expect_equal(a.intersect(range), within, seed));
    ASSERT_EQ(a.covers(range), static_cast<DurationMs>(within.size()) == range.length());

    RangeSet changed = a;
    Points points = a_points;
    switch (random.below(4)) {
      case 0:
        changed.add(b);
        points.insert(b_points.begin(), b_points.end());
        break;
      case 1:
        changed.subtract(b);
        for (const TimeMs t : b_points) points.erase(t);
        break;
      case 2:
        changed.subtract(range);
        for (TimeMs t = range.from; t < range.to; ++t) points.erase(t);
        break;
      default:
        changed.add(range);
        for (TimeMs t = range.from; t < range.to; ++t) points.insert(t);
        break;
    }
    ASSERT_NO_FATAL_FAILURE(expect_equal(changed, points, seed));
  }
}

TEST(RangeSet, JoinsTouchingRanges) {
  RangeSet set({10, 20});
  set.add({30, 40});
  set.add({20, 30});
  EXPECT_THAT(set.ranges(), ElementsAre(TimeRange{10, 40}));
}

TEST(RangeSet, TakesItself) {
  RangeSet set({10, 20});
  set.add({30, 40});
  const RangeSet copy = set;
  set.add(set);
  EXPECT_EQ(set, copy);
  set.subtract(set);
  EXPECT_TRUE(set.empty());
}

}  // namespace
}  // namespace bf
