#include "engine/async/worker.h"

#include <gtest/gtest.h>

#include <latch>
#include <new>
#include <thread>
#include <vector>

#include "engine/async/task_group.h"
#include "engine/async/virtual_loop.h"

namespace bf::async {
namespace {

struct Log {
  std::vector<int> jobs;  ///< in the order of running
  std::vector<std::thread::id> threads;
  std::vector<std::thread::id> resumed_on;
};

Task<Result<void>> run_numbered(Worker& worker, int number, Log& log) {
  const std::function<void()> job = [&log, number] {
    log.jobs.push_back(number);
    log.threads.push_back(std::this_thread::get_id());
  };
  co_await worker.run(job);
  log.resumed_on.push_back(std::this_thread::get_id());
  co_return Result<void>();
}

Task<Result<void>> run_many(Loop& loop, Worker& worker, int count, Log& log) {
  TaskGroup group(loop, CancelToken());
  for (int i = 0; i < count; ++i) group.spawn(run_numbered(worker, i, log));
  co_return co_await group.join();
}

Task<Result<void>> run_out_of_memory(Worker& worker) {
  const std::function<void()> job = [] { throw std::bad_alloc(); };
  co_await worker.run(job);
  co_return Result<void>();
}

TEST(ThreadWorker, AJobThatRunsOutOfMemoryEndsItsTask) {
  RealLoop loop;
  ThreadWorker worker(loop);
  const Result<void> ended = loop.run(run_out_of_memory(worker));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), Code::kNoMemory);
  Log log;
  EXPECT_TRUE(loop.run(run_numbered(worker, 1, log))) << "the worker goes on";
  EXPECT_EQ(live_frames(), 0);
}

TEST(InlineWorker, AJobThatRunsOutOfMemoryEndsItsTask) {
  VirtualLoop loop;
  InlineWorker worker;
  const Result<void> ended = loop.run(run_out_of_memory(worker));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), Code::kNoMemory);
}

TEST(ThreadWorker, RunsJobsInOrderOnItsThreadAndComesBackToTheLoops) {
  RealLoop loop;
  ThreadWorker worker(loop);
  Log log;
  ASSERT_TRUE(loop.run(run_many(loop, worker, 1'000, log)));
  ASSERT_EQ(log.jobs.size(), 1'000U);
  for (int i = 0; i < 1'000; ++i) {
    const auto at = static_cast<std::size_t>(i);
    ASSERT_EQ(log.jobs[at], i);
    ASSERT_NE(log.threads[at], std::this_thread::get_id());
    ASSERT_EQ(log.threads[at], log.threads[0]);
    ASSERT_EQ(log.resumed_on[at], std::this_thread::get_id());
  }
  EXPECT_EQ(live_frames(), 0);
}

TEST(ThreadWorker, RunsAsManyJobsAtOnceAsItHasThreads) {
  RealLoop loop;
  ThreadWorker worker(loop, 3);
  std::latch all(3);
  const auto meet = [](Worker& run, std::latch& others) -> Task<Result<void>> {
    const std::function<void()> job = [&others] { others.arrive_and_wait(); };
    co_await run.run(job);
    co_return Result<void>();
  };
  TaskGroup group(loop, CancelToken());
  for (int i = 0; i < 3; ++i) group.spawn(meet(worker, all));
  EXPECT_TRUE(loop.run(group.join())) << "each job waits for the two others";
  EXPECT_EQ(live_frames(), 0);
}

TEST(InlineWorker, RunsJobsOnTheSpot) {
  VirtualLoop loop;
  InlineWorker worker;
  Log log;
  ASSERT_TRUE(loop.run(run_many(loop, worker, 10, log)));
  EXPECT_EQ(log.jobs, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(log.threads[9], std::this_thread::get_id());
}

Task<Result<void>> sleep_for(Loop& loop, std::int64_t ns, CancelToken cancel) {
  const Wake wake = co_await loop.sleep(ns, cancel);
  if (wake == Wake::kCancelled) co_return fail(CancelToken::error());
  co_return Result<void>();
}

Task<Result<void>> cancel_a_long_sleep(Loop& loop) {
  CancelSource source;
  TaskGroup group(loop, CancelToken());
  group.spawn(sleep_for(loop, 3'600'000'000'000, source.token()));
  const Result<void> slept = co_await sleep_for(loop, 1'000'000, CancelToken());
  EXPECT_TRUE(slept);
  source.cancel();
  co_return co_await group.join();
}

TEST(RealLoop, SleepsAndCancelsSleeps) {
  RealLoop loop;
  const std::int64_t begin = loop.now_ns();
  const Result<void> done = loop.run(cancel_a_long_sleep(loop));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::kCancelled);
  EXPECT_GE(loop.now_ns() - begin, 1'000'000);
}

/// Works, without waiting, until a timer that was set before is due.
Task<Result<void>> work_past_a_timer(Loop& loop) {
  TaskGroup group(loop, CancelToken());
  const std::int64_t due_ns = loop.now_ns() + 1'000'000;
  group.spawn(sleep_for(loop, 1'000'000, CancelToken()));
  const Result<void> begun =
      co_await sleep_for(loop, 1, CancelToken());  // the group's task runs now
  EXPECT_TRUE(begun);
  co_await loop.yield();
  while (loop.now_ns() <= due_ns + 1'000'000) {
  }
  co_return co_await group.join();
}

// libuv fires a timer that is due before it waits, and would then wait for whatever else comes: here that
// is nothing.
TEST(RealLoop, WaitsForNothingWhereATimerIsDueAlready) {
  RealLoop loop;
  EXPECT_TRUE(loop.run(work_past_a_timer(loop)));
}

TEST(RealLoop, RunsOneTaskAfterAnother) {
  RealLoop loop;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(loop.run(sleep_for(loop, 1, CancelToken())));
}

}  // namespace
}  // namespace bf::async
