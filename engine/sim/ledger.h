// engine/sim/ledger.h
//
// What was asked of a simulated exchange and what it answered: every request, for the assertions of
// tests ("none in a ban window", "no candle served twice") and for people who look at a run.
#pragma once

#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "engine/sim/rest_call.h"
#include "store/base/range_set.h"
#include "store/base/result.h"

namespace bf::sim {

struct LedgerEntry {
  TimeMs at = 0;             ///< the exchange's clock
  std::uint64_t number = 0;  ///< counts from 1
  std::uint64_t connection = 0;
  Endpoint endpoint = Endpoint::kUnknown;
  Market market = Market::kUm;
  std::string symbol;  ///< of klines; of the archive: the path
  Interval interval = Interval::k1m;
  TimeMs start = -1;  ///< as asked; -1: not given
  TimeMs end = -1;
  std::uint32_t limit = 0;
  RowsInfo rows;            ///< of klines and funding, as the exchange meant to answer
  std::int64_t weight = 0;  ///< 0: not counted (archive)
  int status = 200;
  std::uint64_t bytes = 0;      ///< of the body, before it is compressed
  std::uint64_t hash = 0;       ///< of those bytes
  bool safe = true;             ///< a GET (or HEAD), which changes nothing
  DurationMs stay_away_ms = 0;  ///< what its Retry-After said, of a 429 or 418; 0: nothing
  bool refused = false;         ///< by the limits, whatever the status
  bool out_of_turn = false;     ///< sent into a pause or a ban that the client had been told of
  std::string faults;           ///< names of those that hit it, joined by '+'
};

/// One line of JSON, without a line end.
[[nodiscard]] std::string ledger_line(const LedgerEntry& entry);

struct LedgerCounters {
  std::uint64_t requests = 0;
  std::uint64_t klines = 0;      ///< good answers of klines without a fault
  std::uint64_t funding = 0;     ///< the same of funding
  std::uint64_t rows = 0;        ///< in those
  std::uint64_t rows_again = 0;  ///< slots that an earlier one of those had served already
  std::uint64_t limited = 0;     ///< 429, or refused with a status below 400
  std::uint64_t banned = 0;      ///< 418
  std::uint64_t out_of_turn = 0;
  std::uint64_t failed = 0;         ///< other answers from 400 on
  std::uint64_t faults = 0;         ///< requests that a fault hit
  std::uint64_t archive_files = 0;  ///< zips given
  std::int64_t weight = 0;          ///< of all markets
};

/// Threads: one.
class Ledger {
 public:
  /// Whether entries are kept in memory (about 200 bytes each); counters always are.
  explicit Ledger(bool keep_entries) : keep_entries_(keep_entries) {}

  /// Writes each entry from now on as a line to `path`, which is replaced; each line is written out at
  /// once, so that it can be read while the exchange runs. Errors: kIo.
  [[nodiscard]] Result<void> write_to(const std::string& path);
  /// Called with each entry.
  void set_listener(std::function<void(const LedgerEntry&)> listener) {
    listener_ = std::move(listener);
  }

  void record(LedgerEntry entry);

  [[nodiscard]] std::span<const LedgerEntry> entries() const noexcept { return entries_; }
  [[nodiscard]] const LedgerCounters& counters() const noexcept { return counters_; }

 private:
  using SeriesKey = std::tuple<Market, std::string, Interval>;
  void count(const LedgerEntry& entry);
  void count_rows(const LedgerEntry& entry);

  bool keep_entries_;
  std::vector<LedgerEntry> entries_;
  LedgerCounters counters_;
  std::map<SeriesKey, RangeSet> served_;
  std::function<void(const LedgerEntry&)> listener_;
  std::ofstream file_;
};

}  // namespace bf::sim
