// tests/backfill/sim_world.h
//
// A whole world for a run on the virtual clock: a simulated exchange behind the simulated transport, a
// store on a simulated disk. Each run() is a process of its own: it opens the store, runs, and closes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/async/virtual_loop.h"
#include "engine/async/worker.h"
#include "engine/backfill/run.h"
#include "engine/sim/sim_exchange.h"
#include "tests/support/sim_file_system.h"

namespace bf::test {

/// Begins a month, a Monday and a minute.
inline constexpr TimeMs kWorldBegin = 1'719'792'000'000;  // 2024-07-01

/// Remembers what it is told.
class RecordingObserver final : public backfill::Observer {
 public:
  void on_event(const backfill::Event& event) override {
    events.push_back(event);
    if (heard) heard(event);
  }
  void on_progress(const backfill::Progress& progress) override {
    last = progress;
    if (progressed) progressed(progress);
  }
  [[nodiscard]] std::size_t count(backfill::Event::Type type) const;

  std::vector<backfill::Event> events;
  backfill::Progress last;
  std::function<void(const backfill::Event&)> heard;
  std::function<void(const backfill::Progress&)> progressed;
};

struct WorldOptions {
  TimeMs start = kWorldBegin;
  std::int64_t latency_ns = 20'000'000;  ///< one way
  sim::SimOptions exchange;
};

class SimWorld {
 public:
  static constexpr std::int64_t kNever = -1;

  /// `truth` outlives the world.
  explicit SimWorld(const sim::Truth& truth, WorldOptions options = {});

  /// Options of a run against this world: `symbols` of `market` ("okx/swap", or "um" for one of
  /// Binance), [from, to).
  [[nodiscard]] backfill::RunOptions options(const std::string& market,
                                             std::vector<std::string> symbols,
                                             TimeRange range) const;
  /// Runs, and cancels after `cancel_after_ns` of virtual time.
  backfill::RunReport run(const backfill::RunOptions& options,
                          std::int64_t cancel_after_ns = kNever);
  backfill::RunReport plan(const backfill::RunOptions& options);
  /// Cancels each run from here on in the given turn of its loop, counted from 1; 0: none.
  void cancel_at_turn(std::uint64_t turn) noexcept { cancel_turn_ = turn; }
  /// Turns that the last run took.
  [[nodiscard]] std::uint64_t turns() const noexcept { return turns_; }
  /// Lets time pass with nothing going on.
  void sleep(DurationMs time);

  /// What the exchange does wrong from now on, one rule a line (engine/sim/faults.h); "" is nothing.
  void set_faults(const std::string& lines);
  [[nodiscard]] TimeMs now() const { return loop_.clock().wall_ms(); }
  [[nodiscard]] std::int64_t now_ns() const { return loop_.now_ns(); }

  [[nodiscard]] Series series(const std::string& market, const std::string& symbol,
                              Interval interval = Interval::k1m) const;
  [[nodiscard]] Series funding(const std::string& market, const std::string& symbol) const;
  /// What the store has, and what the truth has, of open times in `range`.
  [[nodiscard]] CandleBatch stored_rows(const Series& series, TimeRange range);
  [[nodiscard]] CandleBatch true_rows(const Series& series, TimeRange range) const;
  /// What the store has, and what the truth has, of events in `range`: a line each, with the columns that
  /// it has.
  [[nodiscard]] std::vector<std::string> stored_events(const Series& series, TimeRange range);
  [[nodiscard]] std::vector<std::string> true_events(const Series& series, TimeRange range) const;
  /// "" when the store has exactly the truth's rows (candles or events); else the first difference.
  [[nodiscard]] std::string difference(const Series& series, TimeRange range);
  /// As difference(), against the truth's rows of another series.
  [[nodiscard]] std::string difference(const Series& series, const Series& of, TimeRange range);
  /// As difference(), of rows that the store has: the first one that is not the truth's; "" for none.
  [[nodiscard]] std::string wrong_row(const Series& series, TimeRange range);
  /// The answers that rows in `range` came from.
  [[nodiscard]] std::vector<store::Answer> provenance(const Series& series, TimeRange range);
  [[nodiscard]] std::vector<store::Conflict> conflicts(const Series& series);
  /// A whole file of the store.
  [[nodiscard]] std::string file_text(const std::string& path);
  [[nodiscard]] store::GapIndex gaps(const Series& series);
  /// Runs the store's own check of the series.
  [[nodiscard]] Result<void> verify(const Series& series);

  [[nodiscard]] sim::SimExchange& exchange() noexcept { return exchange_; }
  [[nodiscard]] const sim::Ledger& ledger() const noexcept { return exchange_.ledger(); }
  /// Requests of `endpoint` so far.
  [[nodiscard]] std::size_t requests(sim::Endpoint endpoint) const;
  [[nodiscard]] SimFileSystem& files() noexcept { return files_; }
  [[nodiscard]] RecordingObserver& observer() noexcept { return observer_; }
  [[nodiscard]] async::VirtualLoop& loop() noexcept { return loop_; }

  /// Puts the store on another file system, which outlives the world.
  void set_disk(FileSystem& disk) noexcept { disk_ = &disk; }
  /// Replaces the store's workers, for runs with a slow disk. They outlive the runs.
  void set_workers(async::Worker* store, async::Worker* series) noexcept {
    store_worker_ = store;
    series_workers_ = series;
  }

 private:
  backfill::RunReport run_with(const backfill::RunOptions& options, std::int64_t cancel_after_ns,
                               bool plan_only);
  [[nodiscard]] std::unique_ptr<store::SeriesSnapshot> read(const Series& series);
  [[nodiscard]] std::string events_difference(const Series& series, TimeRange range);
  [[nodiscard]] std::string wrong_event(const Series& series, TimeRange range);

  const sim::Truth& truth_;
  WorldOptions options_;
  async::VirtualLoop loop_;
  sim::SimExchange exchange_;
  SimFileSystem files_;
  FileSystem* disk_ = &files_;
  async::InlineWorker inline_worker_;
  async::Worker* store_worker_ = &inline_worker_;
  async::Worker* series_workers_ = &inline_worker_;
  std::uint64_t cancel_turn_ = 0;
  std::uint64_t turns_ = 0;
  RecordingObserver observer_;
};

/// The report of one series; the test fails where there is none.
[[nodiscard]] const backfill::SeriesReport& report_of(const backfill::RunReport& report,
                                                      const Series& series);
/// All failures of a report, one a line: for messages of failed tests.
[[nodiscard]] std::string failures_of(const backfill::RunReport& report);

}  // namespace bf::test
