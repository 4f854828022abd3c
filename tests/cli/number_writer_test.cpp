// tests/cli/number_writer_test.cpp
//
// Goal: every number that is written reads back as itself, in the same spelling as format_decimal().
#include "tools/cli/number_writer.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

#include "store/base/decimal.h"

namespace bf::cli {
namespace {

std::string decimal(std::int64_t mantissa, int scale) {
  char text[kNumberBytesMax];
  return {text, write_decimal(text, mantissa, scale)};
}

std::string integer(std::int64_t value) {
  char text[kNumberBytesMax];
  return {text, write_integer(text, value)};
}

std::string rfc3339(TimeMs t) {
  char text[kTimeBytesMax];
  return {text, write_rfc3339(text, t)};
}

TEST(WriteDecimal, WritesTheShortestPlainSpelling) {
  EXPECT_EQ(decimal(0, 0), "0");
  EXPECT_EQ(decimal(0, 8), "0");
  EXPECT_EQ(decimal(150, 2), "1.5");
  EXPECT_EQ(decimal(100, 2), "1");
  EXPECT_EQ(decimal(1, 8), "0.00000001");
  EXPECT_EQ(decimal(-1, 3), "-0.001");
  EXPECT_EQ(decimal(-1234567, 3), "-1234.567");
  EXPECT_EQ(decimal(123, 3), "0.123");
  EXPECT_EQ(decimal(1000, 0), "1000");
}

TEST(WriteDecimal, HoldsTheExtremes) {
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  for (int scale = 0; scale <= kScaleMax; ++scale) {
    for (const std::int64_t mantissa : {kMin, kMax, std::int64_t{1}, std::int64_t{-10}}) {
      const std::string text = decimal(mantissa, scale);
      EXPECT_EQ(text, format_decimal(Decimal{mantissa, scale}));
      EXPECT_LE(text.size(), kNumberBytesMax);
    }
  }
}

TEST(WriteDecimal, AgreesWithTheSlowWriter) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; ++i) {
    // Every number of digits, and trailing zeros, come up often.
    auto mantissa = static_cast<std::int64_t>(random()) >> (random() % 63);
    if (random() % 3 == 0) mantissa = mantissa / 1000 * 1000;
    const int scale = static_cast<int>(random() % (kScaleMax + 1));
    ASSERT_EQ(decimal(mantissa, scale), format_decimal(Decimal{mantissa, scale}));
  }
}

TEST(WriteInteger, AgreesWithTheLibrary) {
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{9}, std::int64_t{10}, std::int64_t{99}, std::int64_t{100},
        std::int64_t{-7}, std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_EQ(integer(value), std::to_string(value));
  }
}

TEST(WriteRfc3339, AgreesWithFormatTime) {
  for (const TimeMs t : {kTimeMin, kTimeMax - 1, TimeMs{1'704'067'200'000},
                         TimeMs{1'709'164'800'123}, TimeMs{1'679'661'581'046}}) {
    EXPECT_EQ(rfc3339(t), format_time(t));
  }
}

TEST(WriteRfc3339, TurnsDaysMonthsAndYears) {
  constexpr TimeMs kNewYear = 1'704'067'200'000;
  EXPECT_EQ(rfc3339(kNewYear - 1), "2023-12-31T23:59:59.999Z");
  EXPECT_EQ(rfc3339(kNewYear), "2024-01-01T00:00:00Z");
  EXPECT_EQ(rfc3339(kNewYear + 59 * kDayMs - 1), "2024-02-28T23:59:59.999Z");
  EXPECT_EQ(rfc3339(kNewYear + 59 * kDayMs), "2024-02-29T00:00:00Z");
  EXPECT_EQ(rfc3339(kNewYear + 60 * kDayMs), "2024-03-01T00:00:00Z");
  for (int day = -800; day <= 800; ++day) {
    for (const TimeMs beside : {-kMinuteMs, TimeMs{-1}, TimeMs{0}, TimeMs{1}, kMinuteMs}) {
      const TimeMs t = kNewYear + day * kDayMs + beside;
      ASSERT_EQ(rfc3339(t), format_time(t));
    }
  }
}

}  // namespace
}  // namespace bf::cli
