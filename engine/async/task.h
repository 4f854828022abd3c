// engine/async/task.h
//
// Task<T>: a coroutine that is lazy, has one owner, and is awaited once.
//
//   Task<Result<Page>> fetch(Client& client, std::string target, CancelToken cancel);
//   const Result<Page> page = co_await fetch(client, target, cancel);
//
// Awaiting starts it. A task that finishes without suspending hands its value over without touching
// the loop, and without a tail call: the stack does not grow however many follow each other, in
// sanitizer builds and at -O0 as well. One that suspends resumes its awaiter when it ends.
//
// Exceptions: none of ours. std::bad_alloc ends the task: a Task<Result<U>> gives kNoMemory, any other
// passes it on. A wake-up or a join cannot end so: programs have a guard (store/base/memory_guard.h).
// Threads: a task lives on the thread of its Loop.
#pragma once

#include <coroutine>
#include <cstdint>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "store/base/assert.h"
#include "store/base/result.h"

namespace bf::async {

template <class T = void>
class Task;

namespace detail {

/// Coroutine frames of this thread that exist now; tests assert that it comes back to where it was.
inline thread_local std::int64_t live_frames = 0;

template <class T>
struct IsResult : std::false_type {};
template <class T>
struct IsResult<Result<T>> : std::true_type {};

class PromiseBase {
 public:
  PromiseBase() noexcept { ++live_frames; }
  PromiseBase(const PromiseBase&) = delete;
  PromiseBase& operator=(const PromiseBase&) = delete;
  ~PromiseBase() { --live_frames; }

  struct FinalAwaiter {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    [[nodiscard]] std::coroutine_handle<> await_suspend(
        std::coroutine_handle<Promise> ended) const noexcept {
      // Without a continuation the task ended inside its awaiter's await_suspend, which sees done().
      const std::coroutine_handle<> next = ended.promise().continuation;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };

  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() {
    try {
      throw;
    } catch (const std::bad_alloc&) {
      out_of_memory = true;
    }
    // Any other exception is a bug of ours: it leaves through here and ends the process.
  }

  std::coroutine_handle<> continuation;
  bool out_of_memory = false;
};

template <class T>
class Promise final : public PromiseBase {
 public:
  [[nodiscard]] Task<T> get_return_object() noexcept;
  template <class U>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  [[nodiscard]] T take() {
    if (out_of_memory) {
      if constexpr (IsResult<T>::value) {
        return fail(Code::kNoMemory, "out of memory");
      } else {
        throw std::bad_alloc();
      }
    }
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> final : public PromiseBase {
 public:
  [[nodiscard]] Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const {
    if (out_of_memory) throw std::bad_alloc();
  }
};

}  // namespace detail

template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  class Awaiter {
   public:
    explicit Awaiter(Handle handle) noexcept : handle_(handle) {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> awaiting) const {
      handle_.resume();
      if (handle_.done()) return false;
      handle_.promise().continuation = awaiting;
      return true;
    }
    T await_resume() const { return handle_.promise().take(); }

   private:
    Handle handle_;
  };
  /// Starts the task; it is awaited once, and outlives the await.
  [[nodiscard]] Awaiter operator co_await() const noexcept {
    BF_ASSERT(handle_ && !handle_.done());
    return Awaiter(handle_);
  }

 private:
  Handle handle_;
};

namespace detail {
template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}
}  // namespace detail

/// Coroutine frames that are alive on this thread.
[[nodiscard]] inline std::int64_t live_frames() noexcept { return detail::live_frames; }

}  // namespace bf::async
