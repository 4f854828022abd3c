// engine/async/task_group.h
//
// Many tasks at once, with one owner: every child has ended when join() returns, whatever happened.
//
//   TaskGroup group(loop, cancel);
//   for (Job& job : jobs) group.spawn(run_job(services, std::move(job), group.token()));
//   const Result<void> all = co_await group.join();
//
// The first failure, or `cancel`, stops the others by the group's token.
#pragma once

#include <coroutine>
#include <cstdint>
#include <utility>

#include "engine/async/loop.h"

namespace bf::async {

class TaskGroup {
 public:
  TaskGroup(Loop& loop, CancelToken parent) : cancel_(parent), ended_(loop) {}
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  /// Requires: joined.
  ~TaskGroup() { BF_ASSERT(running_ == 0); }

  [[nodiscard]] CancelToken token() noexcept { return cancel_.token(); }
  void cancel() noexcept { cancel_.cancel(); }
  /// Children that have not ended.
  [[nodiscard]] std::int64_t running() const noexcept { return running_; }

  /// Starts `task` at once, up to its first suspension.
  void spawn(Task<Result<void>> task) { run_child(*this, std::move(task)); }

  /// Waits for every child. Errors: the first one that a child returned.
  [[nodiscard]] Task<Result<void>> join() {
    // Not cancellable: the children are, and they end promptly.
    while (running_ > 0) {
      const Wake wake = co_await ended_.wait(CancelToken());
      (void)wake;
    }
    if (failed_) co_return fail(error_);
    co_return Result<void>();
  }

 private:
  /// The frame of one running child: it owns the task and destroys itself when the task has ended. The
  /// group outlives it, because join() waits for it.
  struct Child {
    struct promise_type {
      [[nodiscard]] Child get_return_object() const noexcept { return {}; }
      [[nodiscard]] std::suspend_never initial_suspend() const noexcept { return {}; }
      [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
      void return_void() const noexcept {}
      [[noreturn]] void unhandled_exception() const { throw; }
    };
  };
  static Child run_child(TaskGroup& group, Task<Result<void>> task) {
    ++group.running_;  // here, where the frame exists: without memory for it nothing was spawned
    const Result<void> result = co_await task;
    group.child_ended(result);
  }

  void child_ended(const Result<void>& result) {
    if (!result && !failed_) {
      failed_ = true;
      error_ = result.error();
      cancel_.cancel();
    }
    if (--running_ == 0) ended_.wake_all();
  }

  CancelSource cancel_;
  WaitQueue ended_;
  std::int64_t running_ = 0;
  bool failed_ = false;
  Error error_{Code::kInternal, ""};
};

}  // namespace bf::async
