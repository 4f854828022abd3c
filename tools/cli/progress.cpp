#include "tools/cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/cli/text.h"

namespace bf::cli {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr std::size_t kBarCells = 10;

double share_done(const backfill::Progress& progress) {
  if (progress.pages_planned <= 0) return 0;
  const double share =
      static_cast<double>(progress.pages_done) / static_cast<double>(progress.pages_planned);
  return std::clamp(share, 0.0, 1.0);
}

std::string facts(const backfill::Progress& progress, double rate) {
  std::string text = fmt::format(
      "{} of {} pages  {} candles", format_count(progress.pages_done),
      format_count(std::max(progress.pages_done, progress.pages_planned)), format_rate(rate));
  if (progress.eta_seconds >= 0) {
    text += fmt::format("  {} left", format_seconds(progress.eta_seconds));
  }
  if (progress.weight_capacity > 0) {
    text += fmt::format("  weight {} of {}", format_count(progress.weight_used),
                        format_count(progress.weight_capacity));
  }
  if (progress.limited > 0) text += fmt::format("  {} x 429", progress.limited);
  return text;
}

}  // namespace

void RateMeter::add(std::int64_t now_ns, std::int64_t total) {
  samples_[count_ % kSamples] = Sample{now_ns, total};
  ++count_;
}

double RateMeter::per_second() const noexcept {
  if (count_ < 2) return 0;
  const Sample& last = samples_[(count_ - 1) % kSamples];
  const Sample& first = samples_[count_ <= kSamples ? 0 : count_ % kSamples];
  const auto elapsed = static_cast<double>(last.at_ns - first.at_ns) / kNsPerSecond;
  return elapsed > 0 ? static_cast<double>(last.total - first.total) / elapsed : 0;
}

std::string bar_line(const backfill::Progress& progress, double rate, std::size_t columns) {
  const double share = share_done(progress);
  const auto filled = static_cast<std::size_t>(share * kBarCells);
  std::string line =
      fmt::format("[{:#>{}}{:->{}}] {:3.0f} %  {}", "", filled, "", kBarCells - filled,
                  std::floor(share * 100), facts(progress, rate));
  // One column stays free: a full line would wrap, and a wrapped one cannot be rewritten.
  if (line.size() >= columns) line.resize(columns > 0 ? columns - 1 : 0);
  return line;
}

std::string plain_line(const backfill::Progress& progress, double rate) {
  return fmt::format("{} of {} series  {}", format_count(progress.series_done),
                     format_count(progress.series_total), facts(progress, rate));
}

ProgressDisplay::ProgressDisplay(Narrator& narrator, const Clock& clock, ProgressMode mode)
    : narrator_(narrator), clock_(clock), mode_(mode), said_ns_(clock.steady_ns()) {}

void ProgressDisplay::show(const backfill::Progress& progress) {
  const std::int64_t now_ns = clock_.steady_ns();
  rate_.add(now_ns, progress.candles_stored);
  if (mode_ == ProgressMode::kBar && !narrator_.quiet()) {
    narrator_.status(bar_line(progress, rate_.per_second(), terminal_columns()));
  }
  const bool due =
      now_ns - said_ns_ >= kPlainEverySeconds * static_cast<std::int64_t>(kNsPerSecond);
  if (mode_ == ProgressMode::kPlain && due) {
    said_ns_ = now_ns;
    narrator_.note(plain_line(progress, rate_.per_second()));
  }
}

void ProgressDisplay::finish() { narrator_.status(""); }

}  // namespace bf::cli
