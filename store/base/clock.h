// store/base/clock.h
//
// All time comes from a Clock: so a test moves it, and a 117-minute backfill runs in seconds.
#pragma once

#include <cstdint>

#include "store/base/time.h"

namespace bf {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall time, ms since 1970 UTC. May step; use it for what leaves the process or is stored.
  [[nodiscard]] virtual TimeMs wall_ms() const = 0;
  /// Nanoseconds on a clock that never steps, with an arbitrary zero. Use it for deadlines.
  [[nodiscard]] virtual std::int64_t steady_ns() const = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimeMs wall_ms() const override;
  [[nodiscard]] std::int64_t steady_ns() const override;
};

/// A clock that stands still until it is moved. steady_ns() moves with wall_ms().
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimeMs wall_ms = 1'700'000'000'000) : wall_ns_(wall_ms * 1'000'000) {}
  [[nodiscard]] TimeMs wall_ms() const override { return wall_ns_ / 1'000'000; }
  [[nodiscard]] std::int64_t steady_ns() const override { return wall_ns_; }
  void advance_ms(DurationMs ms) { wall_ns_ += ms * 1'000'000; }
  /// Requires: ns >= steady_ns().
  void move_to_ns(std::int64_t ns) { wall_ns_ = ns; }

 private:
  std::int64_t wall_ns_;
};

}  // namespace bf
