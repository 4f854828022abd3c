#include "engine/sim/request_limits.h"

#include <algorithm>

namespace bf::sim {
namespace {

constexpr DurationMs kGraceMs = 1'000;

}  // namespace

RequestLimits::RequestLimits(std::vector<WindowRule> rules, bool enforced) : enforced_(enforced) {
  for (const WindowRule& rule : rules) windows_.push_back({rule, {}, 0});
}

bool RequestLimits::add(Window& window, std::int64_t cost, TimeMs now) {
  while (!window.arrivals.empty() && window.arrivals.front().at <= now - window.rule.window_ms) {
    window.used -= window.arrivals.front().cost;
    window.arrivals.pop_front();
  }
  window.arrivals.push_back({now, cost});
  window.used += cost;
  return window.used <= window.rule.capacity;
}

RequestVerdict RequestLimits::charge(std::int64_t cost, TimeMs now) {
  RequestVerdict verdict;
  verdict.out_of_turn = now >= silent_from_ && now < silent_until_;
  if (now < suspended_until_) {
    verdict.refused = true;
    verdict.suspended_until = suspended_until_;
    verdict.out_of_turn |= now >= suspended_from_;
    return verdict;
  }
  for (Window& window : windows_) {
    if (add(window, cost, now) || !enforced_) continue;
    verdict.refused = true;
    if (window.rule.suspended_ms == 0) continue;
    suspended_from_ = now + kGraceMs;
    suspended_until_ = std::max(suspended_until_, now + window.rule.suspended_ms);
    verdict.suspended_until = suspended_until_;
  }
  return verdict;
}

void RequestLimits::expect_silence(TimeMs now, TimeMs until) {
  if (now >= silent_until_) silent_from_ = now + kGraceMs;
  silent_until_ = std::max(silent_until_, until);
}

}  // namespace bf::sim
