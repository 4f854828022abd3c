// Goal: every wait ends exactly once, for the right reason, and leaves nothing behind.
#include "engine/async/loop.h"

#include <gtest/gtest.h>

#include <vector>

#include "engine/async/channel.h"
#include "engine/async/semaphore.h"
#include "engine/async/task_group.h"
#include "engine/async/virtual_loop.h"

namespace bf::async {
namespace {

constexpr std::int64_t kMsNs = 1'000'000;

Task<Result<void>> note_wake(WaitQueue& queue, std::vector<Wake>& wakes, CancelToken cancel,
                             std::int64_t deadline_ns) {
  const Wake wake = co_await queue.wait(cancel, deadline_ns);
  wakes.push_back(wake);
  co_return Result<void>();
}

Task<Result<void>> note_sleep(Loop& loop, std::int64_t ns, int id, std::vector<int>& order,
                              CancelToken cancel) {
  const Wake wake = co_await loop.sleep(ns, cancel);
  order.push_back(wake == Wake::kTimeout ? id : -id);
  co_return Result<void>();
}

Task<Result<void>> three_ways_to_wake(Loop& loop, std::vector<Wake>& wakes) {
  WaitQueue queue(loop);
  CancelSource source;
  TaskGroup group(loop, CancelToken());
  group.spawn(note_wake(queue, wakes, source.token(), kNoDeadline));
  EXPECT_TRUE(queue.wake_one());
  EXPECT_FALSE(queue.wake_one()) << "a woken wait has left the queue";
  co_await loop.yield();
  group.spawn(note_wake(queue, wakes, source.token(), loop.now_ns() + kMsNs));
  const Wake slept = co_await loop.sleep(2 * kMsNs, CancelToken());
  EXPECT_EQ(slept, Wake::kTimeout);
  group.spawn(note_wake(queue, wakes, source.token(), kNoDeadline));
  source.cancel();
  EXPECT_TRUE(queue.empty());
  // What is cancelled, or late, before it waits does not wait.
  group.spawn(note_wake(queue, wakes, source.token(), kNoDeadline));
  group.spawn(note_wake(queue, wakes, CancelToken(), loop.now_ns()));
  co_return co_await group.join();
}

TEST(Wait, EndsByWakeDeadlineOrCancellation) {
  VirtualLoop loop;
  std::vector<Wake> wakes;
  ASSERT_TRUE(loop.run(three_ways_to_wake(loop, wakes)));
  // The last two ended where they were spawned, before the third was resumed.
  const std::vector<Wake> expected = {Wake::kReady, Wake::kTimeout, Wake::kCancelled,
                                      Wake::kTimeout, Wake::kCancelled};
  EXPECT_EQ(wakes, expected);
  EXPECT_EQ(live_frames(), 0);
}

Task<Result<void>> wake_then_cancel(Loop& loop, std::vector<Wake>& wakes) {
  WaitQueue queue(loop);
  CancelSource source;
  TaskGroup group(loop, CancelToken());
  group.spawn(note_wake(queue, wakes, source.token(), loop.now_ns() + 1));
  queue.wake_one();
  source.cancel();
  co_return co_await group.join();
}

TEST(Wait, EndsOnceAlthoughAllReasonsCome) {
  VirtualLoop loop;
  std::vector<Wake> wakes;
  ASSERT_TRUE(loop.run(wake_then_cancel(loop, wakes)));
  EXPECT_EQ(wakes, std::vector<Wake>{Wake::kReady});
}

Task<Result<void>> wake_in_turn(Loop& loop, std::vector<int>& order) {
  TaskGroup group(loop, CancelToken());
  // Equal deadlines wake in the order of waiting; others by time.
  for (const int ms : {5, 3, 9, 3, 1, 9, 5, 1}) {
    group.spawn(note_sleep(loop, ms * kMsNs, ms * 10 + static_cast<int>(group.running()), order,
                           CancelToken()));
  }
  co_return co_await group.join();
}

TEST(Timers, WakeByDeadlineThenByOrderOfWaiting) {
  VirtualLoop loop;
  std::vector<int> order;
  ASSERT_TRUE(loop.run(wake_in_turn(loop, order)));
  EXPECT_EQ(order, (std::vector<int>{14, 17, 31, 33, 50, 56, 92, 95}));
}

Task<Result<void>> ten_thousand_timers(Loop& loop, std::vector<int>& order) {
  CancelSource every_third;
  TaskGroup group(loop, CancelToken());
  std::uint32_t random = 1;
  for (int i = 0; i < 10'000; ++i) {
    random = random * 1'664'525 + 1'013'904'223;
    const int ms = 2 + static_cast<int>(random >> 16) % 1'000;
    group.spawn(
        note_sleep(loop, ms * kMsNs, ms, order, i % 3 == 0 ? every_third.token() : CancelToken()));
  }
  const Wake wake = co_await loop.sleep(kMsNs, CancelToken());
  EXPECT_EQ(wake, Wake::kTimeout);
  every_third.cancel();
  co_return co_await group.join();
}

TEST(Timers, TenThousandKeepTheirOrderWhileAThirdLeaves) {
  VirtualLoop loop;
  std::vector<int> order;
  const std::int64_t begin = loop.now_ns();
  ASSERT_TRUE(loop.run(ten_thousand_timers(loop, order)));
  ASSERT_EQ(order.size(), 10'000U);
  int last = 0;
  int cancelled = 0;
  for (const int id : order) {
    if (id < 0) {
      ++cancelled;
      continue;
    }
    ASSERT_GE(id, last);
    last = id;
  }
  EXPECT_EQ(cancelled, 3'334);
  EXPECT_EQ(loop.now_ns() - begin, last * kMsNs);
  EXPECT_EQ(live_frames(), 0);
}

Task<Result<void>> cancel_trees(Loop& loop, std::vector<int>& order) {
  CancelSource root;
  CancelSource left(root.token());
  CancelSource leaf(left.token());
  CancelSource right(root.token());
  TaskGroup group(loop, CancelToken());
  group.spawn(note_sleep(loop, kMsNs, 1, order, leaf.token()));
  group.spawn(note_sleep(loop, kMsNs, 2, order, right.token()));
  left.cancel();
  EXPECT_TRUE(leaf.cancelled());
  EXPECT_FALSE(right.cancelled());
  EXPECT_FALSE(root.cancelled());
  const Result<void> joined = co_await group.join();
  root.cancel();
  EXPECT_TRUE(right.cancelled());
  CancelSource late(root.token());
  EXPECT_TRUE(late.cancelled());
  co_return joined;
}

TEST(CancelSource, CancelsWhatIsBelowAndNothingElse) {
  VirtualLoop loop;
  std::vector<int> order;
  ASSERT_TRUE(loop.run(cancel_trees(loop, order)));
  EXPECT_EQ(order, (std::vector<int>{-1, 2}));
}

Task<Result<void>> hold(Loop& loop, Semaphore& semaphore, int& holders, int& most,
                        CancelToken cancel) {
  const Result<void> permit = co_await semaphore.acquire(cancel);
  if (!permit) co_return fail(permit.error());
  most = std::max(most, ++holders);
  const Wake wake = co_await loop.sleep(kMsNs, CancelToken());
  (void)wake;
  --holders;
  semaphore.release();
  co_return Result<void>();
}

Task<Result<void>> hold_many(Loop& loop, int& most) {
  Semaphore semaphore(loop, 3);
  int holders = 0;
  TaskGroup group(loop, CancelToken());
  for (int i = 0; i < 50; ++i) group.spawn(hold(loop, semaphore, holders, most, CancelToken()));
  const Result<void> joined = co_await group.join();
  EXPECT_EQ(semaphore.free(), 3);
  co_return joined;
}

TEST(Semaphore, NeverHasMoreHoldersThanPermitsAndGetsThemAllBack) {
  VirtualLoop loop;
  int most = 0;
  ASSERT_TRUE(loop.run(hold_many(loop, most)));
  EXPECT_EQ(most, 3);
}

Task<Result<void>> cancel_waiter(Loop& loop) {
  Semaphore semaphore(loop, 1);
  CancelSource source;
  int holders = 0;
  int most = 0;
  TaskGroup first(loop, CancelToken());
  first.spawn(hold(loop, semaphore, holders, most, CancelToken()));
  TaskGroup second(loop, CancelToken());
  second.spawn(hold(loop, semaphore, holders, most, source.token()));
  source.cancel();
  const Result<void> cancelled = co_await second.join();
  EXPECT_FALSE(cancelled);
  EXPECT_EQ(semaphore.free(), 0) << "a cancelled wait takes nothing and gives nothing";
  const Result<void> joined = co_await first.join();
  EXPECT_EQ(semaphore.free(), 1);
  co_return joined;
}

TEST(Semaphore, ACancelledWaitLeavesThePermitsAlone) {
  VirtualLoop loop;
  ASSERT_TRUE(loop.run(cancel_waiter(loop)));
}

Task<Result<void>> push_one(Channel<int>& channel, int value, CancelToken cancel) {
  co_return co_await channel.push(value, cancel);
}

Task<Result<void>> pop_one(Channel<int>& channel, CancelToken cancel) {
  const Result<std::optional<int>> item = co_await channel.pop(cancel);
  if (!item) co_return fail(item.error());
  co_return Result<void>();
}

Task<Result<void>> cancel_channel_waits(Loop& loop) {
  Channel<int> channel(loop, 1);
  CancelSource source;
  TaskGroup popping(loop, CancelToken());
  popping.spawn(pop_one(channel, source.token()));
  source.cancel();
  const Result<void> popped = co_await popping.join();
  EXPECT_FALSE(popped);

  CancelSource other;
  TaskGroup pushing(loop, CancelToken());
  pushing.spawn(push_one(channel, 1, other.token()));  // has room
  pushing.spawn(push_one(channel, 2, other.token()));  // waits
  other.cancel();
  const Result<void> pushed = co_await pushing.join();
  EXPECT_FALSE(pushed);
  EXPECT_EQ(channel.size(), 1U) << "a cancelled push queues nothing";
  EXPECT_EQ(channel.try_pop(), 1);
  channel.close();
  const Result<std::optional<int>> end = co_await channel.pop(CancelToken());
  EXPECT_TRUE(end && !end->has_value());
  co_return Result<void>();
}

TEST(Channel, ACancelledPushOrPopMovesNothing) {
  VirtualLoop loop;
  ASSERT_TRUE(loop.run(cancel_channel_waits(loop)));
  EXPECT_EQ(live_frames(), 0);
}

Task<int> wait_for_nobody(Loop& loop) {
  WaitQueue queue(loop);
  const Wake wake = co_await queue.wait(CancelToken());
  (void)wake;
  co_return 0;
}

TEST(LoopDeathTest, AVirtualLoopWhoseTasksAllWaitForEachOtherEnds) {
  EXPECT_DEATH(
      {
        VirtualLoop loop;
        loop.run(wait_for_nobody(loop));
      },
      "deadline_ns != kNoDeadline");
}

TEST(TaskGroupDeathTest, AGroupThatWasNotJoinedEndsTheProcess) {
  EXPECT_DEATH(
      {
        VirtualLoop loop;
        std::vector<int> order;
        TaskGroup group(loop, CancelToken());
        group.spawn(note_sleep(loop, kMsNs, 1, order, CancelToken()));
      },
      "running_ == 0");
}

Task<int> await_twice() {
  Task<int> task = []() -> Task<int> { co_return 1; }();
  const int once = co_await task;
  const int twice = co_await task;
  co_return once + twice;
}

TEST(TaskDeathTest, ATaskIsAwaitedOnce) {
  EXPECT_DEATH(
      {
        VirtualLoop loop;
        loop.run(await_twice());
      },
      "done");
}

}  // namespace
}  // namespace bf::async
