// A loop on virtual time, a server that keeps one rule by the plain model of it, and limiters, each with
// workers that ask as fast as they may: one process, or several that share a budget.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/async/task_group.h"
#include "engine/async/virtual_loop.h"
#include "engine/limits/budget_file.h"
#include "engine/limits/rate_limiter.h"
#include "tests/limits/model_server.h"

namespace bf::limits {

using async::TaskGroup;
using async::VirtualLoop;
using async::Wake;

inline constexpr std::int64_t kNs = 1'000'000;  // a millisecond
inline constexpr TimeMs kMinuteBegin = 1'700'000'040'000;

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
  int limiters = 1;       ///< each with `workers` of its own
  std::string state_dir;  ///< through which they share the budget; empty: a budget each
};

/// A process with a limiter of its own, as far as the limits are concerned.
struct Client {
  std::unique_ptr<BudgetFile> budget;
  std::unique_ptr<RateLimiter> limiter;
  async::CancelSource killed;
  std::int64_t requests = 0;
};

struct World {
  explicit World(Config chosen)
      : config(std::move(chosen)),
        loop(config.start),
        random(config.seed),
        server(model_of(config.rule)) {
    for (int i = 0; i < config.limiters; ++i) add_client();
  }
  static constexpr DurationMs kAheadMs = 4'321;

  Client& add_client() {
    Client& client = clients.emplace_back();
    LimiterOptions options{"model", 100, nullptr, nullptr};
    if (!config.state_dir.empty()) {
      Result<BudgetFile> budget = BudgetFile::open(config.state_dir, "model", {config.rule});
      EXPECT_TRUE(budget) << budget.error().message();
      client.budget = std::make_unique<BudgetFile>(*std::move(budget));
      options.budget = client.budget.get();
    }
    client.limiter = std::make_unique<RateLimiter>(loop, LimitRules{config.rule}, options);
    // The server's clock is a while ahead of ours; the limiter is told so, with an error.
    const DurationMs error =
        clients.size() % 2 == 1 ? config.clock_error_ms : -config.clock_error_ms;
    client.limiter->set_clock_offset(kAheadMs + error, 100);
    return client;
  }
  /// As kill -9 does: what is in flight travels on, and nobody here hears of it.
  static void kill(Client& client) {
    client.killed.cancel();
    client.budget.reset();
  }

  /// The machine sleeps: its steady clock stands still, and all others go on.
  void suspend(DurationMs ms) { suspended_ms += ms; }

  [[nodiscard]] std::int64_t server_ns() const {
    return loop.now_ns() + (kAheadMs + suspended_ms) * kNs;
  }
  std::int64_t latency_ns() {
    const auto span =
        static_cast<std::uint64_t>(config.latency_max_ms - config.latency_min_ms) * kNs;
    return config.latency_min_ms * kNs + static_cast<std::int64_t>(random() % (span + 1));
  }

  Config config;
  VirtualLoop loop;
  std::mt19937_64 random;
  std::unique_ptr<ModelServer> server;
  std::deque<Client> clients;
  DurationMs suspended_ms = 0;
  std::int64_t refused = 0;
  std::int64_t arrived = 0;
  std::int64_t requests = 0;
};

/// One request and its answer. `world` outlives every task of it.
inline Task<Result<void>> request(World& world, Client& client, std::uint32_t weight) {
  const CancelToken none;
  const Cost asked{weight, {}};
  const Result<Permit> permit = co_await client.limiter->acquire(asked, client.killed.token());
  if (!permit) co_return fail(permit.error());
  ++world.requests;
  ++client.requests;
  const std::uint64_t fate = world.random() % 200;
  const auto lost = static_cast<std::uint64_t>(world.config.lost_percent);
  const bool lost_going = fate < lost;
  const bool lost_coming = !lost_going && fate < 2 * lost;

  (void)co_await world.loop.sleep(world.latency_ns(), none);
  Feedback feedback;
  if (!lost_going) {
    const std::int64_t counted = world.config.rule.unit == Unit::kWeight ? weight : 1;
    if (!world.server->arrive(world.server_ns(), counted)) ++world.refused;
    world.arrived += counted;
    feedback.used.push_back(world.config.reports ? world.server->used() : -1);
  }
  (void)co_await world.loop.sleep(world.latency_ns(), none);
  const TimeMs date = world.server_ns() / kNs;
  feedback.server_time = date - date % kSecondMs;  // made when the answer was complete
  if (lost_going || lost_coming) feedback = Feedback();
  if (!client.killed.token().cancelled()) client.limiter->answered(*permit, feedback);
  co_return Result<void>();
}

inline Task<Result<void>> work(World& world, Client& client) {
  const std::int64_t end = world.loop.now_ns() + world.config.run_ms * kNs;
  while (world.loop.now_ns() < end && !client.killed.token().cancelled()) {
    const std::vector<std::uint32_t>& weights = world.config.weights;
    const std::uint32_t weight = weights[world.random() % weights.size()];
    const Result<void> done = co_await request(world, client, weight);
    if (!done && done.error().code() == Code::kCancelled) break;
    if (!done) co_return fail(done.error());
    if (world.config.think_ms_max == 0) continue;
    const auto think = static_cast<std::uint64_t>(world.config.think_ms_max * kNs);
    (void)co_await world.loop.sleep(static_cast<std::int64_t>(world.random() % think),
                                    CancelToken());
  }
  co_return Result<void>();
}

inline Task<Result<void>> run(World& world) {
  TaskGroup group(world.loop, CancelToken());
  for (Client& client : world.clients) {
    for (int i = 0; i < world.config.workers; ++i) group.spawn(work(world, client));
  }
  const Result<void> all = co_await group.join();
  co_return all;
}

inline LimitRule rule_of(Shape shape, std::int64_t capacity, DurationMs window,
                         std::string header = "") {
  return LimitRule{"rule", Unit::kWeight, shape, capacity, window, std::move(header)};
}

inline std::string describe(const Config& config) {
  return "seed " + std::to_string(config.seed) + ", latency " +
         std::to_string(config.latency_min_ms) + ".." + std::to_string(config.latency_max_ms) +
         " ms, workers " + std::to_string(config.workers) + ", clock " +
         std::to_string(config.clock_error_ms) + " ms, lost " +
         std::to_string(config.lost_percent) + " %, think " + std::to_string(config.think_ms_max) +
         " ms, reports " + (config.reports ? "yes" : "no") + ", limiters " +
         std::to_string(config.limiters);
}

/// A config drawn from `seed`.
inline Config draw(std::uint64_t seed, LimitRule rule) {
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

}  // namespace bf::limits
