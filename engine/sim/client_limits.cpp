#include "engine/sim/client_limits.h"

#include <algorithm>

namespace bf::sim {
namespace {
constexpr DurationMs kFiveMinutesMs = 5 * kMinuteMs;

/// Rounded up: a client that waits as told comes when the time is over.
std::int64_t seconds_until(TimeMs until, TimeMs now) noexcept {
  return std::max<std::int64_t>(1, (until - now + kSecondMs - 1) / kSecondMs);
}
}  // namespace

LimitVerdict ClientLimits::charge(std::int64_t weight, TimeMs now) {
  turn_windows(now);
  LimitVerdict verdict;
  verdict.out_of_turn = now >= silent_from_ && now < silent_until_;
  const bool told = now >= told_at_ + kGraceMs;
  if (now < banned_until_) {
    verdict.out_of_turn |= told;
  } else {
    used_weight_ += weight;
    ++used_requests_;
    if (now < paused_until_ && told) {
      verdict.out_of_turn = true;
      if (++strikes_ >= options_.strikes_max) start_ban(now);
    }
    const bool over_requests =
        options_.requests_per_5_minutes > 0 && used_requests_ > options_.requests_per_5_minutes;
    if (options_.enforced && used_weight_ > options_.weight_per_minute) {
      start_pause(now, minute_ + kMinuteMs);
    }
    if (options_.enforced && over_requests) start_pause(now, five_minutes_ + kFiveMinutesMs);
  }
  verdict.used_weight = used_weight_;
  if (now < banned_until_) {
    verdict.status = 418;
    verdict.banned_until = banned_until_;
    verdict.retry_after_s = seconds_until(banned_until_, now);
  } else if (now < paused_until_) {
    verdict.status = 429;
    verdict.retry_after_s = seconds_until(paused_until_, now);
  }
  return verdict;
}

void ClientLimits::expect_silence(TimeMs now, TimeMs until) {
  if (now >= silent_until_) silent_from_ = now + kGraceMs;
  silent_until_ = std::max(silent_until_, until);
}

void ClientLimits::turn_windows(TimeMs now) {
  if (now >= minute_ + kMinuteMs) {
    minute_ = now - now % kMinuteMs;
    used_weight_ = 0;
  }
  if (now >= five_minutes_ + kFiveMinutesMs) {
    five_minutes_ = now - now % kFiveMinutesMs;
    used_requests_ = 0;
  }
}

void ClientLimits::start_pause(TimeMs now, TimeMs until) {
  if (now >= paused_until_) {
    told_at_ = now;
    strikes_ = 0;
  }
  paused_until_ = std::max(paused_until_, until);
}

void ClientLimits::start_ban(TimeMs now) {
  told_at_ = now;
  strikes_ = 0;
  banned_until_ = now + next_ban_ms_;
  next_ban_ms_ = std::min(next_ban_ms_ * 2, kBanMsMax);
}

}  // namespace bf::sim
