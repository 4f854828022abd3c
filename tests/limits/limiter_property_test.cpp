// Goal: no run breaks a limit, whatever the latencies, the number of requests in flight, the error of
// our clock and the requests that get lost; and a limit is used to the full.
// Method: hours of virtual time against plain models of servers that count by arrival, from seeds.
#include <gtest/gtest.h>

#include "tests/limits/limiter_world.h"

namespace bf::limits {
namespace {

void expect_no_refusal(const Config& config) {
  World world(config);
  const Result<void> ran = world.loop.run(run(world));
  ASSERT_TRUE(ran) << ran.error().message();
  EXPECT_EQ(world.refused, 0) << "of " << world.requests << " requests: " << describe(config);
  EXPECT_GT(world.requests, 0);
  EXPECT_EQ(world.clients.front().limiter->state().in_flight, 0);
}

TEST(LimiterProperty, AFixedWindowIsNeverExceeded) {
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    Config config = draw(seed, rule_of(Shape::kFixedWindow, 600, kMinuteMs, "x-used"));
    expect_no_refusal(config);
  }
}

TEST(LimiterProperty, ASmallFixedWindowIsNeverExceeded) {
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    Config config = draw(seed, rule_of(Shape::kFixedWindow, 40, 5'000, "x-used"));
    config.run_ms = 10 * kMinuteMs;
    expect_no_refusal(config);
  }
}

TEST(LimiterProperty, ASlidingWindowIsNeverExceeded) {
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    Config config = draw(seed, rule_of(Shape::kSlidingWindow, 100, 5'000));
    config.run_ms = 10 * kMinuteMs;
    expect_no_refusal(config);
  }
}

TEST(LimiterProperty, ATokenBucketIsNeverOverdrawn) {
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    Config config = draw(seed, rule_of(Shape::kTokenBucket, 50, 2'500));
    config.run_ms = 10 * kMinuteMs;
    expect_no_refusal(config);
  }
}

/// The machine sleeps, here and there in a run, for up to a minute and a half.
Task<Result<void>> run_with_sleeps(World& world) {
  TaskGroup group(world.loop, CancelToken());
  group.spawn(run(world));
  std::mt19937_64 random(world.config.seed);
  for (int i = 0; i < 8; ++i) {
    (void)co_await world.loop.sleep(static_cast<std::int64_t>(random() % 40'000) * kNs,
                                    CancelToken());
    world.suspend(static_cast<DurationMs>(random() % 90'000));
  }
  const Result<void> all = co_await group.join();
  co_return all;
}

TEST(LimiterProperty, AMachineThatSleepsBreaksNoLimit) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    for (const LimitRule& rule :
         {rule_of(Shape::kFixedWindow, 600, kMinuteMs, "x-used"),
          rule_of(Shape::kSlidingWindow, 100, 5'000), rule_of(Shape::kTokenBucket, 50, 2'500)}) {
      Config config = draw(seed, rule);
      config.run_ms = 6 * kMinuteMs;
      config.workers = 300;
      config.think_ms_max = 0;
      World world(config);
      ASSERT_TRUE(world.loop.run(run_with_sleeps(world)));
      EXPECT_GT(world.requests, 0);
      EXPECT_EQ(world.refused, 0) << "of " << world.requests << ": " << describe(config);
    }
  }
}

/// The share of what the rule allows in `config.run_ms` that arrived at the server, in 1/1000.
std::int64_t used_permille(const Config& config) {
  World world(config);
  const Result<void> ran = world.loop.run(run(world));
  EXPECT_TRUE(ran);
  EXPECT_EQ(world.refused, 0) << describe(config);
  const std::int64_t windows = config.run_ms / config.rule.window_ms;
  return world.arrived * 1'000 / (windows * config.rule.capacity);
}

TEST(LimiterProperty, UnlimitedDemandUsesAFixedWindowToTheFull) {
  Config config;
  config.rule = rule_of(Shape::kFixedWindow, 2'400, kMinuteMs, "x-used");
  config.start = kMinuteBegin - World::kAheadMs;
  EXPECT_GE(used_permille(config), 990);
  config.latency_min_ms = 5;
  config.latency_max_ms = 500;
  EXPECT_GE(used_permille(config), 990);
  config.lost_percent = 1;
  EXPECT_GE(used_permille(config), 980);
}

TEST(LimiterProperty, UnlimitedDemandUsesTheOtherShapesToo) {
  Config config;
  config.run_ms = 10 * kMinuteMs;
  config.weights = {1};
  config.workers = 1'000;
  config.rule = rule_of(Shape::kSlidingWindow, 600, 5'000);
  EXPECT_GE(used_permille(config), 960);  // a round trip of 100 ms in every 5 s is the price
  config.rule = rule_of(Shape::kTokenBucket, 100, 5'000);
  EXPECT_GE(used_permille(config), 960);
}

}  // namespace
}  // namespace bf::limits
