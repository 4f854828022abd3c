// Goal: limiters of several processes over one file keep each limit together, use it to the full and share
// it evenly; whoever dies, is stopped, or writes nonsense into the file.
// Method: hours of virtual time against plain models of servers; the file is a real one, its slots are
// real locks of open descriptions, as in different processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stop_token>
#include <thread>

#include "tests/limits/limiter_world.h"

namespace bf::limits {
namespace {

using testing::HasSubstr;

class SharedBudget : public testing::Test {
 protected:
  SharedBudget() : directory_(testing::TempDir() + "/bf-budget-" + std::to_string(::getpid())) {}
  ~SharedBudget() override { std::filesystem::remove_all(directory_); }

  Config config_of(LimitRule rule, int limiters) {
    Config config;
    config.rule = std::move(rule);
    config.limiters = limiters;
    config.state_dir = directory_;
    config.run_ms = 6 * kMinuteMs;
    config.start = kMinuteBegin - World::kAheadMs;
    std::filesystem::remove_all(directory_);
    return config;
  }
  /// In the middle of a window, where a request may leave at once.
  Config moment(LimitRule rule, int limiters) {
    Config config = config_of(std::move(rule), limiters);
    config.start += 10'000;
    return config;
  }
  [[nodiscard]] std::string file() const {
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      return entry.path().string();
    }
    return "";
  }
  void scribble(std::int64_t at, std::string_view bytes) const {
    std::fstream out(file(), std::ios::binary | std::ios::in | std::ios::out);
    out.seekp(at);
    out << bytes;
  }
  /// Whether a limiter over the file grants one request of this weight at once.
  static bool grants(World& world, Client& client, std::uint32_t weight) {
    async::CancelSource impatient;
    bool granted = false;
    TaskGroup group(world.loop, CancelToken());
    group.spawn(ask(client, weight, granted, impatient.token()));
    world.loop.run(rest(world.loop));
    impatient.cancel();
    EXPECT_TRUE(world.loop.run(group.join()));
    return granted;
  }
  static Task<Result<void>> ask(Client& client, std::uint32_t weight, bool& granted,
                                CancelToken cancel) {
    const Cost cost{weight, {}};
    const Result<Permit> permit = co_await client.limiter->acquire(cost, cancel);
    granted = permit.has_value();
    // One that never fits is refused.
    if (!permit && permit.error().code() != Code::kCancelled &&
        permit.error().code() != Code::kUsage) {
      ADD_FAILURE() << permit.error().message();
    }
    co_return Result<void>();
  }
  /// `count` permits of weight 1, which are there at once.
  static std::vector<Permit> take(World& world, Client& client, std::size_t count) {
    std::vector<Permit> permits;
    EXPECT_TRUE(world.loop.run(take_into(client, count, permits)));
    return permits;
  }
  static Task<Result<void>> take_into(Client& client, std::size_t count,
                                      std::vector<Permit>& permits) {
    while (permits.size() < count) {
      const Result<Permit> permit = co_await client.limiter->acquire(Cost{1, {}}, CancelToken());
      if (!permit) co_return fail(permit.error());
      permits.push_back(*permit);
    }
    co_return Result<void>();
  }
  static Task<int> rest(VirtualLoop& loop, DurationMs ms = 0) {
    if (ms > 0) (void)co_await loop.sleep(ms * kNs, CancelToken());
    for (int i = 0; i < 10; ++i) co_await loop.yield();
    co_return 0;
  }

  std::string directory_;
};

std::vector<LimitRule> all_shapes() {
  return {rule_of(Shape::kFixedWindow, 2'400, kMinuteMs, "x-used"),
          rule_of(Shape::kFixedWindow, 600, kMinuteMs), rule_of(Shape::kSlidingWindow, 600, 5'000),
          rule_of(Shape::kSlidingWindow, 500, kMinuteMs), rule_of(Shape::kTokenBucket, 100, 5'000)};
}

TEST_F(SharedBudget, TogetherTheyUseEachShapeToTheFullAndEvenly) {
  for (const LimitRule& rule : all_shapes()) {
    for (const int limiters : {2, 4}) {
      Config config = config_of(rule, limiters);
      config.weights = {1};
      config.workers = 250;
      World world(config);
      ASSERT_TRUE(world.loop.run(run(world)));
      SCOPED_TRACE(std::to_string(rule.capacity) + " in " + std::to_string(rule.window_ms) +
                   " ms, shape " + std::to_string(static_cast<int>(rule.shape)) + ", " +
                   describe(config));
      EXPECT_EQ(world.refused, 0);
      const std::int64_t most = config.run_ms / rule.window_ms * rule.capacity;
      EXPECT_GE(world.arrived * 100, most * 95);
      for (const Client& client : world.clients) {
        EXPECT_GE(client.requests * limiters * 100, world.requests * 85) << "starved";
      }
    }
  }
}

TEST_F(SharedBudget, NoSeedBreaksALimit) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const std::vector<LimitRule> shapes = all_shapes();
    Config config = draw(seed, shapes[seed % shapes.size()]);
    config.limiters = 2 + static_cast<int>(seed % 3);
    config.state_dir = directory_;
    config.run_ms = 5 * kMinuteMs;
    World world(config);
    ASSERT_TRUE(world.loop.run(run(world)));
    EXPECT_EQ(world.refused, 0) << "of " << world.requests << " requests: " << describe(config);
    EXPECT_GT(world.requests, 0);
  }
}

Task<Result<void>> die_and_come_again(World& world) {
  (void)co_await world.loop.sleep(95'500 * kNs, CancelToken());
  World::kill(world.clients.front());
  (void)co_await world.loop.sleep(10'000 * kNs, CancelToken());
  Client& next = world.add_client();
  const Result<void> done = co_await work(world, next);
  co_return done;
}

Task<Result<void>> run_with_a_death(World& world) {
  TaskGroup group(world.loop, CancelToken());
  group.spawn(run(world));
  group.spawn(die_and_come_again(world));
  const Result<void> all = co_await group.join();
  co_return all;
}

TEST_F(SharedBudget, WhatAKilledProcessHadInFlightCountsAndLapses) {
  for (const LimitRule& rule : all_shapes()) {
    Config config = config_of(rule, 2);
    config.weights = {1};
    World world(config);
    ASSERT_TRUE(world.loop.run(run_with_a_death(world)));
    EXPECT_EQ(world.refused, 0) << describe(config);
    const std::int64_t most = config.run_ms / rule.window_ms * rule.capacity;
    EXPECT_GE(world.arrived * 100, most * 95) << static_cast<int>(rule.shape);
    EXPECT_GT(world.clients.back().requests, 0);
  }
}

TEST_F(SharedBudget, OneThatComesRightBehindAnotherKnowsWhatThatOneUsed) {
  for (const LimitRule& rule : all_shapes()) {
    Config config = config_of(rule, 1);
    config.weights = {1};
    config.workers = 1'000;
    config.run_ms = 20'000;
    World world(config);
    ASSERT_TRUE(world.loop.run(run(world)));
    World::kill(world.clients.front());
    world.clients.front().limiter.reset();
    world.add_client();
    world.clients.pop_front();
    ASSERT_TRUE(world.loop.run(run(world)));
    EXPECT_EQ(world.refused, 0) << describe(config);
    EXPECT_GT(world.clients.back().requests, 0);
  }
}

TEST_F(SharedBudget, OneThatWasStoppedIsNotWaitedForForever) {
  Config config = moment(rule_of(Shape::kFixedWindow, 600, kMinuteMs, "x-used"), 2);
  World world(config);
  // The first request of all goes alone, and its process stops before the answer.
  ASSERT_TRUE(grants(world, world.clients[0], 1));
  EXPECT_FALSE(grants(world, world.clients[1], 1));
  world.loop.run(rest(world.loop, 121'000));
  EXPECT_TRUE(grants(world, world.clients[1], 1));
  world.clients[0].limiter->answered(Permit{1}, Feedback{{1}, 0});
  // Its request when it was written off and when it was answered, and the other's.
  EXPECT_EQ(world.clients[0].limiter->state().rules[0].used, 3);
}

TEST_F(SharedBudget, APauseStopsAllAndWhoComesLater) {
  World world(moment(rule_of(Shape::kSlidingWindow, 600, 5'000), 2));
  const TimeMs until = world.loop.clock().wall_ms() + 30'000;
  world.clients[0].limiter->pause(Pause{until, /*ban=*/false, "HTTP 429"});
  EXPECT_FALSE(grants(world, world.clients[1], 1));
  for (Client& client : world.clients) World::kill(client);
  Client& later = world.add_client();
  EXPECT_FALSE(grants(world, later, 1));
  world.loop.run(rest(world.loop, 30'001));
  EXPECT_TRUE(grants(world, later, 1));
}

TEST_F(SharedBudget, ABanIsHeardOfWhileItIsNews) {
  VirtualLoop loop(kMinuteBegin);
  const LimitRules rules = {rule_of(Shape::kSlidingWindow, 600, 5'000)};
  Result<BanFile> bans = BanFile::open(directory_, "model", loop.clock());
  ASSERT_TRUE(bans);
  Result<BudgetFile> first_file = BudgetFile::open(directory_, "model", rules);
  Result<BudgetFile> second_file = BudgetFile::open(directory_, "model", rules);
  ASSERT_TRUE(first_file && second_file);
  RateLimiter first(loop, rules, LimiterOptions{"first", 100, &*bans, &*first_file});
  RateLimiter second(loop, rules, LimiterOptions{"second", 100, &*bans, &*second_file});
  const Cost cost;
  const auto before = loop.run(second.acquire(cost, CancelToken()));
  ASSERT_TRUE(before);
  second.answered(*before, Feedback());
  first.pause(Pause{kMinuteBegin + kHourMs, /*ban=*/true, "HTTP 418"});
  const auto banned = loop.run(second.acquire(cost, CancelToken()));
  ASSERT_FALSE(banned);
  EXPECT_EQ(banned.error().code(), Code::kBanned);
  EXPECT_EQ(banned.error().retry_at_ms(), kMinuteBegin + kHourMs);
}

TEST_F(SharedBudget, AHalfThatWasNotWrittenWholeLeavesTheOtherOne) {
  World world(moment(rule_of(Shape::kSlidingWindow, 10, kMinuteMs), 1));
  ASSERT_TRUE(grants(world, world.clients[0], 8));
  World::kill(world.clients[0]);
  scribble(60, "torn");  // one of the two: the state before or after the last change
  EXPECT_TRUE(grants(world, world.add_client(), 2));
  EXPECT_FALSE(grants(world, world.clients.back(), 9));
}

TEST_F(SharedBudget, ADamagedFileCountsAsEverythingUsedForOneWindow) {
  for (const LimitRule& rule : all_shapes()) {
    World world(moment(rule, 1));
    ASSERT_TRUE(grants(world, world.clients[0], 1));
    scribble(60, "nonsense");
    scribble(BudgetFile::kHalfBytes + 60, "nonsense");
    Client& other = world.add_client();
    EXPECT_FALSE(grants(world, other, 1));
    world.loop.run(rest(world.loop, rule.window_ms + 101));
    EXPECT_TRUE(grants(world, other, 1));
    EXPECT_TRUE(grants(world, world.clients[0], 1) || rule.usage_header == "x-used");
  }
}

TEST_F(SharedBudget, WhatIsNotOursOrNewerIsAnErrorThatNamesTheFile) {
  for (const std::string_view head : {std::string_view("another program's file"),
                                      std::string_view("bfbudget\3\0\0\0\0\0\0\0", 16)}) {
    World world(moment(rule_of(Shape::kSlidingWindow, 10, kMinuteMs), 1));
    ASSERT_TRUE(grants(world, world.clients[0], 1));
    scribble(0, head);
    const Cost cost;
    const auto permit = world.loop.run(world.clients[0].limiter->acquire(cost, CancelToken()));
    ASSERT_FALSE(permit);
    EXPECT_EQ(permit.error().code(), Code::kFormat);
    EXPECT_THAT(permit.error().message(), HasSubstr(file()));
    EXPECT_THAT(permit.error().message(), HasSubstr("remove it while no bf runs"));
  }
}

TEST_F(SharedBudget, ADirectoryThatCannotBeMadeIsNamed) {
  const Result<BudgetFile> file = BudgetFile::open("/proc/self/nowhere", "model", {});
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message(), HasSubstr("/proc/self/nowhere"));
}

TEST_F(SharedBudget, MoreThanThereAreSlotsForIsAnError) {
  const LimitRules rules = {rule_of(Shape::kSlidingWindow, 600, 5'000)};
  const LimitRules others = {rule_of(Shape::kSlidingWindow, 500, 5'000)};
  std::deque<Result<BudgetFile>> files;
  for (std::int64_t i = 0; i < kBudgetSlots; ++i) {
    files.push_back(BudgetFile::open(directory_, "model", rules));
    ASSERT_TRUE(files.back());
    EXPECT_EQ((*files.back()).slot(), i);
  }
  const Result<BudgetFile> one_more = BudgetFile::open(directory_, "model", rules);
  ASSERT_FALSE(one_more);
  EXPECT_EQ(one_more.error().code(), Code::kLimit);
  EXPECT_TRUE(BudgetFile::open(directory_, "another", rules));
  EXPECT_TRUE(BudgetFile::open(directory_, "model", others));
}

TEST_F(SharedBudget, ALockHeldByAStoppedProcessDelaysAndIsThenAnError) {
  World world(moment(rule_of(Shape::kSlidingWindow, 10, kMinuteMs), 2));
  const Result<bool> locked = world.clients[0].budget->lock();
  ASSERT_TRUE(locked && *locked);
  EXPECT_FALSE(grants(world, world.clients[1], 1));
  world.clients[0].budget->unlock();
  EXPECT_TRUE(grants(world, world.clients[1], 1));
  ASSERT_TRUE(world.clients[0].budget->lock());
  const Cost cost;
  const auto permit = world.loop.run(world.clients[1].limiter->acquire(cost, CancelToken()));
  ASSERT_FALSE(permit);
  EXPECT_EQ(permit.error().code(), Code::kLocked);
}

TEST_F(SharedBudget, AClockThatWasSetWhileNobodyRanForgetsNothingThatRefills) {
  for (const DurationMs step : {-10 * kMinuteMs, DurationMs{0}}) {
    World world(moment(rule_of(Shape::kSlidingWindow, 10, kMinuteMs), 1));
    ASSERT_TRUE(grants(world, world.clients[0], 10));
    World::kill(world.clients[0]);
    Client& next = world.add_client();
    next.limiter->set_clock_offset(World::kAheadMs + step, 100);
    EXPECT_FALSE(grants(world, next, 1));
    world.loop.run(rest(world.loop, kMinuteMs + 1));
    EXPECT_TRUE(grants(world, next, 10));
  }
}

/// Ends the first of the world's processes, and begins another one.
Client& replace_first(World& world) {
  World::kill(world.clients.front());
  world.clients.front().limiter.reset();
  return world.add_client();
}

TEST_F(SharedBudget, AHigherLimitThatWasPublishedHoldsForTheOthersAndForWhoComesNext) {
  World world(moment(rule_of(Shape::kSlidingWindow, 100, kMinuteMs), 2));
  world.clients[0].limiter->set_capacity("rule", 300);
  EXPECT_TRUE(grants(world, world.clients[0], 150));
  EXPECT_TRUE(grants(world, world.clients[1], 100));
  World::kill(world.clients[1]);
  world.clients[1].limiter.reset();
  Client& next = replace_first(world);
  EXPECT_TRUE(grants(world, next, 50)) << "it waits as if the documented limit held";
  EXPECT_FALSE(grants(world, next, 1));
}

TEST_F(SharedBudget, AHigherLimitIsNotBelievedForEver) {
  World world(moment(rule_of(Shape::kSlidingWindow, 100, kMinuteMs), 1));
  world.clients[0].limiter->set_capacity("rule", 300);
  world.loop.run(rest(world.loop, kPublishedGoodMs));
  EXPECT_TRUE(grants(world, replace_first(world), 300));
  world.loop.run(rest(world.loop, kMinuteMs));
  World::kill(world.clients[1]);
  world.clients[1].limiter.reset();
  Client& late = world.add_client();
  EXPECT_FALSE(grants(world, late, 101));
  world.loop.run(rest(world.loop, kMinuteMs + 1));  // what the one before it had in flight lapses
  EXPECT_TRUE(grants(world, late, 100));
}

TEST_F(SharedBudget, ALowerLimitThatWasPublishedHoldsUntilAnotherOneIs) {
  World world(moment(rule_of(Shape::kSlidingWindow, 100, kMinuteMs), 1));
  world.clients[0].limiter->set_capacity("rule", 30);
  Client& next = replace_first(world);
  EXPECT_FALSE(grants(world, next, 31));
  EXPECT_TRUE(grants(world, next, 30));
  world.loop.run(rest(world.loop, 2 * kPublishedGoodMs));
  World::kill(world.clients[1]);
  world.clients[1].limiter.reset();
  Client& late = world.add_client();
  EXPECT_FALSE(grants(world, late, 31));
  world.loop.run(rest(world.loop, kMinuteMs + 1));
  late.limiter->set_capacity("rule", 90);
  EXPECT_TRUE(grants(world, late, 90));
}

TEST_F(SharedBudget, WhatComesBackIsHeardOfInFoursWithTheNextRequestAndAtTheEnd) {
  World world(moment(rule_of(Shape::kSlidingWindow, 10, kMinuteMs), 2));
  Client& mine = world.clients[0];
  Client& other = world.clients[1];
  const std::vector<Permit> permits = take(world, mine, 9);
  ASSERT_EQ(permits.size(), 9U);
  for (std::size_t i = 0; i + 1 < kReturnsMax; ++i) mine.limiter->released(permits[i]);
  EXPECT_FALSE(grants(world, other, 2));
  mine.limiter->released(permits[kReturnsMax - 1]);
  EXPECT_TRUE(grants(world, other, 5));  // of the ten now: five of theirs, five of ours
  mine.limiter->released(permits[kReturnsMax]);
  EXPECT_FALSE(grants(world, other, 1));
  EXPECT_TRUE(grants(world, mine, 1));
  for (std::size_t i = kReturnsMax + 1; i < permits.size(); ++i) mine.limiter->released(permits[i]);
  EXPECT_TRUE(grants(world, other, 4));
}

TEST_F(SharedBudget, WhoWaitsForMoreThanIsPublishedMeanwhileIsRefused) {
  World world(moment(rule_of(Shape::kSlidingWindow, 100, kMinuteMs), 2));
  ASSERT_TRUE(grants(world, world.clients[0], 100));
  bool granted = false;
  TaskGroup group(world.loop, CancelToken());
  group.spawn(ask(world.clients[1], 80, granted, CancelToken()));
  world.clients[0].limiter->set_capacity("rule", 50);
  EXPECT_TRUE(world.loop.run(group.join()));
  EXPECT_FALSE(granted);
}

TEST_F(SharedBudget, NoExchangeIsBelievedToAllowAnything) {
  World world(moment(rule_of(Shape::kSlidingWindow, 100, kMinuteMs), 1));
  world.clients[0].limiter->set_capacity("rule", kCountMax);
  EXPECT_EQ(world.clients[0].limiter->state().rules[0].capacity, kPublishedRiseMax * 100);
  world.clients[0].limiter->set_capacity("rule", 0);
  EXPECT_EQ(world.clients[0].limiter->state().rules[0].capacity, 1);
}

TEST_F(SharedBudget, AFileIsRemovedWhenNobodyHasItAndItsWindowsHavePassed) {
  World world(moment(rule_of(Shape::kSlidingWindow, 100, kMinuteMs), 1));
  ASSERT_TRUE(grants(world, world.clients[0], 100));
  const auto remove_unused = [&] {
    BudgetFile::remove_unused(directory_, world.loop.clock().wall_ms());
  };
  world.loop.run(rest(world.loop, kHourMs));
  remove_unused();
  EXPECT_NE(file(), "") << "it is in use";
  EXPECT_FALSE(grants(world, world.clients[0], 1)) << "nothing was answered";
  World::kill(world.clients[0]);
  remove_unused();
  EXPECT_NE(file(), "") << "its windows have not passed";
  world.loop.run(rest(world.loop, 2 * kMinuteMs));
  remove_unused();
  EXPECT_EQ(file(), "");
  EXPECT_TRUE(grants(world, world.add_client(), 100));
}

TEST_F(SharedBudget, AFileWithAPauseOrALimitThatWasPublishedIsKeptForAsLong) {
  World world(moment(rule_of(Shape::kSlidingWindow, 100, kMinuteMs), 1));
  const TimeMs begun = world.loop.clock().wall_ms();
  world.clients[0].limiter->set_capacity("rule", 300);
  world.clients[0].limiter->pause(Pause{begun + 2 * kHourMs, /*ban=*/false, "HTTP 429"});
  World::kill(world.clients[0]);
  BudgetFile::remove_unused(directory_, begun + 2 * kHourMs - 1);
  EXPECT_NE(file(), "");
  BudgetFile::remove_unused(directory_, begun + 2 * kHourMs);
  EXPECT_EQ(file(), "");
}

TEST_F(SharedBudget, NothingElseIsRemoved) {
  std::filesystem::create_directories(directory_);
  const std::vector<std::pair<std::string, std::string>> files = {
      {"budget-not-ours", std::string(200, 'x')},
      {"budget-newer", std::string("bfbudget\x07\0\0\0\0\0\0\0", 16) + std::string(200, '\0')},
      {"budget-short", "bfbudget"},
      {"bans", ""},
  };
  for (const auto& [name, content] : files) {
    std::ofstream(directory_ + "/" + name, std::ios::binary) << content;
  }
  std::filesystem::create_directory(directory_ + "/budget-directory");
  std::filesystem::create_symlink("bans", directory_ + "/budget-link");
  BudgetFile::remove_unused(directory_, kTimeMax);
  for (const auto& [name, content] : files) {
    EXPECT_TRUE(std::filesystem::exists(directory_ + "/" + name)) << name;
  }
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/budget-directory"));
  EXPECT_TRUE(std::filesystem::is_symlink(directory_ + "/budget-link"));
  BudgetFile::remove_unused("/proc/self/nowhere", kTimeMax);
}

TEST_F(SharedBudget, WhoOpensAFileThatIsBeingRemovedHasTheOneOfThatName) {
  constexpr int kRounds = 2'000;
  std::filesystem::create_directories(directory_);
  const std::jthread remover([this](const std::stop_token& end) {
    while (!end.stop_requested()) BudgetFile::remove_unused(directory_, kTimeMax);
  });
  const auto open = [&] { return BudgetFile::open(directory_, "model", {}); };
  for (std::int64_t round = 0; round < kRounds && !HasFailure(); ++round) {
    Result<BudgetFile> first = open();
    ASSERT_TRUE(first) << first.error().message();
    EXPECT_TRUE(first->read());
    EXPECT_TRUE(first->write({round}, /*matters_until=*/0));
    Result<BudgetFile> second = open();
    ASSERT_TRUE(second) << second.error().message();
    EXPECT_TRUE(second->read());
    EXPECT_EQ(second->words(), std::vector<std::int64_t>{round}) << "they have two files";
  }
}

/// Numbers that a hostile file may hold, at each place of a good one.
TEST_F(SharedBudget, NoContentOverflowsOrLetsMoreThroughThanIsAllowed) {
  const std::vector<std::int64_t> hostile = {-1,
                                             1,
                                             31,
                                             32,
                                             1'000'000,
                                             kCountMax,
                                             kCountMax + 1,
                                             kInstantMax,
                                             kInstantMax + 1,
                                             std::numeric_limits<std::int64_t>::max(),
                                             std::numeric_limits<std::int64_t>::min()};
  for (const LimitRule& rule : all_shapes()) {
    Config config = moment(rule, 2);
    World source(config);
    ASSERT_TRUE(grants(source, source.clients[0], 1));
    ASSERT_TRUE(source.clients[0].budget->lock());
    ASSERT_TRUE(source.clients[0].budget->read());
    source.clients[0].budget->unlock();
    const std::vector<std::int64_t> good = source.clients[0].budget->words();
    for (std::size_t at = 0; at < good.size(); ++at) {
      for (const std::int64_t value : hostile) {
        World world(config);
        std::vector<std::int64_t> words = good;
        words[at] = value;
        ASSERT_TRUE(world.clients[0].budget->lock());
        ASSERT_TRUE(world.clients[0].budget->read());
        ASSERT_TRUE(world.clients[0].budget->write(words, 0));
        world.clients[0].budget->unlock();
        Client& client = world.clients[1];
        const auto all = static_cast<std::uint32_t>(rule.capacity);
        EXPECT_FALSE(grants(world, client, all) && grants(world, client, 1))
            << "word " << at << " = " << value;
        client.limiter->set_clock_offset(0, 100);
        EXPECT_GE(client.limiter->state().rules[0].used, 0) << "word " << at << " = " << value;
      }
    }
  }
}

TEST(BudgetState, EachPrefixAndEachLongerOneIsRefused) {
  BudgetState state;
  state.members.push_back(BudgetMember{3, 5, {{1, 2, 3}, {4, 5, 6}}});
  state.published = {{600, 1}, {}};
  state.buckets = {{1, 2, 3}, {}};
  std::vector<std::int64_t> words = encode(state);
  ASSERT_TRUE(decode(words, 2));
  EXPECT_EQ(encode(*decode(words, 2)), words);
  for (std::size_t size = 0; size < words.size(); ++size) {
    EXPECT_FALSE(decode(std::span(words).first(size), 2)) << size;
  }
  words.push_back(0);
  EXPECT_FALSE(decode(words, 2));
  EXPECT_FALSE(decode(words, 1));
}

}  // namespace
}  // namespace bf::limits
