#include "engine/limits/token_bucket.h"

namespace bf::limits {

std::int64_t TokenBucket::refill_time(std::int64_t tokens) const noexcept {
  // In two steps: tokens * window may not fit, and whole windows need no rounding.
  const std::int64_t whole = tokens / allowed_;
  const std::int64_t rest = tokens % allowed_;
  std::int64_t product = 0;
  const bool fits = !__builtin_mul_overflow(rest, window_, &product);
  const std::int64_t part =
      fits ? (product + allowed_ - 1) / allowed_ : rest * (window_ / allowed_ + 1);
  return whole * window_ + part;
}

std::int64_t TokenBucket::leaves_at(std::int64_t now, std::int64_t cost) {
  if (in_flight_ + cost > allowed_) return kOnlyAnAnswer;
  return std::max(now, full_at_ - (window_ - refill_time(in_flight_ + cost)));
}

std::int64_t TokenBucket::used(std::int64_t now) {
  const std::int64_t owed = std::max<std::int64_t>(0, full_at_ - now);
  // owed <= a few windows, so the product of its milliseconds fits.
  const std::int64_t tokens =
      (owed / kNsPerMs) * allowed_ / std::max<std::int64_t>(1, window_ / kNsPerMs);
  return tokens + in_flight_;
}

bool TokenBucket::load(std::span<const std::int64_t> saved, std::int64_t now) {
  // The server's own count may say that more than everything is used, but twice that at most.
  constexpr std::int64_t kWindowsMax = 4;
  if (saved.size() != 1 || saved[0] < 0 || saved[0] > kInstantMax) return false;
  full_at_ = std::min(saved[0], now + kWindowsMax * window_);
  return true;
}

void TokenBucket::answered(std::int64_t now, const Answer& answer) {
  in_flight_ -= answer.cost;
  full_at_ = std::max(full_at_, now) + refill_time(answer.cost);
  if (answer.reported > 0) full_at_ = std::max(full_at_, now + refill_time(answer.reported));
}

}  // namespace bf::limits
