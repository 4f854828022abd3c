// Goal: no run breaks a limit, whatever the latencies, the number of requests in flight, the error of
// our clock and the requests that get lost; and a limit is used to the full.
// Method: hours of virtual time against plain models of servers that count by arrival, from seeds.
#include <gtest/gtest.h>

#include <random>

#include "engine/async/task_group.h"
#include "engine/async/virtual_loop.h"
#include "engine/limits/rate_limiter.h"
#include "tests/limits/model_server.h"

namespace bf::limits {
namespace {

using async::TaskGroup;
using async::VirtualLoop;
using async::Wake;

constexpr std::int64_t kNs = 1'000'000;  // a millisecond
constexpr TimeMs kMinuteBegin = 1'700'000'040'000;

struct Config {
  LimitRule rule;
  std::uint64_t seed = 1;
  DurationMs run_ms = kHourMs / 2;
  TimeMs start = kMinuteBegin;
  DurationMs latency_min_ms = 50;  ///< each way
  DurationMs latency_max_ms = 50;
  int workers = 300;
  std::vector<std::uint32_t> weights = {2};
  DurationMs clock_error_ms = 0;  ///< what the limiter does not know, within +-100
  DurationMs think_ms_max = 0;    ///< between two requests of a worker
  int lost_percent = 0;
  bool reports = true;
};

struct World {
  explicit World(Config chosen)
      : config(std::move(chosen)),
        loop(config.start),
        random(config.seed),
        server(model_of(config.rule)),
        limiter(loop, {config.rule}, LimiterOptions{"model", 100, nullptr}) {
    // The server's clock is a while ahead of ours; the limiter is told so, with an error.
    limiter.set_clock_offset(kAheadMs + config.clock_error_ms, 100);
  }
  static constexpr DurationMs kAheadMs = 4'321;

  [[nodiscard]] std::int64_t server_ns() const { return loop.now_ns() + kAheadMs * kNs; }
  std::int64_t latency_ns() {
    const auto span =
        static_cast<std::uint64_t>(config.latency_max_ms - config.latency_min_ms) * kNs;
    return config.latency_min_ms * kNs + static_cast<std::int64_t>(random() % (span + 1));
  }

  Config config;
  VirtualLoop loop;
  std::mt19937_64 random;
  std::unique_ptr<ModelServer> server;
  RateLimiter limiter;
  std::int64_t refused = 0;
  std::int64_t arrived = 0;
  std::int64_t requests = 0;
};

/// One request and its answer. `world` outlives every task of it.
Task<Result<void>> request(World& world, std::uint32_t weight) {
  const CancelToken none;
  const Cost cost{weight, {}};
  const Result<Permit> permit = co_await world.limiter.acquire(cost, none);
  if (!permit) co_return fail(permit.error());
  ++world.requests;
  const std::uint64_t fate = world.random() % 200;
  const auto lost = static_cast<std::uint64_t>(world.config.lost_percent);
  const bool lost_going = fate < lost;
  const bool lost_coming = !lost_going && fate < 2 * lost;

  (void)co_await world.loop.sleep(world.latency_ns(), none);
  Feedback feedback;
  if (!lost_going) {
    const std::int64_t weighed = world.config.rule.unit == Unit::kWeight ? weight : 1;
    if (!world.server->arrive(world.server_ns(), weighed)) ++world.refused;
    world.arrived += weighed;
    feedback.used.push_back(world.config.reports ? world.server->used() : -1);
  }
  (void)co_await world.loop.sleep(world.latency_ns(), none);
  const TimeMs date = world.server_ns() / kNs;
  feedback.server_time = date - date % kSecondMs;  // made when the answer was complete
  if (lost_going || lost_coming) feedback = Feedback();
  world.limiter.answered(*permit, feedback);
  co_return Result<void>();
}

Task<Result<void>> work(World& world) {
  const std::int64_t end = world.loop.now_ns() + world.config.run_ms * kNs;
  while (world.loop.now_ns() < end) {
    const std::vector<std::uint32_t>& weights = world.config.weights;
    const std::uint32_t weight = weights[world.random() % weights.size()];
    const Result<void> done = co_await request(world, weight);
    if (!done) co_return fail(done.error());
    if (world.config.think_ms_max == 0) continue;
    const auto think = static_cast<std::uint64_t>(world.config.think_ms_max * kNs);
    (void)co_await world.loop.sleep(static_cast<std::int64_t>(world.random() % think),
                                    CancelToken());
  }
  co_return Result<void>();
}

Task<Result<void>> run(World& world) {
  TaskGroup group(world.loop, CancelToken());
  for (int i = 0; i < world.config.workers; ++i) group.spawn(work(world));
  const Result<void> all = co_await group.join();
  co_return all;
}

LimitRule rule_of(Shape shape, std::int64_t capacity, DurationMs window, std::string header = "") {
  return LimitRule{"rule", Unit::kWeight, shape, capacity, window, std::move(header)};
}

std::string describe(const Config& config) {
  return "seed " + std::to_string(config.seed) + ", latency " +
         std::to_string(config.latency_min_ms) + ".." + std::to_string(config.latency_max_ms) +
         " ms, workers " + std::to_string(config.workers) + ", clock " +
         std::to_string(config.clock_error_ms) + " ms, lost " +
         std::to_string(config.lost_percent) + " %, think " + std::to_string(config.think_ms_max) +
         " ms, reports " + (config.reports ? "yes" : "no");
}

/// A config drawn from `seed`.
Config draw(std::uint64_t seed, LimitRule rule) {
  std::mt19937_64 random(seed);
  const auto pick = [&random](auto list) { return list[random() % list.size()]; };
  Config config;
  config.rule = std::move(rule);
  config.seed = seed;
  config.start = kMinuteBegin + static_cast<TimeMs>(random() % 120'000);
  config.latency_min_ms = pick(std::vector<DurationMs>{1, 3, 5, 25, 200});
  config.latency_max_ms =
      config.latency_min_ms + pick(std::vector<DurationMs>{0, 5, 50, 250, 5'000});
  config.workers = pick(std::vector<int>{1, 3, 20, 100, 700});
  config.weights =
      pick(std::vector<std::vector<std::uint32_t>>{{2}, {1, 2, 5, 10}, {1, 1, 10}, {5}});
  config.clock_error_ms = static_cast<DurationMs>(random() % 201) - 100;
  config.think_ms_max = pick(std::vector<DurationMs>{0, 0, 100, 5'000, 40'000});
  config.lost_percent = pick(std::vector<int>{0, 0, 1, 20});
  config.reports = random() % 3 != 0;
  return config;
}

void expect_no_refusal(const Config& config) {
  World world(config);
  const Result<void> ran = world.loop.run(run(world));
  ASSERT_TRUE(ran) << ran.error().message();
  EXPECT_EQ(world.refused, 0) << "of " << world.requests << " requests: " << describe(config);
  EXPECT_GT(world.requests, 0);
  EXPECT_EQ(world.limiter.state().in_flight, 0);
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
