// tests/cli/decimal_texts_test.cpp
//
// Goal: numbers whose texts are made side by side have the same spelling as those written one by one.
// Method: columns of every width, scale and mixture, and what lies beside each power of ten.
#include "tools/cli/decimal_texts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "store/base/decimal.h"
#include "store/base/time.h"

namespace bf::cli {
namespace {

struct Values {
  std::vector<std::int64_t> mantissas;
  int scale = 0;
};

/// Behind the room that the lines may use.
constexpr char kUntouched = '#';
constexpr std::size_t kGuardBytes = 64;

std::string lines_of(const std::vector<Values>& columns, std::size_t lines) {
  std::vector<DecimalTexts> texts(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    texts[i].assign(columns[i].mantissas, columns[i].scale);
  }
  const std::size_t room = lines * columns.size() * DecimalTexts::kTextBytesMax;
  std::string out(room + kGuardBytes, kUntouched);
  const char* const end = DecimalTexts::write_lines(texts, lines, out.data());
  EXPECT_EQ(out.substr(room), std::string(kGuardBytes, kUntouched)) << "written behind the room";
  return out.substr(0, static_cast<std::size_t>(end - out.data()));
}

std::string lines_one_by_one(const std::vector<Values>& columns, std::size_t lines) {
  std::string out;
  for (std::size_t line = 0; line < lines; ++line) {
    for (const Values& column : columns) {
      out += format_decimal(Decimal{column.mantissas[line], column.scale});
      out += &column == &columns.back() ? '\n' : ',';
    }
  }
  return out;
}

void expect_same(const std::vector<Values>& columns) {
  const std::size_t lines = columns.front().mantissas.size();
  ASSERT_EQ(lines_of(columns, lines), lines_one_by_one(columns, lines));
}

/// The values as one column, as many at a time as there may be, at every scale.
void expect_same_at_every_scale(const std::vector<std::int64_t>& values) {
  for (int scale = 0; scale <= kScaleMax; ++scale) {
    for (std::size_t begin = 0; begin < values.size(); begin += DecimalTexts::kValuesMax) {
      const std::size_t end = std::min(begin + DecimalTexts::kValuesMax, values.size());
      const auto at = [&values](std::size_t i) {
        return values.begin() + static_cast<std::ptrdiff_t>(i);
      };
      expect_same({{std::vector<std::int64_t>(at(begin), at(end)), scale}});
    }
  }
}

/// All non-negative and below 10^`digits`, but for a few of any sign in some.
Values column_of(std::mt19937_64& random, std::size_t lines, int digits, bool odd_ones) {
  std::int64_t limit = 1;
  for (int i = 0; i < digits; ++i) limit *= 10;
  Values column;
  column.scale = static_cast<int>(random() % (kScaleMax + 1));
  for (std::size_t i = 0; i < lines; ++i) {
    std::int64_t value = static_cast<std::int64_t>(random() >> 1U) % limit >> (random() % 20);
    if (random() % 3 == 0) value = value / 1000 * 1000;
    if (odd_ones && random() % 50 == 0) value = -value;
    column.mantissas.push_back(value);
  }
  return column;
}

TEST(DecimalTexts, AgreeWithNumbersWrittenOneByOne) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 1'000; ++i) {
    const std::size_t lines = random() % DecimalTexts::kValuesMax + 1;
    std::vector<Values> columns(random() % 12 + 1);
    for (Values& column : columns) {
      column = column_of(random, lines, static_cast<int>(random() % 18) + 1, random() % 4 == 0);
    }
    expect_same(columns);
  }
}

// A column is written by the widest of its values: each width stands alone here.
TEST(DecimalTexts, AreExactBesidePowersOfTen) {
  std::int64_t power = 1;
  for (int digits = 0; digits <= 18; ++digits) {
    expect_same_at_every_scale({0, 1, power - 1, power, power + 1, power / 2, power / 3});
    expect_same_at_every_scale({0, -1, 1 - power, -power, -power - 1});
    if (digits < 18) power *= 10;
  }
  constexpr std::int64_t kDoubleLimit = std::int64_t{1} << 53;
  expect_same_at_every_scale({kDoubleLimit - 1, 0});
  expect_same_at_every_scale({kDoubleLimit, kDoubleLimit + 1});
  expect_same_at_every_scale(
      {std::numeric_limits<std::int64_t>::min(), 0, std::numeric_limits<std::int64_t>::max()});
}

// The quotient by 10^8 that vectors make is right on both sides of every multiple.
TEST(DecimalTexts, AreExactAroundMultiplesOfTenToTheEighth) {
  std::mt19937_64 random(12);
  for (int i = 0; i < 2'000; ++i) {
    const auto near = static_cast<std::int64_t>(random() % 90'071'992 * 100'000'000);
    expect_same({{{near, near + 1, std::max<std::int64_t>(near - 1, 0)}, 8}});
  }
}

TEST(DecimalTexts, SplitEveryNumberOfFourDigits) {
  std::vector<std::int64_t> values;
  for (std::int64_t value = 0; value < 10'000; ++value) {
    values.push_back(value * 10'000 + (9'999 - value));
  }
  for (const int scale : {0, 2, 7}) {
    for (std::size_t begin = 0; begin < values.size(); begin += DecimalTexts::kValuesMax) {
      const std::size_t end = std::min(begin + DecimalTexts::kValuesMax, values.size());
      const std::vector<std::int64_t> some(values.begin() + static_cast<std::ptrdiff_t>(begin),
                                           values.begin() + static_cast<std::ptrdiff_t>(end));
      expect_same({{some, scale}});
    }
  }
}

TEST(DecimalTexts, WriteTimesAcrossDaysAndYears) {
  constexpr TimeMs kNewYear = 1'704'067'200'000;
  for (const TimeMs step : {TimeMs{1}, kMinuteMs, kHourMs, kDayMs, 365 * kDayMs}) {
    Values times;
    for (int i = -60; i < 60; ++i) times.mantissas.push_back(kNewYear + i * step);
    expect_same({times});
  }
  EXPECT_EQ(lines_of({{{kNewYear - kMinuteMs, kNewYear}, 0}}, 2), "1704067140000\n1704067200000\n");
}

}  // namespace
}  // namespace bf::cli
