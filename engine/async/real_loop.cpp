#include "engine/async/real_loop.h"

#include <utility>

namespace bf::async {
namespace {
constexpr std::int64_t kNsPerMs = 1'000'000;
}  // namespace

RealLoop::RealLoop() {
  BF_ASSERT(uv_loop_init(&uv_) == 0);
  BF_ASSERT(uv_timer_init(&uv_, &timer_) == 0);
  wakeup_.data = this;
  const auto on_wakeup = [](uv_async_t* handle) {
    static_cast<RealLoop*>(handle->data)->take_posted();
  };
  BF_ASSERT(uv_async_init(&uv_, &wakeup_, on_wakeup) == 0);
}

RealLoop::~RealLoop() {
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&wakeup_), nullptr);
  uv_run(&uv_, UV_RUN_DEFAULT);
  BF_ASSERT(uv_loop_close(&uv_) == 0);
}

void RealLoop::post_from_thread(std::coroutine_handle<> ready) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(ready);
  }
  uv_async_send(&wakeup_);
}

void RealLoop::take_posted() {
  std::vector<std::coroutine_handle<>> posted;
  {
    const std::lock_guard lock(mutex_);
    posted.swap(posted_);
  }
  for (const std::coroutine_handle<> handle : posted) post(handle);
}

void RealLoop::wait_for_events(std::int64_t deadline_ns) {
  if (deadline_ns == 0) {
    uv_run(&uv_, UV_RUN_NOWAIT);
    return;
  }
  if (deadline_ns != kNoDeadline) {
    // Rounded up: a wake-up before the deadline would only wait again.
    const std::int64_t left_ns = deadline_ns - clock_.steady_ns();
    const std::int64_t left_ms = left_ns <= 0 ? 0 : (left_ns + kNsPerMs - 1) / kNsPerMs;
    uv_update_time(&uv_);
    // libuv looks at timers before it waits: one that is due by then would be gone, and the wait
    // without an end. A loop that was told to stop does not wait.
    const auto on_time = [](uv_timer_t* timer) { uv_stop(timer->loop); };
    uv_timer_start(&timer_, on_time, static_cast<std::uint64_t>(left_ms), 0);
  }
  uv_run(&uv_, UV_RUN_ONCE);
  uv_timer_stop(&timer_);
}

}  // namespace bf::async
