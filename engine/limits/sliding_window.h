// engine/limits/sliding_window.h
//
// `capacity` in any stretch of `window`. A request arrives at the server between departure and answer,
// so it counts until `window` has passed since its answer: clocks do not matter.
#pragma once

#include <deque>

#include "engine/limits/bucket.h"

namespace bf::limits {

class SlidingWindow final : public Bucket {
 public:
  SlidingWindow(const LimitRule& rule, int share_percent) : Bucket(rule, share_percent) {}

  [[nodiscard]] std::int64_t leaves_at(std::int64_t now, std::int64_t cost) override;
  [[nodiscard]] std::int64_t used(std::int64_t now) override;
  void answered(std::int64_t now, const Answer& answer) override;
  void move_clock(std::int64_t ns) override;
  void save(std::vector<std::int64_t>& out) const override;
  [[nodiscard]] bool load(std::span<const std::int64_t> saved, std::int64_t now) override;

 private:
  /// Requests answered within a short while of each other.
  struct Batch {
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::int64_t cost = 0;
  };
  void expire(std::int64_t now);
  void add(std::int64_t now, std::int64_t cost);
  /// When `batch` no longer counts.
  [[nodiscard]] std::int64_t end_of(const Batch& batch) const noexcept;

  std::deque<Batch> batches_;  ///< oldest first
  std::int64_t answered_ = 0;  ///< the sum of their costs
};

}  // namespace bf::limits
