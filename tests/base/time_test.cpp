// tests/base/time_test.cpp
//
// Goal: an instant is the same instant however it is written. Method: every day of two centuries
// against a calendar that counts; texts good and bad.
#include "store/base/time.h"

#include <gtest/gtest.h>

#include <string>

namespace bf {
namespace {

bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in(int year, int month) {
  if (month == 2) return is_leap(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

TEST(Time, AgreesWithACountedCalendar) {
  TimeMs t = kTimeMin;
  for (int year = 2000; year < 2200; ++year) {
    const TimeMs year_start = t;
    TimeMs year_end = t;
    for (int month = 1; month <= 12; ++month) year_end += days_in(year, month) * kDayMs;
    for (int month = 1; month <= 12; ++month) {
      const TimeMs month_start = t;
      const TimeMs month_end = t + days_in(year, month) * kDayMs;
      for (int day = 1; day <= days_in(year, month); ++day, t += kDayMs) {
        const TimeMs last = t + kDayMs - 1;
        const CivilTime civil = to_civil(last);
        ASSERT_EQ(civil.year, year);
        ASSERT_EQ(civil.month, month);
        ASSERT_EQ(civil.day, day);
        ASSERT_EQ(civil.hour, 23);
        ASSERT_EQ(civil.minute, 59);
        ASSERT_EQ(civil.second, 59);
        ASSERT_EQ(civil.millisecond, 999);
        ASSERT_EQ(from_civil(civil), last);
        ASSERT_EQ(from_civil(to_civil(t)), t);
        ASSERT_EQ(month_begin(last), month_start);
        ASSERT_EQ(next_month_begin(t), month_end);
        ASSERT_EQ(year_begin(last), year_start);
        ASSERT_EQ(next_year_begin(t), year_end);
      }
    }
  }
  EXPECT_EQ(t, kTimeMax);
}

TEST(Time, KnowsInstantsBefore1970) {
  EXPECT_EQ(format_time(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(month_begin(-1), -31 * kDayMs);
}

TEST(Time, WritesMillisecondsOnlyWhereThereAreAny) {
  EXPECT_EQ(format_time(1'706'745'540'000), "2024-01-31T23:59:00Z");
  EXPECT_EQ(format_time(1'706'745'540'007), "2024-01-31T23:59:00.007Z");
  EXPECT_EQ(format_range({kTimeMin, kTimeMax}), "2000-01-01T00:00:00Z..2200-01-01T00:00:00Z");
}

TEST(Time, ReadsWhatItWrites) {
  for (TimeMs t = kTimeMin; t < kTimeMax; t += 37 * kDayMs + 12'345'678) {
    const Result<TimeMs> read = parse_time(format_time(t));
    ASSERT_TRUE(read) << read.error().message();
    ASSERT_EQ(*read, t);
  }
}

TEST(Time, ReadsEverySpelling) {
  const TimeMs t = 1'709'164'800'000;  // 2024-02-29
  for (const char* text :
       {"2024-02-29", "2024-02-29T00:00:00Z", "2024-02-29t00:00:00z", "2024-02-29 00:00:00Z",
        "2024-02-29T00:00Z", "2024-02-29T02:00:00+02:00", "2024-02-28T18:30:00-05:30",
        "2024-02-29T00:00:00.000Z", "2024-02-29T00:00:00.0009Z", "1709164800000",
        "2024-02-29T00:00:00-00:00"}) {
    const Result<TimeMs> read = parse_time(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, t) << text;
  }
  EXPECT_EQ(parse_time("2024-02").value(), 1'706'745'600'000);
  EXPECT_EQ(parse_time("2024-02-29T00:00:00.5Z").value(), t + 500);
  EXPECT_EQ(parse_time("2024-02-29T00:00:00.123456Z").value(), t + 123);
}

TEST(Time, RefusesWhatIsNoTime) {
  for (const char* text : {"",
                           "now",
                           "2024",
                           "20240229",
                           "2024-2-29",
                           "2024-13",
                           "2024-00",
                           "2024-02-30",
                           "2023-02-29",
                           "2100-02-29",
                           "2024-04-31",
                           "2024-02-00",
                           "2024-02-29T",
                           "2024-02-29T24:00:00Z",
                           "2024-02-29T00:60:00Z",
                           "2024-02-29T00:00:60Z",
                           "2024-02-29T00:00:00",
                           "2024-02-29T00:00:00.Z",
                           "2024-02-29T00:00.5Z",
                           "2024-02-29T00:00:00+2:00",
                           "2024-02-29T00:00:00+24:00",
                           "2024-02-29T00:00:00+02:60",
                           "2024-02-29T00:00:00Zx",
                           "2024-02-29x",
                           "+024-02-29",
                           "2024-+2-29",
                           "-2024-02-29",
                           "1709164800000x",
                           " 2024-02-29",
                           "99999999999999999999"}) {
    const Result<TimeMs> read = parse_time(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code(), Code::kUsage) << text;
    EXPECT_NE(read.error().message().find(text), std::string::npos) << text;
  }
}

TEST(Time, RefusesInstantsOutsideTwoCenturies) {
  EXPECT_EQ(parse_time("2000-01-01").value(), kTimeMin);
  EXPECT_FALSE(parse_time("1999-12-31"));
  EXPECT_FALSE(parse_time("2000-01-01T00:00:00+00:01"));
  EXPECT_EQ(parse_time("2199-12-31T23:59:59.999Z").value(), kTimeMax - 1);
  EXPECT_FALSE(parse_time("2200-01-01"));
  EXPECT_FALSE(parse_time("1709164800000000"));  // microseconds
  EXPECT_FALSE(parse_time("-1709164800000"));
}

TEST(TimeRange, IsHalfOpen) {
  constexpr TimeRange kRange{10, 20};
  EXPECT_TRUE(kRange.contains(10));
  EXPECT_FALSE(kRange.contains(20));
  EXPECT_EQ(kRange.length(), 10);
  EXPECT_EQ((TimeRange{20, 10}).length(), 0);
  EXPECT_TRUE((TimeRange{10, 10}).empty());
  EXPECT_TRUE(kRange.intersect({20, 30}).empty());
  EXPECT_EQ(kRange.intersect({15, 30}), (TimeRange{15, 20}));
}

}  // namespace
}  // namespace bf
