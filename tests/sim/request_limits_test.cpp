// Goal: windows that slide, and suspensions that hold the client to what it was told.
#include "engine/sim/request_limits.h"

#include <gtest/gtest.h>

namespace bf::sim {
namespace {

constexpr TimeMs kBegin = 1'700'000'000'000;

TEST(RequestLimits, AWindowSlides) {
  RequestLimits limits({{2, 1'000, 0}}, /*enforced=*/true);
  EXPECT_FALSE(limits.charge(1, kBegin).refused);
  EXPECT_FALSE(limits.charge(1, kBegin + 900).refused);
  EXPECT_TRUE(limits.charge(1, kBegin + 999).refused);
  EXPECT_FALSE(limits.charge(1, kBegin + 1'901).refused);
}

TEST(RequestLimits, ASuspensionRefusesEverythingUntilItEnds) {
  RequestLimits limits({{1, 1'000, 60'000}}, /*enforced=*/true);
  EXPECT_FALSE(limits.charge(1, kBegin).refused);
  const RequestVerdict broken = limits.charge(1, kBegin + 1);
  EXPECT_TRUE(broken.refused);
  EXPECT_FALSE(broken.out_of_turn);
  EXPECT_EQ(broken.suspended_until, kBegin + 60'001);
  EXPECT_FALSE(limits.charge(1, kBegin + 500).out_of_turn);  // on its way already
  const RequestVerdict sinner = limits.charge(1, kBegin + 30'000);
  EXPECT_TRUE(sinner.refused);
  EXPECT_TRUE(sinner.out_of_turn);
  EXPECT_FALSE(limits.charge(1, kBegin + 60'001).refused);
}

TEST(RequestLimits, RefuseNothingWhenTheyAreOff) {
  RequestLimits limits({{1, 1'000, 60'000}}, /*enforced=*/false);
  for (TimeMs i = 0; i < 10; ++i) EXPECT_FALSE(limits.charge(1, kBegin + i).refused);
}

TEST(RequestLimits, HoldTheClientToAPauseThatItWasTold) {
  RequestLimits limits({{10, 1'000, 0}}, /*enforced=*/true);
  limits.expect_silence(kBegin, kBegin + 10'000);
  EXPECT_FALSE(limits.charge(1, kBegin + 500).out_of_turn);
  EXPECT_TRUE(limits.charge(1, kBegin + 5'000).out_of_turn);
  EXPECT_FALSE(limits.charge(1, kBegin + 10'000).out_of_turn);
}

}  // namespace
}  // namespace bf::sim
