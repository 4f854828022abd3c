// engine/async/real_loop.h
//
// The Loop over libuv: sockets and name resolution hang on its uv_loop_t, timers are the Loop's own
// heap with one uv_timer_t for the earliest.
#pragma once

#include <uv.h>

#include <coroutine>
#include <mutex>
#include <vector>

#include "engine/async/loop.h"

namespace bf::async {

class RealLoop final : public Loop {
 public:
  RealLoop();
  ~RealLoop() override;

  [[nodiscard]] const Clock& clock() const noexcept override { return clock_; }
  /// For the network rooms. Handles made on it are closed, and their close callbacks have run, before
  /// the loop is destroyed.
  [[nodiscard]] uv_loop_t* uv() noexcept { return &uv_; }

  /// post() from any thread. While such a post is owed, the one who awaits it counts as an outside
  /// event: the loop waits for it.
  void post_from_thread(std::coroutine_handle<> ready);

 private:
  void wait_for_events(std::int64_t deadline_ns) override;
  void take_posted();

  SystemClock clock_;
  uv_loop_t uv_{};
  uv_timer_t timer_{};
  uv_async_t wakeup_{};
  std::mutex mutex_;
  std::vector<std::coroutine_handle<>> posted_;  ///< guarded by mutex_
};

}  // namespace bf::async
