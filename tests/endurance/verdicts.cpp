#include "tests/endurance/verdicts.h"

#include <algorithm>

namespace bf::test {
namespace {

/// What left before the client could know.
constexpr DurationMs kGraceMs = 1'000;

/// Whether a request came in a part of a pause that was told: from `begin` to `end` tenths of it.
bool came_in(const Evidence& evidence, int told_by, int begin, int end) {
  for (const sim::LedgerEntry& told : evidence.requests) {
    if (told.status != told_by || told.stay_away_ms == 0) continue;
    const TimeMs from = std::max(told.at + kGraceMs, told.at + told.stay_away_ms * begin / 10);
    const TimeMs to = told.at + told.stay_away_ms * end / 10;
    for (const sim::LedgerEntry& entry : evidence.requests) {
      if (entry.at >= from && entry.at < to) return true;
    }
  }
  return false;
}

bool ignores_retry_after(const Evidence& evidence) { return came_in(evidence, 429, 0, 5); }
bool sleeps_less_than_told(const Evidence& evidence) { return came_in(evidence, 429, 5, 10); }
bool sends_in_a_ban(const Evidence& evidence) { return came_in(evidence, 418, 0, 10); }

bool changes_things(const Evidence& evidence) {
  return std::any_of(evidence.requests.begin(), evidence.requests.end(),
                     [](const sim::LedgerEntry& entry) { return !entry.safe; });
}

bool keeps_the_open_candle(const Evidence& evidence) {
  return !evidence.held.intersect({evidence.closed_until, kTimeMax}).empty();
}

/// Slots that it takes for empty though they are not.
RangeSet falsely_absent(const Evidence& evidence) {
  RangeSet absent = evidence.exists;
  RangeSet answered;
  for (const TimeRange& range : evidence.covered.ranges()) {
    const RangeSet part = absent.intersect(range);
    for (const TimeRange& slots : part.ranges()) answered.add(slots);
  }
  answered.subtract(evidence.held);
  return answered;
}

/// Whether an answer left slots falsely absent: all that it was asked for, or a part of it.
bool took_for_empty(const Evidence& evidence, bool all) {
  const RangeSet absent = falsely_absent(evidence);
  for (const sim::LedgerEntry& entry : evidence.requests) {
    if (entry.endpoint != sim::Endpoint::kKlines || entry.rows.rows == 0) continue;
    const TimeRange served = {entry.rows.first_open,
                              next_slot(entry.interval, entry.rows.last_open)};
    const bool none_held = evidence.held.intersect(served).empty();
    if (!absent.intersect(served).empty() && none_held == all) return true;
  }
  return false;
}
bool trusts_200(const Evidence& evidence) { return took_for_empty(evidence, /*all=*/true); }
bool applies_half_a_page(const Evidence& evidence) {
  return took_for_empty(evidence, /*all=*/false);
}

bool asks_again(const Evidence& evidence) {
  RangeSet served;
  for (const sim::LedgerEntry& entry : evidence.requests) {
    const bool good = entry.status == 200 && entry.faults.empty();
    // One row alone is a question: when was it listed, what comes behind a hole.
    if (entry.endpoint != sim::Endpoint::kKlines || !good || entry.rows.rows <= 1) continue;
    const TimeRange range = {entry.rows.first_open,
                             next_slot(entry.interval, entry.rows.last_open)};
    if (!served.intersect(range).empty()) return true;
    served.add(range);
  }
  return false;
}

bool ignores_the_weight_limit(const Evidence& evidence) {
  return std::any_of(evidence.requests.begin(), evidence.requests.end(),
                     [](const sim::LedgerEntry& entry) { return entry.refused; });
}

bool sends_after_cancel(const Evidence& evidence) {
  return std::any_of(
      evidence.requests.begin(), evidence.requests.end(), [&](const sim::LedgerEntry& entry) {
        return evidence.cancelled_at != kTimeMax && entry.at > evidence.cancelled_at + kGraceMs;
      });
}

constexpr Verdict kVerdicts[] = {
    {"ignores Retry-After", ignores_retry_after},
    {"sleeps less than told", sleeps_less_than_told},
    {"sends in a ban", sends_in_a_ban},
    {"sends what is no GET", changes_things},
    {"keeps the open candle", keeps_the_open_candle},
    {"trusts 200", trusts_200},
    {"applies half a page", applies_half_a_page},
    {"asks again for what it holds", asks_again},
    {"ignores the weight limit", ignores_the_weight_limit},
    {"sends after cancel", sends_after_cancel},
};

}  // namespace

std::span<const Verdict> verdicts() noexcept { return kVerdicts; }

}  // namespace bf::test
