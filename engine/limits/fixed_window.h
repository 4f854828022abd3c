// engine/limits/fixed_window.h
//
// `capacity` in each window [k * window, (k + 1) * window) of the exchange's clock, counted as requests
// arrive there, by everybody behind our address. Where the server reports its count, that is the truth
// and ours a guess; but a report is old when it comes, and belongs to the window in which it was made.
//
// What holds at any instant: whatever the latencies, the requests of ours that the server can have
// counted in one of its windows never exceed allowed().
//   - A request counts from its departure to its answer, on both sides of a turn.
//   - Answered after the turn it counts in the new window, unless the Date of its answer shows that it
//     had arrived in the old one.
//   - Nothing leaves before the exchange has surely turned (set_uncertainty), and what is answered
//     so late that the exchange may have turned already counts in the next window as well.
#pragma once

#include "engine/limits/bucket.h"

namespace bf::limits {

class FixedWindow final : public Bucket {
 public:
  FixedWindow(const LimitRule& rule, int share_percent, std::int64_t now)
      : Bucket(rule, share_percent),
        has_header_(!rule.usage_header.empty()),
        reports_(has_header_),
        index_(now / window_) {}

  [[nodiscard]] std::int64_t leaves_at(std::int64_t now, std::int64_t cost) override;
  [[nodiscard]] std::int64_t used(std::int64_t now) override;
  void answered(std::int64_t now, const Answer& answer) override;
  void set_uncertainty(std::int64_t ns) override { guard_ = ns; }
  void forget_reports() override;
  void save(std::vector<std::int64_t>& out) const override;
  [[nodiscard]] bool load(std::span<const std::int64_t> saved, std::int64_t now) override;

 private:
  /// Begins the window that holds `now`, if it has not begun.
  void turn(std::int64_t now) noexcept;
  [[nodiscard]] bool fits(std::int64_t cost) const noexcept;
  /// Whether so much may be in flight while the server's count of this window is unknown.
  [[nodiscard]] bool fits_blindly(std::int64_t cost) const noexcept;
  /// The window in which the server made the answer, or -1 when its Date does not tell.
  [[nodiscard]] std::int64_t window_of_date(std::int64_t now, const Answer& answer) const noexcept;
  void count_unreported(std::int64_t now, std::int64_t cost) noexcept;
  [[nodiscard]] std::int64_t answered_use() const noexcept {
    return std::max(own_, reported_ + unreported_);
  }

  bool has_header_;  ///< the rule names one
  bool reports_;     ///< and answers carry it
  bool ever_reported_ = false;
  bool reported_here_ = false;      ///< in this window
  std::int64_t index_;              ///< of this window
  std::int64_t own_ = 0;            ///< our answered requests that may count in this window
  std::int64_t carried_ = 0;        ///< those of them that may count in the next one instead
  std::int64_t reported_ = 0;       ///< the server's count of this window, the highest so far
  std::int64_t reported_at_ = 0;    ///< when that was heard
  std::int64_t unreported_ = 0;     ///< our answered requests that reported_ may lack
  std::int64_t unreported_at_ = 0;  ///< when the last of them came back
  std::int64_t guard_ = 100 * kNsPerMs;
};

}  // namespace bf::limits
