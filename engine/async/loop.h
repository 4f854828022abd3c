// engine/async/loop.h
//
// The Loop runs coroutines: a queue of those that are ready, and timers. What it does when nothing is
// ready is its kind's: RealLoop waits in libuv, VirtualLoop moves its clock to the next timer.
//
// Threads: one. post_from_thread() of RealLoop is the only call from elsewhere.
#pragma once

#include <coroutine>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "engine/async/cancel.h"
#include "engine/async/task.h"
#include "store/base/clock.h"

namespace bf::async {

class Loop;
class WaitQueue;

/// Steady nanoseconds (Clock::steady_ns) that never come.
inline constexpr std::int64_t kNoDeadline = std::numeric_limits<std::int64_t>::max();

/// Why a wait ended.
enum class Wake : std::uint8_t { kReady, kCancelled, kTimeout };

/// One wait of one coroutine: in a queue, or for a time alone. Ends by WaitQueue::wake_*, by its
/// deadline, or by cancellation, whichever comes first; exactly one of them.
class [[nodiscard]] Wait final : private CancelListener {
 public:
  /// `queue` may be null: then only the deadline or `cancel` ends the wait.
  Wait(Loop& loop, WaitQueue* queue, CancelToken cancel, std::int64_t deadline_ns) noexcept;
  ~Wait() override;

  [[nodiscard]] bool await_ready() noexcept;
  void await_suspend(std::coroutine_handle<> waiting);
  [[nodiscard]] Wake await_resume() const noexcept { return wake_; }

 private:
  friend class Loop;
  friend class WaitQueue;
  static constexpr std::size_t kNotInHeap = std::numeric_limits<std::size_t>::max();

  void on_cancel() noexcept override { end(Wake::kCancelled); }
  /// Leaves queue, timers and source, and queues the coroutine.
  void end(Wake wake) noexcept;
  void leave() noexcept;

  Loop& loop_;
  WaitQueue* queue_;
  CancelToken cancel_;
  std::int64_t deadline_ns_;
  std::coroutine_handle<> waiting_;
  Wait* previous_in_queue_ = nullptr;
  Wait* next_in_queue_ = nullptr;
  std::size_t heap_index_ = kNotInHeap;
  std::uint64_t timer_order_ = 0;
  bool queued_ = false;
  Wake wake_ = Wake::kReady;
};

/// Coroutines that wait for something, first come first served.
class WaitQueue {
 public:
  explicit WaitQueue(Loop& loop) : loop_(loop) {}
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;
  ~WaitQueue() { BF_ASSERT(first_ == nullptr); }

  /// `co_await queue.wait(cancel)`: always suspends, unless cancelled or past the deadline already.
  Wait wait(CancelToken cancel, std::int64_t deadline_ns = kNoDeadline) {
    return Wait(loop_, this, cancel, deadline_ns);
  }
  /// Ends the oldest wait with kReady; false when nobody waits.
  bool wake_one() noexcept;
  void wake_all() noexcept;
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

 private:
  friend class Wait;
  Loop& loop_;
  Wait* first_ = nullptr;
  Wait* last_ = nullptr;
};

class Loop {
 public:
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  virtual ~Loop() { BF_ASSERT(timers_.empty() && ready_.empty()); }

  [[nodiscard]] virtual const Clock& clock() const noexcept = 0;
  [[nodiscard]] std::int64_t now_ns() const { return clock().steady_ns(); }

  /// Resumes `ready` later, after those that were queued before it.
  void post(std::coroutine_handle<> ready) { ready_.push_back(ready); }

  /// `co_await loop.sleep(ns, cancel)`: kTimeout when the time has passed, else kCancelled.
  Wait sleep(std::int64_t ns, CancelToken cancel) {
    return Wait(*this, nullptr, cancel, now_ns() + ns);
  }
  Wait sleep_until(std::int64_t deadline_ns, CancelToken cancel) {
    return Wait(*this, nullptr, cancel, deadline_ns);
  }
  /// `co_await loop.yield()`: lets everything else that is ready go first.
  [[nodiscard]] auto yield() noexcept {
    struct Awaiter {
      Loop& loop;
      [[nodiscard]] bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> waiting) const { loop.post(waiting); }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this};
  }

  /// Runs until `task` has ended, and returns its value. Not reentrant.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    Root root = run_root(*this, std::move(task), value);
    run_until(root);
    return std::move(*value);
  }

 protected:
  Loop() = default;
  /// Waits for outside events, until `deadline_ns` at the latest (kNoDeadline: until one comes; 0:
  /// only takes what is there).
  virtual void wait_for_events(std::int64_t deadline_ns) = 0;

 private:
  friend class Wait;
  /// The coroutine that run() itself owns.
  class Root {
   public:
    struct promise_type {
      [[nodiscard]] Root get_return_object() noexcept {
        return Root(std::coroutine_handle<promise_type>::from_promise(*this));
      }
      [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
      [[nodiscard]] std::suspend_always final_suspend() const noexcept { return {}; }
      void return_void() const noexcept {}
      [[noreturn]] void unhandled_exception() const { throw; }
    };
    explicit Root(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
    Root(const Root&) = delete;
    Root& operator=(const Root&) = delete;
    ~Root() { handle_.destroy(); }
    [[nodiscard]] std::coroutine_handle<> handle() const noexcept { return handle_; }

   private:
    std::coroutine_handle<promise_type> handle_;
  };
  template <class T>
  static Root run_root(Loop& /*loop*/, Task<T> task, std::optional<T>& value) {
    value.emplace(co_await task);
  }

  void run_until(const Root& root);
  void run_ready();
  void fire_timers();
  void add_timer(Wait& wait);
  void remove_timer(Wait& wait) noexcept;
  void sift_up(std::size_t index) noexcept;
  void sift_down(std::size_t index) noexcept;
  [[nodiscard]] static bool earlier(const Wait& a, const Wait& b) noexcept;

  std::vector<std::coroutine_handle<>> ready_;
  std::vector<std::coroutine_handle<>> running_;
  std::vector<Wait*> timers_;  ///< a binary heap by deadline, then by order of waiting
  std::uint64_t timer_order_ = 0;
};

}  // namespace bf::async
