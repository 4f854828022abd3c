// tests/limits/token_bucket_test.cpp
//
// Goal: a bucket that empties fills again, whatever becomes of the clock that it runs on. Method: instants
// that go back.
#include "engine/limits/token_bucket.h"

#include <gtest/gtest.h>

namespace bf::limits {
namespace {

constexpr std::int64_t kSecond = 1'000 * kNsPerMs;

LimitRule rule() {
  LimitRule rule;
  rule.shape = Shape::kTokenBucket;
  rule.capacity = 100;
  rule.window_ms = 5'000;
  return rule;
}

void send(TokenBucket& bucket, std::int64_t now, std::int64_t cost) {
  ASSERT_EQ(bucket.leaves_at(now, cost), now);
  bucket.leave(cost);
  Answer answer;
  answer.cost = cost;
  answer.sent_at = now;
  answer.heard = true;
  bucket.answered(now, answer);
}

TEST(TokenBucket, FillsInItsTimeAfterTheClockWasSetBack) {
  const std::int64_t now = 1'700'000'000 * kSecond;
  const std::int64_t earlier = now - 3'600 * kSecond;
  TokenBucket bucket(rule(), 100);
  send(bucket, now, 50);
  // What was used an hour from now counts as the whole bucket, and no more.
  EXPECT_EQ(bucket.used(earlier), 100);
  EXPECT_EQ(bucket.leaves_at(earlier, 50), earlier + 5 * kSecond / 2);
  EXPECT_EQ(bucket.leaves_at(earlier + 5 * kSecond, 100), earlier + 5 * kSecond);
}

}  // namespace
}  // namespace bf::limits
