#include "engine/sim/client_limits.h"

#include <gtest/gtest.h>

namespace bf::sim {
namespace {

constexpr TimeMs kMinute = 1'700'000'040'000;
static_assert(kMinute % kMinuteMs == 0);

TEST(ClientLimits, CountWeightInFixedClockMinutes) {
  ClientLimits limits(LimitOptions{});
  EXPECT_EQ(limits.charge(2'000, kMinute + 59'999).used_weight, 2'000);
  const LimitVerdict next = limits.charge(2'000, kMinute + 60'000);
  EXPECT_EQ(next.status, 200);
  EXPECT_EQ(next.used_weight, 2'000);
}

TEST(ClientLimits, AllowExactlyTheLimit) {
  ClientLimits limits(LimitOptions{});
  EXPECT_EQ(limits.charge(2'400, kMinute).status, 200);
  const LimitVerdict over = limits.charge(1, kMinute + 500);
  EXPECT_EQ(over.status, 429);
  EXPECT_EQ(over.used_weight, 2'401);
  EXPECT_EQ(over.retry_after_s, 60);
  EXPECT_FALSE(over.out_of_turn);
}

TEST(ClientLimits, RefuseUntilTheMinuteEnds) {
  ClientLimits limits(LimitOptions{});
  EXPECT_EQ(limits.charge(2'401, kMinute + 30'000).retry_after_s, 30);
  EXPECT_EQ(limits.charge(1, kMinute + 59'999).status, 429);
  EXPECT_EQ(limits.charge(1, kMinute + 60'000).status, 200);
}

TEST(ClientLimits, DoNotHoldWhatWasOnItsWayAgainstTheClient) {
  ClientLimits limits(LimitOptions{});
  EXPECT_EQ(limits.charge(2'401, kMinute).status, 429);
  for (int i = 0; i < 100; ++i) {
    const LimitVerdict verdict = limits.charge(2, kMinute + kGraceMs - 1);
    EXPECT_EQ(verdict.status, 429);
    EXPECT_FALSE(verdict.out_of_turn);
  }
}

TEST(ClientLimits, BanWhoKeepsSendingAndTwiceAsLongEachTime) {
  ClientLimits limits(LimitOptions{});
  TimeMs now = kMinute;
  for (DurationMs expected = kBanMsMin; expected <= kBanMsMax; expected *= 2) {
    EXPECT_EQ(limits.charge(2'401, now).status, 429);
    now += kGraceMs;
    for (int strike = 1; strike < 5; ++strike) EXPECT_EQ(limits.charge(1, now).status, 429);
    const LimitVerdict ban = limits.charge(1, now);
    ASSERT_EQ(ban.status, 418);
    EXPECT_TRUE(ban.out_of_turn);
    EXPECT_EQ(ban.banned_until, now + expected);
    EXPECT_EQ(ban.retry_after_s, expected / 1'000);
    const LimitVerdict during = limits.charge(1, ban.banned_until - 1);
    EXPECT_EQ(during.status, 418);
    EXPECT_TRUE(during.out_of_turn);
    EXPECT_EQ(limits.charge(1, ban.banned_until).status, 200);
    now = ban.banned_until + kMinuteMs - ban.banned_until % kMinuteMs;
  }
}

TEST(ClientLimits, NeverBanForMoreThanThreeDays) {
  ClientLimits limits(LimitOptions{});
  TimeMs now = kMinute;
  DurationMs longest = 0;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(limits.charge(2'401, now).status, 429);
    LimitVerdict last;
    for (int strike = 0; strike < 5; ++strike) last = limits.charge(1, now + kGraceMs);
    longest = last.banned_until - (now + kGraceMs);
    now = last.banned_until + kMinuteMs - last.banned_until % kMinuteMs;
  }
  EXPECT_EQ(longest, kBanMsMax);
}

TEST(ClientLimits, CountRawRequestsOfFiveMinutes) {
  LimitOptions options;
  options.weight_per_minute = 1'000'000;
  options.requests_per_5_minutes = 10;
  ClientLimits limits(options);
  const TimeMs window = kMinute - kMinute % (5 * kMinuteMs);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(limits.charge(1, window + i).status, 200);
  const LimitVerdict over = limits.charge(1, window + 10);
  EXPECT_EQ(over.status, 429);
  EXPECT_EQ(over.retry_after_s, 300);
  EXPECT_EQ(limits.charge(1, window + 5 * kMinuteMs).status, 200);
}

TEST(ClientLimits, CountButRefuseNothingWhenTheyAreOff) {
  LimitOptions options;
  options.enforced = false;
  ClientLimits limits(options);
  const LimitVerdict verdict = limits.charge(1'000'000, kMinute);
  EXPECT_EQ(verdict.status, 200);
  EXPECT_EQ(verdict.used_weight, 1'000'000);
}

TEST(ClientLimits, HoldTheClientToAPauseThatItWasTold) {
  ClientLimits limits(LimitOptions{});
  limits.expect_silence(kMinute, kMinute + 10'000);
  EXPECT_FALSE(limits.charge(1, kMinute + 999).out_of_turn);
  EXPECT_TRUE(limits.charge(1, kMinute + 1'000).out_of_turn);
  EXPECT_TRUE(limits.charge(1, kMinute + 9'999).out_of_turn);
  EXPECT_FALSE(limits.charge(1, kMinute + 10'000).out_of_turn);
}

}  // namespace
}  // namespace bf::sim
