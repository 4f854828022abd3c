// engine/backfill/report.h
//
// What a run says of itself: for every series what is held, absent and missing, from where, and why
// what failed failed. The exit code is computed from it, so both always say the same.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/plan/planner.h"
#include "store/base/result.h"
#include "store/base/series.h"
#include "store/gap_index.h"

namespace bf::backfill {

/// A failure that a reader of the report should know; equal ones are counted.
struct Failure {
  Code code = Code::kInternal;
  std::string message;
  std::int64_t count = 1;
  TimeMs retry_at = 0;  ///< when it is worth trying again; 0: unsaid
};

/// Rows by where they came from.
struct SourceRows {
  std::string source;  ///< "binance rest", "binance archive-monthly"
  std::int64_t rows = 0;
};

/// Adds `error` to `failures`; one that is there already is counted.
void add_failure(std::vector<Failure>& failures, const Error& error);

struct SeriesReport {
  Series series;
  TimeRange asked;              ///< what the user asked for
  TimeRange wanted;             ///< cut to [listed, delisted), to what is served and to now
  std::int64_t not_listed = 0;  ///< asked slots outside [listed, delisted)
  std::int64_t not_served = 0;  ///< asked slots older than what the exchange still serves
  store::SlotCounts slots;  ///< of `wanted`, at the end; of events: held ones, else milliseconds
  std::int64_t rows_stored = 0;  ///< in this run
  std::int64_t rows_rejected = 0;
  std::int64_t conflicts = 0;              ///< rows that differ from what was held
  std::vector<SourceRows> rows_by_source;  ///< of this run
  std::vector<Failure> failures;
};

struct RunReport {
  std::vector<SeriesReport> series;
  std::vector<plan::SourceTotals> planned;
  std::vector<Failure> failures;  ///< of no one series: a source, the store, the configuration
  bool cancelled = false;         ///< stopped by a signal
  int signal = 0;                 ///< which one
  double wall_seconds = 0;
  std::int64_t requests = 0;
  std::int64_t candles_stored = 0;
  std::int64_t bytes_in = 0;
  std::int64_t limited = 0;  ///< 429s
  std::int64_t bans = 0;
};

/// What the run stored of all series, by where it came from; in the order in which the series name them.
[[nodiscard]] std::vector<SourceRows> rows_by_source(const RunReport& report);

/// The documented exit codes (docs/exit-codes are in README.md, "Exit codes").
enum class Exit : int {
  kComplete = 0,
  kInternal = 1,
  kUsage = 2,
  kMissing = 3,
  kQuality = 4,
  kTemporary = 5,
  kStorage = 6,
  kInterrupted = 130,
  kTerminated = 143,
};

/// Where several hold, the first of 1, 6, 130/143, 2, 5, 4, 3 is returned; `reasons` lists them all.
/// With `strict`, provisional absences count as missing.
[[nodiscard]] Exit exit_code(const RunReport& report, bool strict,
                             std::vector<std::pair<Exit, std::string>>* reasons = nullptr);
/// The exit code that an error alone stands for.
[[nodiscard]] Exit exit_of(Code code) noexcept;

}  // namespace bf::backfill
