// engine/limits/bucket.h
//
// One rule as it is kept: how much of it is used, and when the next request may leave. What a request
// costs is held in full from its departure to its answer, because the server may count it at any
// instant between; what an answered one still costs is what the shapes differ in.
//
// Instants are nanoseconds since 1970 on the exchange's clock, as we estimate it. What a bucket knows can
// be saved and loaded as a few numbers, so that processes can hand it to each other (budget.h).
// Threads: one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "engine/limits/limit_rule.h"
#include "store/base/assert.h"
#include "store/base/time.h"

namespace bf::limits {

inline constexpr std::int64_t kNsPerMs = 1'000'000;
/// No passing of time lets the request leave: an answer may.
inline constexpr std::int64_t kOnlyAnAnswer = std::numeric_limits<std::int64_t>::max();

/// No count and no instant of ours lies beyond these; what does was written by nobody.
inline constexpr std::int64_t kCountMax = 1'000'000'000'000'000;
inline constexpr std::int64_t kInstantMax = kTimeMax * kNsPerMs;

/// A request that came back.
struct Answer {
  std::int64_t cost = 0;
  std::int64_t sent_at = 0;
  bool heard = false;             ///< false: it failed, and nobody knows whether it was counted
  std::int64_t reported = -1;     ///< the server's own count of this rule; -1: unsaid
  std::int64_t server_time = -1;  ///< from its Date header, whole seconds; -1: unsaid
};

class Bucket {
 public:
  Bucket(const LimitRule& rule, int share_percent)
      : window_(rule.window_ms * kNsPerMs), share_percent_(share_percent) {
    BF_ASSERT(window_ > 0);
    set_capacity(rule.capacity);
  }
  Bucket(const Bucket&) = delete;
  Bucket& operator=(const Bucket&) = delete;
  virtual ~Bucket() = default;

  /// `now` when a request of `cost` <= allowed() may leave at once; else the instant at which to ask
  /// again, unless an answer comes first, or kOnlyAnAnswer.
  [[nodiscard]] virtual std::int64_t leaves_at(std::int64_t now, std::int64_t cost) = 0;
  /// What is used at `now`, what is in flight included.
  [[nodiscard]] virtual std::int64_t used(std::int64_t now) = 0;
  virtual void answered(std::int64_t now, const Answer& answer) = 0;
  /// The estimate of the exchange's clock went ahead by `ns` (back: below 0), while no time passed.
  virtual void move_clock(std::int64_t /*ns*/) {}
  /// How far the exchange's clock may be from what we take it for.
  virtual void set_uncertainty(std::int64_t /*ns*/) {}
  /// Nobody has looked at the server's count for a while: others may have used what we do not know of.
  virtual void forget_reports() {}

  /// Appends all that is known of answered requests.
  virtual void save(std::vector<std::int64_t>& out) const = 0;
  /// Takes over what save() gave, wherever it was saved; false, and nothing, where it did not. No content
  /// makes a later call overflow, or a request wait much longer than a full bucket would.
  [[nodiscard]] virtual bool load(std::span<const std::int64_t> saved, std::int64_t now) = 0;

  void leave(std::int64_t cost) noexcept { in_flight_ += cost; }
  /// The request never left.
  void take_back(std::int64_t cost) noexcept { in_flight_ -= cost; }
  void set_in_flight(std::int64_t cost) noexcept { in_flight_ = cost; }

  /// The share of the capacity that we may use ourselves.
  [[nodiscard]] std::int64_t allowed() const noexcept { return allowed_; }
  void set_capacity(std::int64_t capacity) noexcept {
    capacity_ = std::max<std::int64_t>(1, capacity);
    allowed_ = std::max<std::int64_t>(
        1, capacity_ / 100 * share_percent_ + capacity_ % 100 * share_percent_ / 100);
  }

 protected:
  std::int64_t window_;  ///< ns
  std::int64_t capacity_ = 1;
  std::int64_t allowed_ = 1;
  std::int64_t in_flight_ = 0;

 private:
  std::int64_t share_percent_;
};

/// The bucket for `rule`, as it stands at `now`.
[[nodiscard]] std::unique_ptr<Bucket> make_bucket(const LimitRule& rule, int share_percent,
                                                  std::int64_t now);

}  // namespace bf::limits
