// tests/store/crash_world.h
//
// The standard run that the crash tests interrupt (create, group commits, seals, compactions, close,
// reopen, over three series), and the oracle beside it that knows each row that was ever written. Each
// recovered series must be a prefix of its commits, at least as long as what was acknowledged.
//
// BF_CRASH_SEEDS sets how many crash states are tried at each operation, and makes the nested tests try
// all pairs of operations instead of some.
#pragma once

#include <array>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/store.h"
#include "tests/support/sim_file_system.h"

namespace bf::store::crash {

using bf::test::Operation;
using bf::test::Random;
using bf::test::SimDisk;
using bf::test::SimFileSystem;

inline constexpr std::size_t kSeriesCount = 3;
inline constexpr TimeMs kAskedAt = 1'735'689'600'000;  // 2025-01-01, behind all rows

inline bool thorough() { return std::getenv("BF_CRASH_SEEDS") != nullptr; }
/// Crash states at each operation, and at each operation of what follows the first interruption.
inline std::uint64_t seeds() {
  return thorough() ? std::strtoull(std::getenv("BF_CRASH_SEEDS"), nullptr, 10) : 16;
}
inline std::uint64_t fewer_seeds() { return thorough() ? seeds() / 4 + 1 : 2; }
/// How many operations a nested test goes on by: all pairs would take minutes.
inline std::uint64_t stride(std::uint64_t usual) { return thorough() ? 1 : usual; }

/// A kind of failure that the oracle found; empty when all is well.
using Finding = std::string;

/// All that was ever handed to one series, and how much of it was acknowledged.
struct SeriesOracle {
  Series series;
  TimeMs next = 0;  ///< where the next page begins
  std::vector<AnsweredRows> commits;
  std::size_t acknowledged = 0;

  /// The next page: `rows` slots, every seventh of them absent.
  const AnsweredRows& make_commit(std::int64_t rows);

  /// Whether `rows` are those of the first commits, of at least `least` of them. `count` is how many.
  [[nodiscard]] Finding check_rows(const std::vector<CandleBatch>& rows, std::size_t least,
                                   std::size_t& count) const;
};

struct Oracle {
  std::array<SeriesOracle, kSeriesCount> series;

  Oracle();
};

/// Opens one series for writing and compares it with the oracle; `commits` is how many are there.
[[nodiscard]] Finding check_series(Store& store, const SeriesOracle& oracle, std::size_t& commits);
/// Recovers the store and compares it with the oracle.
[[nodiscard]] Finding check_store(FileSystem& files, const Oracle& oracle);
/// Drops from the oracle what the store did not keep, as a program that plans anew from the gap index.
[[nodiscard]] Finding forget_lost_commits(FileSystem& files, Oracle& oracle);

/// The run that is interrupted. It stops at the first error, as a program does that is about to end; or
/// it overcomes it, as one does that goes on: a failed append is repeated, a dead writer opened again.
class Workload {
 public:
  enum class OnError : std::uint8_t { kStop, kOvercome };

  Workload(FileSystem& files, Oracle& oracle, OnError on_error = OnError::kStop)
      : files_(files), oracle_(oracle), overcomes_(on_error == OnError::kOvercome) {}

  /// Whether all of it was done.
  bool all() {
    return open() && commit(0, 40) && append(1, 30) && append(1, 500) && sync(1) && commit(2, 10) &&
           commit(0, 50) && append(0, 7) && sync(0) && seal(0) && commit(0, 20) && seal(1) &&
           append(1, 5) && append(1, 6) && seal(1) && compact(1) && commit(1, 40) && close(0) &&
           close(1) && shut() && open() && commit(0, 9) && commit(2, 400) && seal(2) && seal(0) &&
           commit(0, 8) && compact(0) && commit(2, 3) && compact(2) && commit(2, 6) && close(2) &&
           close(0) && close(1) && shut();
  }
  /// The run of that seed: as all(), but with other steps in another order.
  bool some(std::uint64_t seed) {
    Random random(seed);
    if (!open()) return false;
    for (std::uint64_t steps = 8 + random.below(24); steps > 0; --steps) {
      if (!step(random)) return false;
    }
    return shut_all(/*closed=*/true);
  }
  /// What a later process does: one more commit to each series.
  bool more() { return open() && commit(0, 3) && commit(1, 4) && commit(2, 5) && shut(); }

  /// Called with a series and how many of its commits are acknowledged, before the run goes on.
  std::function<void(std::size_t, std::size_t)> on_acknowledged;

 private:
  bool open() {
    StoreOptions options;
    options.mode = StoreOptions::Mode::kWrite;
    auto store = Store::open(files_, clock_, options);
    if (!store && overcomes_) store = Store::open(files_, clock_, options);
    if (!store) return false;
    store_ = std::move(*store);
    for (std::size_t i = 0; i < kSeriesCount; ++i) {
      if (!open_writer(i) && !(overcomes_ && open_writer(i))) return false;
    }
    return true;
  }
  bool open_writer(std::size_t i) {
    writers_[i].reset();
    auto writer = store_->writer(oracle_.series[i].series);
    if (!writer) return false;
    writers_[i] = std::move(*writer);
    return true;
  }
  /// Recovers the series and commits again what was not acknowledged.
  bool overcome(std::size_t i) {
    SeriesOracle& series = oracle_.series[i];
    if (!overcomes_ || !open_writer(i)) return false;
    for (std::size_t at = series.acknowledged; at < series.commits.size(); ++at) {
      if (!writers_[i]->append({&series.commits[at], 1})) return false;
    }
    return writers_[i]->sync().has_value();
  }
  bool append(std::size_t i, std::int64_t rows) {
    const AnsweredRows& page = oracle_.series[i].make_commit(rows);
    if (writers_[i]->append({&page, 1})) return true;
    return overcomes_ && writers_[i]->append({&page, 1});
  }
  bool acknowledge(std::size_t i) {
    oracle_.series[i].acknowledged = oracle_.series[i].commits.size();
    if (on_acknowledged) on_acknowledged(i, oracle_.series[i].acknowledged);
    return true;
  }
  bool sync(std::size_t i) { return (writers_[i]->sync() || overcome(i)) && acknowledge(i); }
  bool commit(std::size_t i, std::int64_t rows) { return append(i, rows) && sync(i); }
  bool seal(std::size_t i) { return (writers_[i]->seal() || overcome(i)) && acknowledge(i); }
  bool compact(std::size_t i) { return (writers_[i]->compact() || overcome(i)) && acknowledge(i); }
  bool close(std::size_t i) { return writers_[i]->close() || overcome(i); }
  bool step(Random& random) {
    const auto i = static_cast<std::size_t>(random.below(kSeriesCount));
    const auto rows = static_cast<std::int64_t>(1 + random.below(random.chance(10) ? 400 : 40));
    const std::uint64_t kind = random.below(16);
    if (kind < 5) return commit(i, rows);
    if (kind < 9) return append(i, rows);  // a group, until the next sync, seal or end
    if (kind < 11) return sync(i);
    if (kind < 13) return seal(i);
    if (kind < 15) return compact(i);
    return shut_all(/*closed=*/random.chance(50)) && open();
  }
  /// Ends the process; not closed, its logs are recovered by the next one.
  bool shut_all(bool closed) {
    for (std::size_t i = 0; i < kSeriesCount; ++i) {
      if (!sync(i) || (closed && !close(i))) return false;
    }
    return shut();
  }
  bool shut() {
    for (auto& writer : writers_) writer.reset();
    store_.reset();
    return true;
  }

  FileSystem& files_;
  Oracle& oracle_;
  bool overcomes_;
  ManualClock clock_;
  std::unique_ptr<Store> store_;
  std::array<std::unique_ptr<SeriesWriter>, kSeriesCount> writers_;
};

/// What a test sees the store through; the files themselves where nothing is put between.
using Wrap = std::function<std::unique_ptr<FileSystem>(SimFileSystem&)>;

/// Recovers, goes on writing in a new process, then loses power: all that was ever acknowledged counts.
[[nodiscard]] Finding check_going_on(SimFileSystem& files, Oracle oracle, std::uint64_t crash_seeds,
                                     const Wrap& wrap = {});

}  // namespace bf::store::crash
