// tools/cli/progress.h
//
// What a person sees while a run goes on: pages, candles a second, weight used, time left. On a
// terminal one rewritten line, elsewhere a plain one every ten seconds.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engine/backfill/run.h"
#include "tools/cli/output.h"

namespace bf::cli {

/// A rate over the last few seconds, so that it follows what happens now.
class RateMeter {
 public:
  /// `total` so far, at `now_ns` (steady, rising). Calls are expected a few times a second.
  void add(std::int64_t now_ns, std::int64_t total);
  /// 0 before two instants are known.
  [[nodiscard]] double per_second() const noexcept;

 private:
  struct Sample {
    std::int64_t at_ns = 0;
    std::int64_t total = 0;
  };
  static constexpr std::size_t kSamples = 16;
  std::array<Sample, kSamples> samples_{};
  std::size_t count_ = 0;  ///< added so far; the ring holds the last kSamples
};

/// "[##--------]  25 %  260 of 1,040 pages  61.7 k/s candles  3 min 20 s left  weight 40 of 2,400", cut
/// to `columns`.
[[nodiscard]] std::string bar_line(const backfill::Progress& progress, double rate,
                                   std::size_t columns);
/// The same without the bar, for logs; never cut.
[[nodiscard]] std::string plain_line(const backfill::Progress& progress, double rate);

class ProgressDisplay {
 public:
  /// Both outlive the display.
  ProgressDisplay(Narrator& narrator, const Clock& clock, ProgressMode mode);
  void show(const backfill::Progress& progress);
  /// Removes the line from the terminal.
  void finish();

 private:
  Narrator& narrator_;
  const Clock& clock_;
  ProgressMode mode_;
  RateMeter rate_;
  std::int64_t said_ns_;
};

}  // namespace bf::cli
