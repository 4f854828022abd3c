// tests/store/trailing_zeros_test.cpp
//
// Goal: the zeros that values share are found and dropped exactly, whatever the values. Method: random ones
// and extremes, against division.
#include "store/trailing_zeros.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "store/base/decimal.h"
#include "tests/support/sim_disk.h"

namespace bf::store {
namespace {

using bf::test::Random;
using Values = std::vector<std::int64_t>;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

int power_by_division(const Values& values, int power_max) {
  int power = power_max;
  for (const std::int64_t value : values) {
    while (value % power_of_ten(power) != 0) --power;
  }
  return power;
}

void expect_exact(const Values& values, int power_max) {
  const int power = common_power(values, power_max);
  ASSERT_EQ(power, power_by_division(values, power_max)) << values.size() << " values";
  Values dropped(values.size());
  drop_zeros(values, power, dropped.data());
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(dropped[i], values[i] / power_of_ten(power)) << values[i] << " / 10^" << power;
  }
}

TEST(TrailingZeros, AreThoseThatEveryValueHas) {
  Random random(1);
  for (int round = 0; round < 2'000; ++round) {
    const auto power = static_cast<int>(random.below(kTrailingZerosMax + 1));
    const std::int64_t most = kMax / power_of_ten(power);
    Values values(1 + random.below(300));
    for (std::int64_t& value : values) {
      value = static_cast<std::int64_t>(random.next()) % most * power_of_ten(power);
    }
    // One that ends otherwise, anywhere.
    if (random.chance(50)) values[random.below(values.size())] += power_of_ten(power / 2);
    expect_exact(values, static_cast<int>(random.below(kTrailingZerosMax + 1)));
  }
}

TEST(TrailingZeros, OfExtremesAreFoundToo) {
  for (int power = 0; power <= kTrailingZerosMax; ++power) {
    const std::int64_t most = kMax / power_of_ten(power) * power_of_ten(power);
    for (const std::int64_t value : {kMin, kMax, most, -most, most - 1, 1 - most, std::int64_t{0},
                                     power_of_ten(power), -power_of_ten(power)}) {
      expect_exact({value}, power);
      expect_exact(Values(70, value), power);
    }
  }
}

}  // namespace
}  // namespace bf::store
