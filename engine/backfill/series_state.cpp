#include "engine/backfill/series_state.h"

namespace bf::backfill {
namespace {

/// When so many pages have failed for good, one behind the other, REST is not asked for the rest of the
/// series: each would cost its tries, and a place that other series could use.
constexpr int kPagesFailedMax = 8;

/// Whether REST will not give more of the series, whatever it is asked. An archive may.
bool ends_rest(Code code) {
  return code == Code::kBanned || code == Code::kBlocked || code == Code::kUnknownName;
}

}  // namespace

bool ends_run(Code code) noexcept { return code == Code::kCancelled || code == Code::kNoSpace; }

bool ends_series(Code code) noexcept {
  return code == Code::kIo || code == Code::kSyncFailed || code == Code::kCorrupt || ends_run(code);
}

void SeriesState::page_failed(const Error& error, TimeRange window) {
  given_up.add(window);
  add_failure(report.failures, error);
  ++pages_failed;
  if (ends_rest(error.code()) || pages_failed == kPagesFailedMax) rest_ended = error;
}

}  // namespace bf::backfill
