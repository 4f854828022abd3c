// engine/async/worker.h
//
// Where blocking work goes: `co_await worker.run(job)` runs `job` away from the loop and comes back to
// it. ThreadWorker has one thread and runs jobs in order; InlineWorker runs them on the spot, for the
// virtual clock, where a run must be the same every time.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "engine/async/real_loop.h"

namespace bf::async {

class Worker {
 public:
  virtual ~Worker() = default;

  class [[nodiscard]] Awaiter {
   public:
    Awaiter(Worker& worker, const std::function<void()>& job) : worker_(worker), job_(job) {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> waiting) {
      return worker_.submit(job_, waiting);
    }
    void await_resume() const noexcept {}

   private:
    Worker& worker_;
    const std::function<void()>& job_;
  };
  /// `job` is a named object that outlives the await; it must not throw. Not cancellable: what it
  /// does to files has to end.
  Awaiter run(const std::function<void()>& job) { return Awaiter(*this, job); }

 protected:
  /// Runs `job`, then resumes `waiting` on its loop; false when it has run already.
  [[nodiscard]] virtual bool submit(const std::function<void()>& job,
                                    std::coroutine_handle<> waiting) = 0;
};

class InlineWorker final : public Worker {
 protected:
  [[nodiscard]] bool submit(const std::function<void()>& job, std::coroutine_handle<>) override {
    job();
    return false;
  }
};

class ThreadWorker final : public Worker {
 public:
  explicit ThreadWorker(RealLoop& loop);
  /// Requires: no job is queued or running.
  ~ThreadWorker() override;

 protected:
  [[nodiscard]] bool submit(const std::function<void()>& job,
                            std::coroutine_handle<> waiting) override;

 private:
  struct Job {
    const std::function<void()>* work;
    std::coroutine_handle<> waiting;
  };
  void work_until_stopped();

  RealLoop& loop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;  ///< guarded by mutex_
  bool stop_ = false;     ///< guarded by mutex_
  std::thread thread_;    ///< last: it uses all of the above
};

}  // namespace bf::async
