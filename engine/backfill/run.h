// engine/backfill/run.h
//
// One bulk run: gaps -> plan -> pages -> store, for many series of many markets at once.
//
//   Services gives the run its world (loop, transport, store, clock): the real one, or a simulated one
//   on a virtual clock. run_backfill() returns when every wanted slot is held, absent or has failed for
//   a reason that is in the report, or when `cancel` stops it; what was acknowledged is in the store.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/async/worker.h"
#include "engine/backfill/report.h"
#include "engine/net/http_client.h"
#include "engine/net/proxy_choice.h"
#include "engine/plan/planner.h"
#include "store/instrument_ledger.h"
#include "store/space_guard.h"
#include "store/store.h"

namespace bf::backfill {

/// A point in time that may depend on the instrument or on the exchange's clock.
struct TimeSpec {
  enum class From : std::uint8_t { kAbsolute, kNow, kListing };
  From base = From::kAbsolute;
  std::int64_t offset_ms = 0;  ///< added to the base; for kAbsolute the instant itself
};

/// A series that the store has, and from when on it is wanted at the earliest.
struct HeldSeries {
  Series series;
  TimeMs from_min = kTimeMin;
};

/// Which instruments of a market.
struct Selection {
  std::string exchange;
  std::string market;
  /// The exchange's own names, canonical symbols or globs over either; ignored with `all`.
  std::vector<std::string> symbols;
  bool all = false;                  ///< every instrument that the exchange lists
  std::vector<std::string> exclude;  ///< as `symbols`
  /// Where a symbol was named, for messages: "list.txt:3". Empty where no file named it.
  std::map<std::string, std::string> named_at;
  /// Where it is not empty, these series of the market are meant, each of its own kind and interval, and
  /// nothing above: that of a fill.
  std::vector<HeldSeries> held;
};

struct RunOptions {
  std::vector<Selection> selections;  ///< each market at most once: it has one budget
  Kind kind = Kind::kCandles;
  Interval interval = Interval::k1m;
  TimeSpec from;
  TimeSpec to{TimeSpec::From::kNow, 0};
  plan::SourceChoice source = plan::SourceChoice::kAuto;
  int max_weight_percent = 0;     ///< 0: each market's default
  std::int64_t concurrency = 64;  ///< requests in flight at once, of a market
  std::int64_t series_at_once = 16;
  std::int64_t retries_max = 6;  ///< of one page
  DurationMs grace_ms = 2'000;   ///< a candle counts as closed so long after its end
  /// What the store's disk keeps free: below it requests wait, below half of it the run ends; 0: off.
  std::uint64_t free_bytes_min = store::kFreeBytesMin;
  /// "binance" or "binance/um" -> base URL, instead of the market's own.
  std::map<std::string, std::string> base_urls;
  /// "binance" -> base URL of the archive.
  std::map<std::string, std::string> archive_urls;
  /// "blofin" ("blofin/swap", or "all" for those that are not named) -> who fills what its own source
  /// lacks, in this order: "okx", or one market of it, "okx/swap".
  std::map<std::string, std::vector<std::string>> fallbacks;
  net::ProxyChoice proxies;       ///< by source, "binance/um"
  bool allow_plain_http = false;  ///< plain http to hosts that are not loopback
  /// Where bans are kept, and what processes share of the limits; empty: nowhere, and nothing.
  std::string state_dir;
};

/// What a progress display shows; a copy, cheap to take.
struct Progress {
  std::int64_t pages_done = 0;
  std::int64_t pages_planned = 0;
  std::int64_t candles_stored = 0;
  std::int64_t series_done = 0;
  std::int64_t series_total = 0;
  std::int64_t weight_used = 0;  ///< of the present window, all sources
  std::int64_t weight_capacity = 0;
  std::int64_t limited = 0;
  double eta_seconds = -1;  ///< -1: unknown
};

/// Something that happened, for `--events json` and verbose narration.
struct Event {
  enum class Type : std::uint8_t {
    kRangeResolved,  ///< text: the range
    kPlanned,        ///< text: totals
    kSeriesDone,     ///< series; text: counts
    kRetry,          ///< series; text: the error
    kRejectedRow,    ///< series; text: row and reason
    kPaused,         ///< text: which source, until when, why
    kWarning,        ///< text
  };
  Type type = Type::kWarning;
  std::string series;  ///< "" where it is of no one series
  std::string text;
};

/// Told what happens while a run goes on, on the loop's thread.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_event(const Event& event) = 0;
  /// Called about four times a second of the loop's clock, and at the end.
  virtual void on_progress(const Progress& progress) = 0;
};
/// For whom the report says all there is to say.
class SilentObserver final : public Observer {
 public:
  void on_event(const Event& /*event*/) override {}
  void on_progress(const Progress& /*progress*/) override {}
};

/// Threads for the writers of series: while so many commit, pages wait.
inline constexpr int kSeriesThreads = 4;

/// The run's world. Everything outlives the run.
struct Services {
  async::Loop& loop;
  net::Transport& transport;
  /// One thread: for the store as a whole, its ledger and logs, and what is asked of the disk.
  async::Worker& store_worker;
  /// For the writers of open series, of which each has one job at a time: with several threads one series
  /// waits for its sync while others are encoded.
  async::Worker& series_workers;
  /// The store's directory, an open store (kWrite for a run) and its ledger. All three are null for a
  /// plan where there is no store yet.
  FileSystem* files = nullptr;
  store::Store* store = nullptr;
  store::InstrumentLedger* ledger = nullptr;
  Observer& observer;
};

/// Errors: none of its own: what fails is in the report.
[[nodiscard]] async::Task<RunReport> run_backfill(Services& services, RunOptions options,
                                                  async::CancelToken cancel);

/// What run_backfill would ask for, without a request for candles (instrument lists are asked for).
[[nodiscard]] async::Task<RunReport> plan_backfill(Services& services, RunOptions options,
                                                   async::CancelToken cancel);

/// Asks each selected market's exchange for its list of instruments, and its archive where that can be
/// listed, and records both in the ledger. Needs files, store and ledger; kind, interval and range are
/// ignored. The report has failures, requests and no series.
[[nodiscard]] async::Task<RunReport> refresh_instruments(Services& services, RunOptions options,
                                                         async::CancelToken cancel);

}  // namespace bf::backfill
