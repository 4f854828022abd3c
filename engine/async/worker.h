// engine/async/worker.h
//
// Where blocking work goes: `co_await worker.run(job)` runs `job` away from the loop and comes back to
// it. ThreadWorker begins jobs in the order in which they came, as many at once as it has threads;
// InlineWorker runs them on the spot, for the virtual clock, where a run must be the same every time.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

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
      return worker_.submit(job_, waiting, failed_);
    }
    void await_resume() const {
      if (failed_) std::rethrow_exception(failed_);
    }

   private:
    Worker& worker_;
    const std::function<void()>& job_;
    std::exception_ptr failed_;
  };
  /// `job` is a named object that outlives the await. It throws nothing but std::bad_alloc, which comes
  /// out of the await and ends its task. Not cancellable: what it does to files has to end.
  Awaiter run(const std::function<void()>& job) { return Awaiter(*this, job); }

 protected:
  /// Runs `job`, then resumes `waiting` on its loop; false when it has run already. `failed`, which
  /// outlives the job, is what it has thrown.
  [[nodiscard]] virtual bool submit(const std::function<void()>& job,
                                    std::coroutine_handle<> waiting,
                                    std::exception_ptr& failed) = 0;
};

class InlineWorker final : public Worker {
 protected:
  [[nodiscard]] bool submit(const std::function<void()>& job, std::coroutine_handle<>,
                            std::exception_ptr&) override {
    job();
    return false;
  }
};

class ThreadWorker final : public Worker {
 public:
  /// With one thread, each job ends before the next one begins.
  /// Throws std::system_error where the system starts no more threads.
  explicit ThreadWorker(RealLoop& loop, int threads = 1);
  /// Requires: no job is queued or running.
  ~ThreadWorker() override;

 protected:
  [[nodiscard]] bool submit(const std::function<void()>& job, std::coroutine_handle<> waiting,
                            std::exception_ptr& failed) override;

 private:
  struct Job {
    const std::function<void()>* work;
    std::coroutine_handle<> waiting;
    std::exception_ptr* failed;
  };
  void work_until_stopped();
  void stop();

  RealLoop& loop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;              ///< guarded by mutex_
  bool stop_ = false;                 ///< guarded by mutex_
  std::vector<std::thread> threads_;  ///< last: they use all of the above
};

}  // namespace bf::async
