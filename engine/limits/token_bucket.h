// engine/limits/token_bucket.h
//
// Bursts of `capacity`, refilled evenly over `window`. A request takes its tokens at the server between
// departure and answer. Taking them at the answer is the latest that it can be, and leaves at every
// later instant at least as much taken as there: together with what is in flight never too little.
#pragma once

#include "engine/limits/bucket.h"

namespace bf::limits {

class TokenBucket final : public Bucket {
 public:
  TokenBucket(const LimitRule& rule, int share_percent) : Bucket(rule, share_percent) {}

  [[nodiscard]] std::int64_t leaves_at(std::int64_t now, std::int64_t cost) override;
  [[nodiscard]] std::int64_t used(std::int64_t now) override;
  void answered(std::int64_t now, const Answer& answer) override;
  void move_clock(std::int64_t ns) override { full_at_ = std::max<std::int64_t>(0, full_at_ + ns); }
  void save(std::vector<std::int64_t>& out) const override { out.push_back(full_at_); }
  [[nodiscard]] bool load(std::span<const std::int64_t> saved, std::int64_t now) override;

 private:
  /// The time that the refill of `tokens` takes, rounded up.
  [[nodiscard]] std::int64_t refill_time(std::int64_t tokens) const noexcept;

  std::int64_t full_at_ = 0;  ///< when what was answered will have been refilled
};

}  // namespace bf::limits
