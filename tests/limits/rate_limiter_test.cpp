// Goal: what the limiter grants, when, and to whom. Method: virtual time, moved by hand.
#include "engine/limits/rate_limiter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <limits>

#include "engine/async/task_group.h"
#include "engine/async/virtual_loop.h"

namespace bf::limits {
namespace {

using async::CancelSource;
using async::TaskGroup;
using async::VirtualLoop;
using testing::HasSubstr;

constexpr TimeMs kMinuteBegin = 1'700'000'040'000;
constexpr std::int64_t kNs = 1'000'000;  // a millisecond

/// Lets `ms` pass, and all that becomes ready meanwhile run.
Task<int> rest(VirtualLoop& loop, DurationMs ms) {
  constexpr int kRounds = 2'000;  // a chain of waiters wakes one after the other
  if (ms > 0) (void)co_await loop.sleep(ms * kNs, CancelToken());
  for (int i = 0; i < kRounds; ++i) co_await loop.yield();
  co_return 0;
}

class RateLimiterTest : public testing::Test {
 protected:
  struct Asked {
    std::optional<Result<Permit>> answer;
    [[nodiscard]] bool granted() const { return answer && answer->has_value(); }
    [[nodiscard]] bool failed(Code code) const {
      return answer && !answer->has_value() && answer->error().code() == code;
    }
  };

  ~RateLimiterTest() override {
    stop_.cancel();
    EXPECT_TRUE(loop_.run(group_.join()));
    EXPECT_EQ(async::live_frames(), 0);
  }

  static Task<Result<void>> ask_task(RateLimiter& limiter, std::uint32_t weight, Asked& asked,
                                     CancelToken cancel) {
    const Cost cost{weight, {}};
    Result<Permit> permit = co_await limiter.acquire(cost, cancel);
    asked.answer = std::move(permit);
    co_return Result<void>();
  }

  RateLimiter& make(LimitRules rules, int share_percent = 100, BanFile* bans = nullptr) {
    return limiters_.emplace_back(loop_, std::move(rules),
                                  LimiterOptions{"model", share_percent, bans});
  }
  Asked& ask(RateLimiter& limiter, std::uint32_t weight = 1) {
    return ask(limiter, weight, stop_.token());
  }
  Asked& ask(RateLimiter& limiter, std::uint32_t weight, CancelToken cancel) {
    Asked& asked = asked_.emplace_back();
    group_.spawn(ask_task(limiter, weight, asked, cancel));
    return asked;
  }
  /// How many of `asks` requests of weight 1 leave at once.
  int granted(RateLimiter& limiter, int asks, std::uint32_t weight = 1) {
    CancelSource impatient;
    const std::size_t first = asked_.size();
    for (int i = 0; i < asks; ++i) ask(limiter, weight, impatient.token());
    pass(0);
    impatient.cancel();
    pass(0);
    int count = 0;
    for (std::size_t i = first; i < asked_.size(); ++i) count += asked_[i].granted() ? 1 : 0;
    return count;
  }
  void pass(DurationMs ms) { loop_.run(rest(loop_, ms)); }
  [[nodiscard]] TimeMs now() const { return loop_.clock().wall_ms(); }
  void answer(RateLimiter& limiter, const Asked& asked, std::int64_t used = -1) {
    limiter.answered(**asked.answer, Feedback{{used}, now() - now() % kSecondMs});
  }

  VirtualLoop loop_{kMinuteBegin + 10'000};
  CancelSource stop_;
  TaskGroup group_{loop_, CancelToken()};
  std::deque<RateLimiter> limiters_;
  std::deque<Asked> asked_;
};

LimitRule minute(std::int64_t capacity, std::string header = "") {
  return {"weight per minute", Unit::kWeight,    Shape::kFixedWindow, capacity,
          kMinuteMs,           std::move(header)};
}

TEST_F(RateLimiterTest, GrantsAgainWhenTheExchangeHasSurelyTurnedTheWindow) {
  RateLimiter& limiter = make({minute(10)});
  std::vector<Asked*> first;
  for (int i = 0; i < 10; ++i) first.push_back(&ask(limiter));
  for (const Asked* const asked : first) answer(limiter, *asked);
  EXPECT_EQ(granted(limiter, 1), 0);
  pass(50'000 + 99);  // the minute has turned, but clocks may differ by 100 ms
  EXPECT_EQ(granted(limiter, 1), 0);
  pass(1);
  EXPECT_EQ(granted(limiter, 11), 10);
}

TEST_F(RateLimiterTest, AWaiterWakesAtTheTurnByItself) {
  RateLimiter& limiter = make({minute(1)});
  answer(limiter, ask(limiter));
  const Asked& waiting = ask(limiter);
  pass(50'099);
  EXPECT_FALSE(waiting.answer);
  pass(1);
  EXPECT_TRUE(waiting.granted());
}

TEST_F(RateLimiterTest, AKnownClockLetsRequestsLeaveEarlier) {
  RateLimiter& limiter = make({minute(1)});
  limiter.set_clock_offset(20'000, 10);  // the exchange is at second 30; at least 50 ms are kept
  answer(limiter, ask(limiter));
  pass(30'049);
  EXPECT_EQ(granted(limiter, 1), 0);
  pass(1);
  EXPECT_EQ(granted(limiter, 1), 1);
}

TEST_F(RateLimiterTest, AClockSetBackOverATurnDoesNotOpenTheOldWindowAgain) {
  RateLimiter& limiter = make({minute(10)});
  EXPECT_EQ(granted(limiter, 10), 10);
  for (const Asked& asked : asked_) answer(limiter, asked);
  pass(50'050);
  EXPECT_EQ(limiter.state().rules[0].used, 0);
  limiter.set_clock_offset(-100, 50);  // it is 50 ms before the turn, really
  EXPECT_EQ(granted(limiter, 1), 0);
  pass(99);
  EXPECT_EQ(granted(limiter, 1), 0);
  pass(1);
  EXPECT_EQ(granted(limiter, 1), 1);
}

TEST_F(RateLimiterTest, WhatRefillsWithTimeTakesNoNoticeOfASetClock) {
  const std::vector<LimitRule> rules = {
      LimitRule{"sliding", Unit::kWeight, Shape::kSlidingWindow, 10, 1'000, ""},
      LimitRule{"tokens", Unit::kWeight, Shape::kTokenBucket, 10, 1'000, ""}};
  for (const LimitRule& rule : rules) {
    for (const DurationMs offset : {-900 * kDayMs, 900 * kDayMs}) {
      SCOPED_TRACE(rule.name + ", clock set by " + std::to_string(offset));
      RateLimiter& limiter = make({rule});
      const std::size_t first = asked_.size();
      ASSERT_EQ(granted(limiter, 10), 10);
      for (std::size_t i = first; i < asked_.size(); ++i) answer(limiter, asked_[i]);
      limiter.set_clock_offset(offset, 10);
      EXPECT_EQ(granted(limiter, 1), 0) << "not before its time";
      pass(1'002);
      EXPECT_EQ(granted(limiter, 10), 10) << "and no later";
    }
  }
}

TEST_F(RateLimiterTest, ARequestInFlightCountsOnBothSidesOfATurn) {
  RateLimiter& limiter = make({minute(10)});
  const Asked& slow = ask(limiter, 6);
  pass(50'100);
  EXPECT_EQ(granted(limiter, 1, 5), 0);
  EXPECT_EQ(granted(limiter, 1, 4), 1);
  limiter.answered(**slow.answer, Feedback{{-1}, now()});  // it may have arrived after the turn
  EXPECT_EQ(granted(limiter, 1, 1), 0);
}

TEST_F(RateLimiterTest, AnAnswerDatedBeforeTheTurnCountsThereAlone) {
  RateLimiter& limiter = make({minute(10)});
  const Asked& slow = ask(limiter, 6);
  pass(50'000);
  limiter.answered(**slow.answer, Feedback{{-1}, now() - kSecondMs});
  pass(100);
  EXPECT_EQ(granted(limiter, 1, 10), 1);
}

TEST_F(RateLimiterTest, AnAnswerJustBeforeTheTurnMayHaveCountedBehindIt) {
  RateLimiter& limiter = make({minute(10)});
  pass(49'901);
  limiter.answered(**ask(limiter, 6).answer, Feedback{{-1}, 0});
  pass(199);
  EXPECT_EQ(granted(limiter, 1, 5), 0);
  EXPECT_EQ(granted(limiter, 1, 4), 1);
}

TEST_F(RateLimiterTest, ADateThatCannotBeIsNotBelieved) {
  RateLimiter& limiter = make({minute(10)});
  const Asked& slow = ask(limiter, 6);
  pass(50'000);
  limiter.answered(**slow.answer, Feedback{{-1}, now() - kHourMs});
  pass(100);
  EXPECT_EQ(granted(limiter, 1, 5), 0);
}

TEST_F(RateLimiterTest, ARequestThatFailedCountsAsUsed) {
  RateLimiter& limiter = make({minute(10)});
  limiter.answered(**ask(limiter, 10).answer, Feedback());
  EXPECT_EQ(granted(limiter, 1), 0);
}

TEST_F(RateLimiterTest, ARequestThatNeverLeftGivesItsWeightBack) {
  RateLimiter& limiter = make({minute(10)});
  const Asked& first = ask(limiter, 10);
  const Asked& waiting = ask(limiter, 10);
  EXPECT_FALSE(waiting.answer);
  limiter.released(**first.answer);
  pass(0);
  EXPECT_TRUE(waiting.granted());
}

TEST_F(RateLimiterTest, FirstComeFirstServedAlsoForTheHeavy) {
  RateLimiter& limiter = make({minute(10)});
  const Asked& first = ask(limiter, 6);
  const Asked& heavy = ask(limiter, 10);
  const Asked& light = ask(limiter, 1);  // would fit, but came later
  pass(0);
  EXPECT_FALSE(heavy.answer);
  EXPECT_FALSE(light.answer);
  limiter.released(**first.answer);
  pass(0);
  EXPECT_TRUE(heavy.granted());
  EXPECT_FALSE(light.answer);
  limiter.released(**heavy.answer);
  pass(0);
  EXPECT_TRUE(light.granted());
}

TEST_F(RateLimiterTest, OneThatGivesUpLetsTheNextGo) {
  RateLimiter& limiter = make({minute(10)});
  const Asked& first = ask(limiter, 6);
  CancelSource impatient;
  const Asked& heavy = ask(limiter, 10, impatient.token());
  const Asked& light = ask(limiter, 1);
  impatient.cancel();
  pass(0);
  EXPECT_TRUE(heavy.failed(Code::kCancelled));
  EXPECT_TRUE(light.granted());
  limiter.released(**first.answer);
  EXPECT_TRUE(ask(limiter, 1, impatient.token()).failed(Code::kCancelled));
}

TEST_F(RateLimiterTest, WhatNeverFitsIsAnErrorAtOnce) {
  RateLimiter& limiter = make({minute(10)}, 50);
  const Asked& asked = ask(limiter, 6);
  ASSERT_TRUE(asked.failed(Code::kUsage));
  EXPECT_THAT(asked.answer->error().message(), HasSubstr("weight per minute"));
  EXPECT_EQ(granted(limiter, 1, 5), 1);
}

TEST_F(RateLimiterTest, ACapacityThatShrinksEndsTheWaitOfWhatNoLongerFits) {
  RateLimiter& limiter = make({minute(10)});
  (void)ask(limiter, 10);
  const Asked& waiting = ask(limiter, 10);
  limiter.set_capacity("another rule", 1);
  pass(0);
  EXPECT_FALSE(waiting.answer);
  limiter.set_capacity("weight per minute", 5);
  pass(0);
  EXPECT_TRUE(waiting.failed(Code::kUsage));
  EXPECT_EQ(limiter.rules()[0].capacity, 5);
}

TEST_F(RateLimiterTest, EveryRuleIsKeptAtOnce) {
  LimitRule requests{"raw requests", Unit::kRequests, Shape::kSlidingWindow, 3, 10'000, ""};
  RateLimiter& limiter = make({minute(10), requests});
  EXPECT_EQ(granted(limiter, 5, 1), 3);
  for (const Asked& asked : asked_) {
    if (asked.granted()) answer(limiter, asked);
  }
  pass(10'001);
  EXPECT_EQ(granted(limiter, 5, 3), 2);
}

TEST_F(RateLimiterTest, ATokenBucketGrantsABurstAndThenARate) {
  RateLimiter& limiter =
      make({LimitRule{"tokens", Unit::kWeight, Shape::kTokenBucket, 10, 1'000, ""}});
  EXPECT_EQ(granted(limiter, 11), 10);
  for (const Asked& asked : asked_) {
    if (asked.granted()) answer(limiter, asked);
  }
  pass(99);
  EXPECT_EQ(granted(limiter, 1), 0);
  pass(1);
  EXPECT_EQ(granted(limiter, 2), 1);
}

// The server's own count.

TEST_F(RateLimiterTest, TheFirstRequestOfAllGoesAloneToLearnWhatIsUsed) {
  RateLimiter& limiter = make({minute(100, "x-used")});
  const Asked& first = ask(limiter);
  EXPECT_TRUE(first.granted());
  EXPECT_EQ(granted(limiter, 1), 0);  // a run before this one may have used all
  answer(limiter, first, 98);
  EXPECT_EQ(granted(limiter, 5), 2);
}

TEST_F(RateLimiterTest, AServerThatDoesNotReportIsNotWaitedFor) {
  RateLimiter& limiter = make({minute(100, "x-used")});
  answer(limiter, ask(limiter), -1);
  EXPECT_EQ(granted(limiter, 200), 99);
}

TEST_F(RateLimiterTest, AfterATurnAPartGoesBlindlyAndTheRestWhenTheServerHasSpoken) {
  RateLimiter& limiter = make({minute(800, "x-used")});
  answer(limiter, ask(limiter), 1);
  pass(50'100);
  const Asked& scout = ask(limiter);
  EXPECT_EQ(granted(limiter, 200), 99);
  answer(limiter, scout, 1);
  EXPECT_EQ(granted(limiter, 1'000), 700);
}

TEST_F(RateLimiterTest, AnotherClientBehindTheSameAddressIsRespected) {
  RateLimiter& limiter = make({minute(100, "x-used")});
  answer(limiter, ask(limiter), 1);
  answer(limiter, ask(limiter), 95);
  EXPECT_EQ(limiter.state().rules[0].used, 95);
  const Asked& next = ask(limiter);
  EXPECT_EQ(granted(limiter, 10), 4);
  answer(limiter, next, 40);  // an older report that comes late, or one that goes backwards
  EXPECT_EQ(granted(limiter, 10), 0);
  pass(50'100);
  EXPECT_EQ(granted(limiter, 1), 1);
}

TEST_F(RateLimiterTest, WhatTheServerMayNotHaveCountedYetIsAddedToItsCount) {
  RateLimiter& limiter = make({minute(100, "x-used")});
  answer(limiter, ask(limiter), 50);
  limiter.answered(**ask(limiter, 30).answer, Feedback());  // lost: counted, or not
  EXPECT_EQ(limiter.state().rules[0].used, 80);
  pass(1);
  answer(limiter, ask(limiter, 1), 81);  // it left afterwards: its count has all
  EXPECT_EQ(limiter.state().rules[0].used, 81);
}

TEST_F(RateLimiterTest, AnAbsurdReportFillsTheWindowAndNoMore) {
  RateLimiter& limiter = make({minute(100, "x-used")});
  answer(limiter, ask(limiter), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(granted(limiter, 1), 0);
  pass(50'100);
  EXPECT_EQ(granted(limiter, 1), 1);
}

TEST_F(RateLimiterTest, AShareLeavesTheRestToOthers) {
  RateLimiter& limiter = make({minute(100, "x-used")}, 50);
  answer(limiter, ask(limiter), 40);  // 39 of somebody else
  EXPECT_EQ(limiter.state().rules[0].capacity, 50);
  EXPECT_EQ(granted(limiter, 100), 49);
}

// Pauses and bans.

TEST_F(RateLimiterTest, APauseMakesEverybodyWaitAndIsNeverShortened) {
  RateLimiter& limiter = make({minute(10)});
  limiter.pause(Pause{now() + 5'000, false, "HTTP 429, Retry-After 5"});
  limiter.pause(Pause{now() + 2'000, false, "HTTP 429, Retry-After 2"});
  const Asked& waiting = ask(limiter);
  ASSERT_TRUE(limiter.state().pause);
  EXPECT_EQ(limiter.state().pause->reason, "HTTP 429, Retry-After 5");
  EXPECT_EQ(limiter.state().limited, 2U);
  EXPECT_EQ(limiter.state().waiting, 1);
  pass(4'999);
  EXPECT_FALSE(waiting.answer);
  pass(1);
  EXPECT_TRUE(waiting.granted());
  EXPECT_FALSE(limiter.state().pause);
}

TEST_F(RateLimiterTest, APauseThatBeginsWhileOthersWaitHoldsThemToo) {
  RateLimiter& limiter = make({minute(1)});
  answer(limiter, ask(limiter));
  const Asked& waiting = ask(limiter);
  limiter.pause(Pause{now() + 100'000, false, "HTTP 429"});
  pass(99'999);
  EXPECT_FALSE(waiting.answer);
  pass(1);
  EXPECT_TRUE(waiting.granted());
}

TEST_F(RateLimiterTest, AbsurdEndsAreClamped) {
  RateLimiter& limiter = make({minute(10)});
  limiter.pause(Pause{-5, false, "Retry-After in the past"});
  EXPECT_EQ(limiter.state().pause->until, now() + kSecondMs);
  limiter.pause(Pause{std::numeric_limits<TimeMs>::max(), false, "Retry-After of aeons"});
  EXPECT_EQ(limiter.state().pause->until, now() + 3 * kDayMs);
}

TEST_F(RateLimiterTest, ABanFailsThoseThatWaitAndThoseThatCome) {
  RateLimiter& limiter = make({minute(1)});
  const Asked& sent = ask(limiter);
  const Asked& waiting = ask(limiter);
  const Asked& behind = ask(limiter);
  const TimeMs until = now() + 120'000;
  limiter.pause(Pause{until, true, "HTTP 418, Retry-After 120"});
  pass(0);
  const Asked& late = ask(limiter);
  for (const Asked* const asked : {&waiting, &behind, &late}) {
    ASSERT_TRUE(asked->failed(Code::kBanned));
    EXPECT_EQ(asked->answer->error().retry_at_ms(), until);
    EXPECT_THAT(asked->answer->error().message(), HasSubstr("HTTP 418, Retry-After 120"));
  }
  answer(limiter, sent);  // what was in flight still comes back
  EXPECT_EQ(limiter.state().bans, 1U);
  pass(120'000);
  EXPECT_EQ(granted(limiter, 1), 1);
}

TEST_F(RateLimiterTest, APauseDoesNotHideABan) {
  RateLimiter& limiter = make({minute(1)});
  limiter.pause(Pause{now() + 10'000, true, "ban"});
  limiter.pause(Pause{now() + 20'000, false, "pause"});
  EXPECT_TRUE(limiter.state().pause->ban);
  EXPECT_TRUE(ask(limiter).failed(Code::kBanned));
  pass(10'000);
  const Asked& waiting = ask(limiter);
  EXPECT_FALSE(waiting.answer);
  pass(10'000);
  EXPECT_TRUE(waiting.granted());
}

TEST_F(RateLimiterTest, WithoutRulesNobodyEverWaits) {
  RateLimiter& limiter = make({});
  for (int i = 0; i < 100'000; ++i) {
    const Result<Permit> permit = loop_.run(limiter.acquire({1'000'000, {}}, CancelToken()));
    ASSERT_TRUE(permit);
    limiter.answered(*permit, Feedback());
  }
  EXPECT_EQ(limiter.state().in_flight, 0);
}

TEST_F(RateLimiterTest, ABanOutlivesTheProcess) {
  const std::string directory = testing::TempDir() + "/bf-limiter-" + std::to_string(::getpid());
  Result<BanFile> bans = BanFile::open(directory, "127.0.0.1:80 direct", loop_.clock());
  ASSERT_TRUE(bans) << bans.error().message();
  const TimeMs until = now() + 60'000;
  make({minute(1)}, 100, &*bans).pause(Pause{until, true, "HTTP 418"});

  RateLimiter& next = make({minute(1)}, 100, &*bans);
  const Asked& refused = ask(next);
  ASSERT_TRUE(refused.failed(Code::kBanned));
  EXPECT_EQ(refused.answer->error().retry_at_ms(), until);
  pass(60'000);
  EXPECT_EQ(granted(next, 1), 1);
  EXPECT_EQ(granted(make({minute(1)}, 100, &*bans), 1), 1);
  std::filesystem::remove_all(directory);
}

TEST_F(RateLimiterTest, ABanFileThatCannotBeReadIsNotTakenForNoBan) {
  const std::string directory = testing::TempDir() + "/bf-limiter-" + std::to_string(::getpid());
  Result<BanFile> bans = BanFile::open(directory, "127.0.0.1:80 direct", loop_.clock());
  ASSERT_TRUE(bans);
  std::filesystem::create_directory(directory + "/bans");
  EXPECT_TRUE(ask(make({minute(1)}, 100, &*bans)).answer.has_value());
  EXPECT_FALSE(asked_.back().granted());
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace bf::limits
