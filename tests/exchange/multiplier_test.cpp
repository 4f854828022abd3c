#include "engine/exchange/multiplier.h"

#include <gtest/gtest.h>

namespace bf::exchange {
namespace {

TEST(Multiplier, IsSplitOffTheNamesThatHaveOneAlone) {
  struct Case {
    std::string_view base;
    std::string_view multiplier;
  };
  for (const Case& test :
       {Case{"BTC", "1"}, Case{"1INCH", "1"}, Case{"1000PEPE", "1000"}, Case{"10000SATS", "10000"},
        Case{"1000000CHEEMS", "1000000"}, Case{"1MBABYDOGE", "1000000"}, Case{"1M", "1"},
        Case{"1MX", "1"}, Case{"SHIB1000", "1000"}, Case{"X1000", "1"}, Case{"1000", "1"},
        Case{"", "1"}, Case{"100PEPE", "1"}}) {
    EXPECT_EQ(multiplier_of(test.base), test.multiplier) << test.base;
  }
}

}  // namespace
}  // namespace bf::exchange
