// tests/base/interval_test.cpp
//
// Goal: the grid of each interval is the exchanges' own. Method: known instants, then the relations
// that must hold between the functions at random instants.
#include "store/base/interval.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/sim_disk.h"

namespace bf {
namespace {

TimeMs at(const char* text) { return parse_time(text).value(); }

std::vector<Interval> all_intervals() {
  std::vector<Interval> all;
  for (std::size_t i = 0; i < kIntervalCount; ++i) all.push_back(static_cast<Interval>(i));
  return all;
}

TEST(Interval, NamesRoundTrip) {
  for (const Interval interval : all_intervals()) {
    EXPECT_EQ(parse_interval(interval_name(interval)).value(), interval);
  }
}

TEST(Interval, RefusesOtherNames) {
  for (const char* name : {"", "1M", "1mon", "60m", "1H", "1", "m1", "1m "}) {
    const Result<Interval> interval = parse_interval(name);
    ASSERT_FALSE(interval) << name;
    EXPECT_EQ(interval.error().code(), Code::kUsage);
    EXPECT_NE(interval.error().message().find("1mo"), std::string::npos);
  }
}

TEST(Interval, TakesEachInstantOfEventsForASlot) {
  const TimeMs t = at("2024-01-31T08:00:00.003Z");
  EXPECT_EQ(slot_begin(Interval::kEvents, t), t);
  EXPECT_EQ(slot_ceil(Interval::kEvents, t), t);
  EXPECT_EQ(next_slot(Interval::kEvents, t), t + 1);
  EXPECT_EQ(advance_slots(Interval::kEvents, t, -5), t - 5);
  EXPECT_EQ(slot_count(Interval::kEvents, {t, t + kHourMs}), kHourMs);
  EXPECT_EQ(span_of(Interval::kEvents, t), (TimeRange{kTimeMin, kTimeMax}));
}

TEST(Interval, KnowsWhatIsOver) {
  const TimeMs t = at("2024-01-31T08:09:59.999Z");
  EXPECT_EQ(closed_until(Interval::k1m, t), at("2024-01-31T08:09:00Z"));
  EXPECT_EQ(closed_until(Interval::k1mo, t), at("2024-01-01"));
  EXPECT_EQ(closed_until(Interval::kEvents, t), at("2024-01-31T08:00:00Z"));
  EXPECT_EQ(closed_until(Interval::kEvents, t + 1), at("2024-01-31T08:10:00Z"));
}

TEST(Interval, CountsWeeksFromMonday) {
  const TimeMs monday = at("2024-01-01");
  for (int day = 0; day < 7; ++day) {
    EXPECT_EQ(slot_begin(Interval::k1w, monday + day * kDayMs), monday);
  }
  EXPECT_EQ(next_slot(Interval::k1w, monday), at("2024-01-08"));
  EXPECT_EQ(slot_begin(Interval::k1w, monday - 1), at("2023-12-25"));
}

TEST(Interval, CountsMonthsFromTheFirst) {
  EXPECT_EQ(slot_begin(Interval::k1mo, at("2024-02-29T12:00:00Z")), at("2024-02-01"));
  EXPECT_EQ(next_slot(Interval::k1mo, at("2024-12-31")), at("2025-01-01"));
  EXPECT_EQ(advance_slots(Interval::k1mo, at("2024-01-31"), 1), at("2024-02-01"));
  EXPECT_EQ(advance_slots(Interval::k1mo, at("2024-01-31"), -13), at("2022-12-01"));
  EXPECT_EQ(slot_count(Interval::k1mo, {at("2023-12-01"), at("2025-01-01")}), 13);
  EXPECT_EQ(slot_count(Interval::k1mo, {at("2023-12-02"), at("2024-01-02")}), 1);
  EXPECT_EQ(slot_count(Interval::k1mo, {at("2023-12-02"), at("2023-12-30")}), 0);
}

TEST(Interval, CountsDaysAndThreeDaysFrom1970) {
  EXPECT_EQ(slot_begin(Interval::k1d, at("2024-05-05T23:59:59Z")), at("2024-05-05"));
  EXPECT_EQ(slot_begin(Interval::k3d, 0), 0);
  EXPECT_EQ(slot_begin(Interval::k3d, 3 * kDayMs - 1), 0);
  EXPECT_EQ(next_slot(Interval::k3d, 3 * kDayMs), 6 * kDayMs);
  EXPECT_EQ(slot_begin(Interval::k3d, -1), -3 * kDayMs);
}

TEST(Interval, CountsOpenTimesInARange) {
  EXPECT_EQ(slot_count(Interval::k1m, {0, kMinuteMs}), 1);
  EXPECT_EQ(slot_count(Interval::k1m, {0, kMinuteMs + 1}), 2);
  EXPECT_EQ(slot_count(Interval::k1m, {1, kMinuteMs}), 0);
  EXPECT_EQ(slot_count(Interval::k1m, {1, kMinuteMs + 1}), 1);
  EXPECT_EQ(slot_count(Interval::k1m, {kMinuteMs, 0}), 0);
}

TEST(Interval, KeepsItsRelationsAtRandomInstants) {
  for (const Interval interval : all_intervals()) {
    test::Random random(static_cast<std::uint64_t>(interval));
    for (int round = 0; round < 2'000; ++round) {
      const TimeMs t =
          kTimeMin +
          static_cast<TimeMs>(random.below(static_cast<std::uint64_t>(kTimeMax - kTimeMin)));
      const TimeMs begin = slot_begin(interval, t);
      const TimeMs next = next_slot(interval, t);
      ASSERT_LE(begin, t);
      ASSERT_LT(t, next);
      ASSERT_LE(next - begin, interval_ms(interval));
      ASSERT_EQ(slot_begin(interval, begin), begin);
      ASSERT_EQ(slot_begin(interval, next), next);
      ASSERT_EQ(slot_begin(interval, next - 1), begin);
      ASSERT_EQ(slot_ceil(interval, t), t == begin ? t : next);
      ASSERT_EQ(slot_count(interval, {begin, next}), 1);
      const auto count = static_cast<std::int64_t>(random.below(50));
      const TimeMs later = advance_slots(interval, t, count);
      ASSERT_EQ(slot_count(interval, {begin, later}), count);
      ASSERT_EQ(advance_slots(interval, later, -count), begin);
      ASSERT_TRUE(span_of(interval, t).contains(t));
    }
  }
}

TEST(Interval, SpansAMonthAYearOrEverything) {
  const TimeMs t = at("2024-02-29T12:34:56Z");
  EXPECT_EQ(span_of(Interval::k30m, t), (TimeRange{at("2024-02-01"), at("2024-03-01")}));
  EXPECT_EQ(span_of(Interval::k1h, t), (TimeRange{at("2024-01-01"), at("2025-01-01")}));
  EXPECT_EQ(span_of(Interval::k12h, t), (TimeRange{at("2024-01-01"), at("2025-01-01")}));
  EXPECT_EQ(span_of(Interval::k1d, t), (TimeRange{kTimeMin, kTimeMax}));
}

}  // namespace
}  // namespace bf
