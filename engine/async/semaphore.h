// engine/async/semaphore.h
//
// A counting semaphore: at most `permits` holders at once, first come first served.
#pragma once

#include <cstdint>

#include "engine/async/loop.h"

namespace bf::async {

class Semaphore {
 public:
  Semaphore(Loop& loop, std::int64_t permits) : waiters_(loop), free_(permits) {}

  /// Errors: kCancelled; then nothing was taken.
  [[nodiscard]] Task<Result<void>> acquire(CancelToken cancel) {
    if (cancel.cancelled()) co_return fail(CancelToken::error());
    if (free_ > 0 && waiters_.empty()) {
      --free_;
      co_return Result<void>();
    }
    // release() hands its permit to the waiter that it wakes: nobody slips in between.
    const Wake wake = co_await waiters_.wait(cancel);
    if (wake != Wake::kReady) co_return fail(CancelToken::error());
    co_return Result<void>();
  }

  void release() noexcept {
    if (!waiters_.wake_one()) ++free_;
  }

  [[nodiscard]] std::int64_t free() const noexcept { return free_; }

 private:
  WaitQueue waiters_;
  std::int64_t free_;
};

}  // namespace bf::async
