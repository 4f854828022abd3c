#include "engine/backfill/report.h"

#include <algorithm>
#include <array>

namespace bf::backfill {
namespace {

/// The order in which one code is chosen where several hold.
constexpr std::array<Exit, 8> kPrecedence = {Exit::kInternal,   Exit::kStorage, Exit::kInterrupted,
                                             Exit::kTerminated, Exit::kUsage,   Exit::kTemporary,
                                             Exit::kQuality,    Exit::kMissing};
constexpr int kSigTerm = 15;
/// Messages that a list keeps apart; beyond it only the codes are counted.
constexpr std::size_t kFailuresMax = 20;

using Reasons = std::vector<std::pair<Exit, std::string>>;

void add_failures(const std::vector<Failure>& failures, Reasons& reasons) {
  for (const Failure& failure : failures) {
    const Exit exit = exit_of(failure.code);
    if (exit != Exit::kComplete) reasons.emplace_back(exit, failure.message);
  }
}

void add_failures(const SeriesReport& series, Reasons& reasons) {
  const std::int64_t known = series.slots.wanted() - series.slots.missing;
  for (const Failure& failure : series.failures) {
    const Exit exit = exit_of(failure.code);
    // A page that failed for good shows as missing slots, which count by themselves. Where not even what
    // is wanted could be found out, there are none to show; a symbol without a candle yet wants none.
    const bool unknown = series.slots.wanted() == 0 && failure.code != Code::kNotFound;
    if (exit == Exit::kComplete || (exit == Exit::kMissing && !unknown)) continue;
    // What another source gave instead, there is no need to come back for.
    if (exit == Exit::kTemporary && known > 0 && series.slots.missing == 0) continue;
    reasons.emplace_back(exit, series.series.name() + ": " + failure.message);
  }
}

/// "12 slots"; of events, whose slots are milliseconds, how much time that is.
std::string amount(const Series& series, std::int64_t slots) {
  if (!series.is_events()) return std::to_string(slots) + " slots are";
  return std::to_string((slots + kSecondMs - 1) / kSecondMs) + " seconds are";
}

void add_slots(const SeriesReport& series, bool strict, Reasons& reasons) {
  const std::string name = series.series.name();
  if (series.slots.missing > 0) {
    reasons.emplace_back(Exit::kMissing,
                         name + ": " + amount(series.series, series.slots.missing) + " missing");
  }
  if (strict && series.slots.absent_provisional > 0) {
    reasons.emplace_back(Exit::kMissing,
                         name + ": " + amount(series.series, series.slots.absent_provisional) +
                             " absent provisionally (--strict)");
  }
}

}  // namespace

std::vector<SourceRows> rows_by_source(const RunReport& report) {
  std::vector<SourceRows> all;
  for (const SeriesReport& series : report.series) {
    for (const SourceRows& part : series.rows_by_source) {
      const auto known = std::find_if(all.begin(), all.end(), [&part](const SourceRows& source) {
        return source.source == part.source;
      });
      if (known == all.end()) {
        all.push_back(part);
      } else {
        known->rows += part.rows;
      }
    }
  }
  return all;
}

void add_failure(std::vector<Failure>& failures, const Error& error) {
  for (Failure& known : failures) {
    if (known.code != error.code()) continue;
    if (known.message != error.message() && failures.size() < kFailuresMax) continue;
    ++known.count;
    return;
  }
  failures.push_back(Failure{error.code(), error.message(), 1, error.retry_at_ms()});
}

Exit exit_of(Code code) noexcept {
  switch (code) {
    case Code::kInternal:
    case Code::kNoMemory:
      return Exit::kInternal;
    case Code::kUsage:
    case Code::kUnknownName:
      return Exit::kUsage;
    case Code::kIo:
    case Code::kNoSpace:
    case Code::kSyncFailed:
    case Code::kLocked:
    case Code::kFormat:
    case Code::kCorrupt:
      return Exit::kStorage;
    case Code::kNetwork:
    case Code::kTimeout:
    case Code::kTls:
    case Code::kLimited:
    case Code::kBanned:
    case Code::kBlocked:
    case Code::kUnavailable:
      return Exit::kTemporary;
    case Code::kDataQuality:
      return Exit::kQuality;
    case Code::kNotFound:
    case Code::kLimit:
    case Code::kProtocol:
    case Code::kRejected:
      return Exit::kMissing;
    case Code::kCancelled:
      return Exit::kComplete;
  }
  return Exit::kInternal;
}

Exit exit_code(const RunReport& report, bool strict, Reasons* reasons) {
  Reasons all;
  add_failures(report.failures, all);
  for (const SeriesReport& series : report.series) {
    add_failures(series, all);
    add_slots(series, strict, all);
  }
  if (report.cancelled) {
    all.emplace_back(report.signal == kSigTerm ? Exit::kTerminated : Exit::kInterrupted,
                     "stopped by a signal");
  }
  Exit result = Exit::kComplete;
  for (const Exit exit : kPrecedence) {
    const bool holds = std::any_of(all.begin(), all.end(),
                                   [exit](const auto& reason) { return reason.first == exit; });
    if (!holds) continue;
    result = exit;
    break;
  }
  if (reasons != nullptr) *reasons = std::move(all);
  return result;
}

}  // namespace bf::backfill
