// engine/sim/client_limits.h
//
// The limits of one market of Binance as they are documented, with bans: weight in each fixed clock
// minute (and on spot raw requests in each five); 429 over it, until the window ends; 418 for a client
// that keeps sending, 2 minutes at first and twice as long each time, up to 3 days.
//
// A request that arrives within kGraceMs of the 429 may have left before the client could know: it is
// refused, and not held against the client.
#pragma once

#include <cstdint>

#include "store/base/time.h"

namespace bf::sim {

inline constexpr DurationMs kGraceMs = 1'000;
inline constexpr DurationMs kBanMsMin = 2 * kMinuteMs;
inline constexpr DurationMs kBanMsMax = 3 * kDayMs;

struct LimitOptions {
  bool enforced = true;  ///< else the weight is counted and nothing is refused
  std::int64_t weight_per_minute = 2'400;
  std::int64_t requests_per_5_minutes = 0;  ///< 0: not counted
  int strikes_max = 5;                      ///< requests sent into a pause before it becomes a ban
};

struct LimitVerdict {
  int status = 200;              ///< 200, 429 or 418
  std::int64_t used_weight = 0;  ///< in this minute, the request included
  std::int64_t retry_after_s = 0;
  TimeMs banned_until = 0;   ///< 0: no ban
  bool out_of_turn = false;  ///< sent into a pause or a ban that the client knew of
};

/// Threads: one. Times are wall ms of the exchange, and do not go back.
class ClientLimits {
 public:
  explicit ClientLimits(LimitOptions options) : options_(options) {}

  /// Counts one request of this weight that arrives at `now`.
  [[nodiscard]] LimitVerdict charge(std::int64_t weight, TimeMs now);

  /// The client was told, for a reason other than these limits, to stay away until then: what it sends
  /// before that is out of turn. Refuses nothing.
  void expect_silence(TimeMs now, TimeMs until);

  [[nodiscard]] const LimitOptions& options() const noexcept { return options_; }

 private:
  void turn_windows(TimeMs now);
  void start_pause(TimeMs now, TimeMs until);
  void start_ban(TimeMs now);

  LimitOptions options_;
  TimeMs minute_ = 0;  ///< begin of the window that used_weight_ counts
  TimeMs five_minutes_ = 0;
  std::int64_t used_weight_ = 0;
  std::int64_t used_requests_ = 0;
  TimeMs told_at_ = 0;  ///< when the pause or ban that stands was answered first
  TimeMs paused_until_ = 0;
  TimeMs banned_until_ = 0;
  TimeMs silent_from_ = 0;
  TimeMs silent_until_ = 0;
  int strikes_ = 0;
  DurationMs next_ban_ms_ = kBanMsMin;
};

}  // namespace bf::sim
