// tests/base/decimal_test.cpp
//
// Goal: every number that an exchange sends keeps its digits, and nothing else is taken for one.
// Method: edges by name; random spellings against plain arithmetic on digit strings.
#include "store/base/decimal.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

#include "tests/support/sim_disk.h"

namespace bf {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

/// "15 / 10^1", "wide" or "invalid".
std::string parsed(std::string_view text) {
  Decimal value;
  switch (parse_decimal(text, value)) {
    case DecimalStatus::kExact:
      return std::to_string(value.mantissa) + " / 10^" + std::to_string(value.scale);
    case DecimalStatus::kWide:
      return "wide";
    case DecimalStatus::kInvalid:
      return "invalid";
  }
  return "?";
}

TEST(Decimal, ReadsPlainNumbers) {
  EXPECT_EQ(parsed("0"), "0 / 10^0");
  EXPECT_EQ(parsed("1.5"), "15 / 10^1");
  EXPECT_EQ(parsed("-0.00012"), "-12 / 10^5");
  EXPECT_EQ(parsed("42283.58000000"), "4228358000000 / 10^8");
  EXPECT_EQ(parsed("007"), "7 / 10^0");
  EXPECT_EQ(parsed("-0"), "0 / 10^0");
  EXPECT_EQ(parsed("-0.000"), "0 / 10^0");
}

TEST(Decimal, ReadsExponents) {
  EXPECT_EQ(parsed("1E-8"), "1 / 10^8");
  EXPECT_EQ(parsed("1e8"), "100000000 / 10^0");
  EXPECT_EQ(parsed("1.25e+2"), "125 / 10^0");
  EXPECT_EQ(parsed("1.25e1"), "125 / 10^1");
  EXPECT_EQ(parsed("12e-01"), "12 / 10^1");
  EXPECT_EQ(parsed("0e400"), "0 / 10^0");
  EXPECT_EQ(parsed("0.0e-400"), "0 / 10^0");
}

TEST(Decimal, ReadsTheEndsOfItsRange) {
  EXPECT_EQ(parsed("9223372036854775807"), "9223372036854775807 / 10^0");
  EXPECT_EQ(parsed("-9223372036854775808"), "-9223372036854775808 / 10^0");
  EXPECT_EQ(parsed("-922337203685477580.8"), "-9223372036854775808 / 10^1");
  EXPECT_EQ(parsed("9223372036854775808"), "wide");
  EXPECT_EQ(parsed("-9223372036854775809"), "wide");
  EXPECT_EQ(parsed("1e18"), "1000000000000000000 / 10^0");
  EXPECT_EQ(parsed("1e19"), "wide");
  EXPECT_EQ(parsed("1e-30"), "1 / 10^30");
  EXPECT_EQ(parsed("1e-31"), "wide");
  EXPECT_EQ(parsed("10e-31"), "1 / 10^30");
  EXPECT_EQ(parsed("1e-400"), "wide");
}

TEST(Decimal, FindsTheMantissaBehindZeros) {
  const std::string zeros(60, '0');
  EXPECT_EQ(parsed("1." + zeros), "1 / 10^0");
  EXPECT_EQ(parsed(zeros + "1.5"), "15 / 10^1");
  EXPECT_EQ(parsed("0." + zeros), "0 / 10^0");
  EXPECT_EQ(parsed("10000000000000000000e-5"), "100000000000000 / 10^0");
  EXPECT_EQ(parsed("1" + zeros + ".0e-60"), "1 / 10^0");
  EXPECT_EQ(parsed("0." + zeros + "1e61"), "1 / 10^0");
}

TEST(Decimal, RefusesWhatIsNoNumber) {
  for (const char* text : {"",
                           "-",
                           "+1",
                           ".5",
                           "5.",
                           "-.5",
                           "1,5",
                           "0x1",
                           "NaN",
                           "Infinity",
                           "1.2.3",
                           "1 ",
                           " 1",
                           "--1",
                           "1e",
                           "1e+",
                           "1e-",
                           "1e+-5",
                           "1e++5",
                           "1e5.0",
                           "1e401",
                           "1e-401",
                           "1e99999999999",
                           "e5",
                           "1_000",
                           "1\n",
                           "\xEF\xBC\x91"}) {
    EXPECT_EQ(parsed(text), "invalid") << '"' << text << '"';
    EXPECT_EQ(canonical_decimal(text).error().code(), Code::kDataQuality) << '"' << text << '"';
  }
  EXPECT_EQ(parsed(std::string_view("1\0", 2)), "invalid");
}

TEST(Decimal, WritesOneSpellingOfAValue) {
  EXPECT_EQ(format_decimal({0, 0}), "0");
  EXPECT_EQ(format_decimal({0, 9}), "0");
  EXPECT_EQ(format_decimal({150, 2}), "1.5");
  EXPECT_EQ(format_decimal({-5, 3}), "-0.005");
  EXPECT_EQ(format_decimal({100, 0}), "100");
  EXPECT_EQ(format_decimal({100, 2}), "1");
  EXPECT_EQ(format_decimal({1, 30}), "0.000000000000000000000000000001");
  EXPECT_EQ(format_decimal({kMin, 0}), "-9223372036854775808");
  EXPECT_EQ(format_decimal({kMin, 19}), "-0.9223372036854775808");
  EXPECT_EQ(format_decimal({kMax, 18}), "9.223372036854775807");
}

TEST(Decimal, WritesAnyNumberPlainly) {
  EXPECT_EQ(canonical_decimal("1E-40").value(), "0." + std::string(39, '0') + "1");
  EXPECT_EQ(canonical_decimal("-1.50e21").value(), "-15" + std::string(20, '0'));
  EXPECT_EQ(canonical_decimal("-0.0e5").value(), "0");
  EXPECT_EQ(canonical_decimal("00.10").value(), "0.1");
  const std::string digits = "123456789012345678901234567890.123456789012345678901234567891";
  EXPECT_EQ(canonical_decimal(digits).value(), digits);
  EXPECT_EQ(canonical_decimal("1e-400").value(), "0." + std::string(399, '0') + "1");
}

TEST(Decimal, ScalesUpOnlyWhatFits) {
  std::int64_t out = 0;
  EXPECT_TRUE(scale_up(9, 18, out));
  EXPECT_EQ(out, 9'000'000'000'000'000'000);
  EXPECT_FALSE(scale_up(10, 18, out));
  EXPECT_FALSE(scale_up(1, 19, out));
  EXPECT_TRUE(scale_up(0, 1'000, out));
  EXPECT_EQ(out, 0);
  EXPECT_TRUE(scale_up(kMin, 0, out));
  EXPECT_EQ(out, kMin);
  EXPECT_FALSE(scale_up(kMin, 1, out));
}

/// A number as sign, significant digits and the power of ten of the last one: arithmetic on strings.
struct Plain {
  bool negative = false;
  std::string digits;
  int exponent = 0;

  /// The plain spelling, made another way than canonical_decimal makes it.
  [[nodiscard]] std::string text() const {
    std::string significant = digits;
    int power = exponent;
    while (!significant.empty() && significant.front() == '0') significant.erase(0, 1);
    while (!significant.empty() && significant.back() == '0') {
      significant.pop_back();
      ++power;
    }
    if (significant.empty()) return "0";
    while (power > 0) {
      significant.push_back('0');
      --power;
    }
    if (power < 0) {
      const auto places = static_cast<std::size_t>(-power);
      while (significant.size() <= places) significant.insert(0, 1, '0');
      significant.insert(significant.size() - places, 1, '.');
    }
    return (negative ? "-" : "") + significant;
  }
};

TEST(Decimal, AgreesWithPlainArithmeticOnRandomSpellings) {
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    test::Random random(seed);
    const auto some_digits = [&](std::uint64_t most, std::uint64_t least) {
      std::string digits;
      const std::uint64_t count = least + random.below(most - least + 1);
      const bool zeros = random.chance(20);
      while (digits.size() < count) {
        digits.push_back(zeros || random.chance(30) ? '0'
                                                    : static_cast<char>('0' + random.below(10)));
      }
      return digits;
    };
    const std::string integer = some_digits(random.chance(80) ? 8 : 30, 1);
    const std::string fraction =
        random.chance(70) ? some_digits(random.chance(80) ? 10 : 40, 1) : "";
    Plain plain{random.chance(40), integer + fraction, -static_cast<int>(fraction.size())};
    std::string text = (plain.negative ? "-" : "") + integer;
    if (!fraction.empty()) text += "." + fraction;
    if (random.chance(40)) {
      const int exponent = static_cast<int>(random.below(61)) - 30;
      text += (random.chance(50) ? "e" : "E") +
              std::string(exponent >= 0 && random.chance(50) ? "+" : "");
      text += std::to_string(exponent);
      plain.exponent += exponent;
    }

    const std::string expected = plain.text();
    ASSERT_EQ(canonical_decimal(text).value(), expected) << text;
    Decimal value;
    const DecimalStatus status = parse_decimal(text, value);
    const std::size_t point = expected.find('.');
    const std::size_t places = point == std::string::npos ? 0 : expected.size() - point - 1;
    std::string mantissa = expected;
    if (places != 0) mantissa.erase(point, 1);
    while (mantissa.size() > 1 && mantissa[0] == '0') mantissa.erase(0, 1);
    while (mantissa.size() > 2 && mantissa.substr(0, 2) == "-0") mantissa.erase(1, 1);
    errno = 0;
    const long long number = std::strtoll(mantissa.c_str(), nullptr, 10);
    const bool fits = errno == 0 && places <= static_cast<std::size_t>(kScaleMax);
    ASSERT_EQ(status, fits ? DecimalStatus::kExact : DecimalStatus::kWide) << text;
    if (!fits) continue;
    ASSERT_EQ(format_decimal(value), expected) << text;
    ASSERT_EQ(value.normalized(), (Decimal{number, static_cast<int>(places)})) << text;
    ASSERT_LE(value.scale, kScaleMax) << text;
  }
}

}  // namespace
}  // namespace bf
