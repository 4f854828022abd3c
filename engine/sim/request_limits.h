// engine/sim/request_limits.h
//
// Limits of the form "so many requests in any window", as most exchanges have them, with the time for
// which whoever breaks one is refused. All requests that are charged to one object share it.
//
// A request that arrives within a second of the refusal may have left before the client could know: it is
// refused, and not held against the client.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "store/base/time.h"

namespace bf::sim {

struct WindowRule {
  std::int64_t capacity = 0;
  DurationMs window_ms = 0;
  /// How long everything is refused when the rule is broken; 0: only what finds the window full.
  DurationMs suspended_ms = 0;
};

struct RequestVerdict {
  bool refused = false;
  TimeMs suspended_until = 0;  ///< 0: no suspension
  bool out_of_turn = false;    ///< sent into a suspension that the client knew of
};

/// Threads: one. Times are wall ms of the exchange, and do not go back.
class RequestLimits {
 public:
  /// Where limits are not enforced nothing is refused.
  RequestLimits(std::vector<WindowRule> rules, bool enforced);

  /// Counts one request of this cost that arrives at `now`.
  [[nodiscard]] RequestVerdict charge(std::int64_t cost, TimeMs now);
  /// The client was told, for a reason other than these limits, to stay away until then.
  void expect_silence(TimeMs now, TimeMs until);

 private:
  struct Arrival {
    TimeMs at = 0;
    std::int64_t cost = 0;
  };
  struct Window {
    WindowRule rule;
    std::deque<Arrival> arrivals;
    std::int64_t used = 0;
  };
  /// Whether the request fits; it is counted in any case.
  [[nodiscard]] static bool add(Window& window, std::int64_t cost, TimeMs now);

  bool enforced_;
  std::vector<Window> windows_;
  TimeMs suspended_from_ = 0;  ///< when the client could know
  TimeMs suspended_until_ = 0;
  TimeMs silent_from_ = 0;
  TimeMs silent_until_ = 0;
};

}  // namespace bf::sim
