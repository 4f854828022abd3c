// tests/cli/time_spec_test.cpp
//
// Goal: every way to write an end of a range means what --help says, and what cannot be meant is
// refused with words that help.
#include "tools/cli/time_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bf::cli {
namespace {

using ::testing::HasSubstr;

constexpr TimeMs kNow = 1'704'067'200'000;  // 2024-01-01

Result<SpecRange> range_of(std::string from, std::string to, std::string days = "") {
  RangeFlags flags;
  flags.from = std::move(from);
  flags.to = std::move(to);
  flags.days = std::move(days);
  return parse_range(flags, kNow);
}

TEST(TimeSpec, ReadsInstants) {
  for (const char* const text : {"2024-01-01", "2024-01", "2024-01-01T00:00:00Z",
                                 "2024-01-01T01:00:00+01:00", "1704067200000"}) {
    const Result<TimeSpec> spec = parse_time_spec(text);
    ASSERT_TRUE(spec) << text << ": " << spec.error().message();
    EXPECT_EQ(spec->base, TimeSpec::From::kAbsolute) << text;
    EXPECT_EQ(spec->offset_ms, kNow) << text;
  }
}

TEST(TimeSpec, ReadsOffsetsBeforeNow) {
  const std::pair<const char*, DurationMs> cases[] = {
      {"-90d", -90 * kDayMs}, {"-36h", -36 * kHourMs}, {"-30m", -30 * kMinuteMs}, {"now", 0}};
  for (const auto& [text, offset] : cases) {
    const Result<TimeSpec> spec = parse_time_spec(text);
    ASSERT_TRUE(spec) << text;
    EXPECT_EQ(spec->base, TimeSpec::From::kNow) << text;
    EXPECT_EQ(spec->offset_ms, offset) << text;
  }
}

TEST(TimeSpec, ReadsListing) {
  const Result<TimeSpec> spec = parse_time_spec("listing");
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->base, TimeSpec::From::kListing);
  EXPECT_EQ(resolve(*spec, kNow, 42), 42);
}

TEST(TimeSpec, RefusesWhatIsNotATime) {
  for (const char* const text : {"", "yesterday", "-d", "-0d", "--5d", "-5", "-5w", "-1.5d", "90d",
                                 "2024-13-01", "2024", "-999999999999999d", "NOW"}) {
    const Result<TimeSpec> spec = parse_time_spec(text);
    ASSERT_FALSE(spec) << text;
    EXPECT_EQ(spec.error().code(), Code::kUsage) << text;
    EXPECT_THAT(spec.error().message(), HasSubstr("-90d")) << text;
  }
}

TEST(TimeSpec, MakesForeignTextVisible) {
  const Result<TimeSpec> spec = parse_time_spec("\x1b[2J");
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().message().find('\x1b'), std::string::npos);
}

TEST(Range, DefaultsToNow) {
  const Result<SpecRange> range = range_of("2023-12-01", "");
  ASSERT_TRUE(range);
  EXPECT_FALSE(range->to_given);
  EXPECT_EQ(range->to.base, TimeSpec::From::kNow);
}

TEST(Range, KnowsThatNoBeginWasGiven) {
  const Result<SpecRange> range = range_of("", "2023-12-01");
  ASSERT_TRUE(range);
  EXPECT_FALSE(range->from);
  EXPECT_TRUE(range->to_given);
}

TEST(Range, TakesDaysAsARollingRange) {
  const Result<SpecRange> range = range_of("", "", "90");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->from->base, TimeSpec::From::kNow);
  EXPECT_EQ(range->from->offset_ms, -90 * kDayMs);
  EXPECT_EQ(range->to.offset_ms, 0);
}

TEST(Range, RefusesDaysThatAreNoCount) {
  for (const char* const days : {"0", "-1", "1.5", "x", "90d", "100001", "99999999999999999999"}) {
    const Result<SpecRange> range = range_of("", "", days);
    ASSERT_FALSE(range) << days;
    EXPECT_THAT(range.error().message(), HasSubstr("--days")) << days;
  }
}

TEST(Range, RefusesDaysBesideAnEnd) {
  ASSERT_FALSE(range_of("2023-01-01", "", "90"));
  ASSERT_FALSE(range_of("", "2023-01-01", "90"));
}

TEST(Range, RefusesReversedAndEmptyOnes) {
  const std::pair<const char*, const char*> cases[] = {{"2023-02-01", "2023-01-01"},
                                                       {"2023-01-01", "2023-01-01"},
                                                       {"-1d", "-2d"},
                                                       {"now", "2023-01-01"},
                                                       {"2023-12-31", "-2d"},
                                                       {"listing", "1999-12-31"},
                                                       {"2024-01-02", ""}};
  for (const auto& [from, to] : cases) {
    const Result<SpecRange> range = range_of(from, to);
    ASSERT_FALSE(range) << from << " " << to;
    EXPECT_EQ(range.error().code(), Code::kUsage);
  }
  EXPECT_THAT(range_of("2023-02-01", "2023-01-01").error().message(), HasSubstr("swap them"));
}

TEST(Range, RefusesToEndAtAListing) { ASSERT_FALSE(range_of("2023-01-01", "listing")); }

TEST(Lookback, IsDaysHoursOrMinutes) {
  EXPECT_EQ(parse_lookback("7d").value(), 7 * kDayMs);
  EXPECT_EQ(parse_lookback("36h").value(), 36 * kHourMs);
  EXPECT_EQ(parse_lookback("30m").value(), 30 * kMinuteMs);
  for (const char* const text : {"", "7", "-7d", "0d", "7w", "d", "7 d", "99999999999999999999d"}) {
    const auto lookback = parse_lookback(text);
    ASSERT_FALSE(lookback) << text;
    EXPECT_EQ(lookback.error().code(), Code::kUsage) << text;
  }
}

}  // namespace
}  // namespace bf::cli
