// engine/async/virtual_loop.h
//
// A Loop whose time moves only when nothing else can run: to the next timer, at once. The same
// program gives the same run, and a 117-minute backfill takes seconds.
#pragma once

#include <functional>

#include "engine/async/loop.h"

namespace bf::async {

class VirtualLoop final : public Loop {
 public:
  /// `start` is the wall time at which the clock stands first.
  explicit VirtualLoop(TimeMs start = 1'700'000'000'000) : clock_(start) {}
  [[nodiscard]] const Clock& clock() const noexcept override { return clock_; }
  /// Called between two turns, when every coroutine is suspended; tests interrupt a run there.
  std::function<void()> on_turn;

 private:
  void wait_for_events(std::int64_t deadline_ns) override;
  ManualClock clock_;
};

}  // namespace bf::async
