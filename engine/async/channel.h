// engine/async/channel.h
//
// A bounded queue between tasks of one loop: a full one makes its producers wait, which is how
// back-pressure travels.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "engine/async/loop.h"

namespace bf::async {

template <class T>
class Channel {
 public:
  Channel(Loop& loop, std::size_t capacity)
      : producers_(loop), consumers_(loop), capacity_(capacity) {
    BF_ASSERT(capacity > 0);
  }

  /// Waits for room, then queues `value`. Errors: kCancelled (nothing was queued).
  /// Requires: !closed().
  [[nodiscard]] Task<Result<void>> push(T value, CancelToken cancel) {
    while (items_.size() >= capacity_) {
      const Wake wake = co_await producers_.wait(cancel);
      if (wake != Wake::kReady) co_return fail(CancelToken::error());
    }
    BF_ASSERT(!closed_);
    items_.push_back(std::move(value));
    consumers_.wake_one();
    co_return Result<void>();
  }

  /// The oldest value; nullopt when the channel is closed and empty.
  /// Errors: kCancelled; kTimeout when nothing came by the deadline.
  [[nodiscard]] Task<Result<std::optional<T>>> pop(CancelToken cancel,
                                                   std::int64_t deadline_ns = kNoDeadline) {
    while (items_.empty() && !closed_) {
      const Wake wake = co_await consumers_.wait(cancel, deadline_ns);
      if (wake == Wake::kCancelled) co_return fail(CancelToken::error());
      if (wake == Wake::kTimeout) co_return fail(Code::kTimeout, "nothing came in time");
    }
    co_return try_pop();
  }

  /// The oldest value, or nullopt when there is none now.
  [[nodiscard]] std::optional<T> try_pop() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> value(std::move(items_.front()));
    items_.pop_front();
    producers_.wake_one();
    return value;
  }

  /// No more pushes; what is queued can still be popped.
  void close() noexcept {
    closed_ = true;
    consumers_.wake_all();
  }
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }

 private:
  WaitQueue producers_;
  WaitQueue consumers_;
  std::deque<T> items_;
  std::size_t capacity_;
  bool closed_ = false;
};

}  // namespace bf::async
