#include "engine/async/task.h"

#include <gtest/gtest.h>

#include "engine/async/channel.h"
#include "engine/async/semaphore.h"
#include "engine/async/task_group.h"
#include "engine/async/virtual_loop.h"

namespace bf::async {
namespace {

Task<int> value_now(int value) { co_return value; }

Task<int> sum_of_finished_tasks(int rounds) {
  int sum = 0;
  for (int i = 0; i < rounds; ++i) sum += co_await value_now(1);
  co_return sum;
}

TEST(Task, AMillionTasksThatFinishAtOnceDoNotGrowTheStack) {
  VirtualLoop loop;
  EXPECT_EQ(loop.run(sum_of_finished_tasks(1'000'000)), 1'000'000);
  EXPECT_EQ(live_frames(), 0);
}

Task<int> nested(Loop& loop, int depth) {
  if (depth == 0) {
    co_await loop.yield();
    co_return 0;
  }
  const int below = co_await nested(loop, depth - 1);
  co_return below + 1;
}

TEST(Task, AThousandNestedTasksEndThroughEachOther) {
  VirtualLoop loop;
  EXPECT_EQ(loop.run(nested(loop, 1'000)), 1'000);
  EXPECT_EQ(live_frames(), 0);
}

Task<Result<int>> runs_out_of_memory(Loop& loop, bool at_once) {
  if (!at_once) co_await loop.yield();
  throw std::bad_alloc();
}

Task<int> passes_it_on(Loop& loop, bool at_once) {
  const Result<int> result = co_await runs_out_of_memory(loop, at_once);
  if (!result) throw std::bad_alloc();
  co_return *result;
}

Task<Result<int>> contains_it(Loop& loop, bool at_once) {
  const int value = co_await passes_it_on(loop, at_once);
  co_return value;
}

TEST(Task, RunningOutOfMemoryBecomesAnErrorWhereATaskWithAResultIsAwaited) {
  for (const bool at_once : {true, false}) {
    VirtualLoop loop;
    const Result<int> direct = loop.run(runs_out_of_memory(loop, at_once));
    ASSERT_FALSE(direct);
    EXPECT_EQ(direct.error().code(), Code::kNoMemory);
    const Result<int> through = loop.run(contains_it(loop, at_once));
    ASSERT_FALSE(through);
    EXPECT_EQ(through.error().code(), Code::kNoMemory);
    EXPECT_EQ(live_frames(), 0);
  }
}

Task<Result<void>> sleep_then_count(Loop& loop, std::int64_t ns, int& count, CancelToken cancel) {
  const Wake wake = co_await loop.sleep(ns, cancel);
  if (wake == Wake::kCancelled) co_return fail(CancelToken::error());
  ++count;
  co_return Result<void>();
}

Task<Result<void>> fail_at(Loop& loop, std::int64_t ns) {
  const Wake wake = co_await loop.sleep(ns, CancelToken());
  (void)wake;
  co_return fail(Code::kIo, "broken");
}

Task<Result<void>> group_with_failure(Loop& loop, int& count) {
  TaskGroup group(loop, CancelToken());
  for (int i = 1; i <= 10; ++i) {
    group.spawn(sleep_then_count(loop, i * 1'000'000, count, group.token()));
  }
  group.spawn(fail_at(loop, 5'500'000));
  co_return co_await group.join();
}

TEST(TaskGroup, TheFirstFailureStopsTheOthers) {
  VirtualLoop loop;
  int count = 0;
  const Result<void> result = loop.run(group_with_failure(loop, count));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::kIo);
  EXPECT_EQ(count, 5);
  EXPECT_EQ(live_frames(), 0);
}

Task<Result<void>> produce(Channel<int>& channel, int items, CancelToken cancel) {
  for (int i = 0; i < items; ++i) {
    const Result<void> pushed = co_await channel.push(i, cancel);
    if (!pushed) co_return fail(pushed.error());
  }
  channel.close();
  co_return Result<void>();
}

Task<Result<void>> consume(Channel<int>& channel, std::vector<int>& out, CancelToken cancel) {
  while (true) {
    const Result<std::optional<int>> item = co_await channel.pop(cancel);
    if (!item) co_return fail(item.error());
    if (!item->has_value()) co_return Result<void>();
    out.push_back(**item);
  }
}

Task<Result<void>> produce_and_consume(Loop& loop, std::vector<int>& out) {
  Channel<int> channel(loop, 3);
  TaskGroup group(loop, CancelToken());
  group.spawn(produce(channel, 1000, group.token()));
  group.spawn(consume(channel, out, group.token()));
  co_return co_await group.join();
}

TEST(Channel, DeliversEverythingInOrderThroughASmallBound) {
  VirtualLoop loop;
  std::vector<int> out;
  ASSERT_TRUE(loop.run(produce_and_consume(loop, out)));
  ASSERT_EQ(out.size(), 1000U);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(out[static_cast<std::size_t>(i)], i);
}

}  // namespace
}  // namespace bf::async
