#include "engine/sim/truth.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace bf::sim {
namespace {

// Written out here rather than taken from store/base: a misspelling there must not be shared by the
// exchange that is to find it.
constexpr std::pair<std::string_view, Interval> kIntervals[] = {
    {"1s", Interval::k1s},   {"1m", Interval::k1m},   {"3m", Interval::k3m},
    {"5m", Interval::k5m},   {"15m", Interval::k15m}, {"30m", Interval::k30m},
    {"1h", Interval::k1h},   {"2h", Interval::k2h},   {"4h", Interval::k4h},
    {"6h", Interval::k6h},   {"8h", Interval::k8h},   {"12h", Interval::k12h},
    {"1d", Interval::k1d},   {"3d", Interval::k3d},   {"1w", Interval::k1w},
    {"1mo", Interval::k1mo},
};

}  // namespace

const SimInstrument* find_instrument(const Truth& truth, Market market,
                                     std::string_view symbol) noexcept {
  const std::span<const SimInstrument> all = truth.instruments(market);
  const auto found = std::lower_bound(
      all.begin(), all.end(), symbol,
      [](const SimInstrument& a, std::string_view wanted) { return a.symbol < wanted; });
  return found != all.end() && found->symbol == symbol ? &*found : nullptr;
}

bool parse_archive_interval(std::string_view text, Interval& out) noexcept {
  const auto* const found =
      std::find_if(std::begin(kIntervals), std::end(kIntervals),
                   [text](const auto& interval) { return interval.first == text; });
  if (found == std::end(kIntervals)) return false;
  out = found->second;
  return true;
}

bool parse_rest_interval(std::string_view text, Interval& out) noexcept {
  if (text == "1mo") return false;
  return parse_archive_interval(text == "1M" ? "1mo" : text, out);
}

}  // namespace bf::sim
