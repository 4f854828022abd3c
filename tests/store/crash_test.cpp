// tests/store/crash_test.cpp
//
// Goal: what was acknowledged is there after any power loss, kill or I/O error, and nothing else is.
// Method: one run over three series (create, group commits, seals, close, reopen) on a simulated disk,
// interrupted at every operation; an oracle beside the store knows each row that was ever written.
// Each recovered series must be a prefix of its commits, at least as long as what was acknowledged.
//
// BF_CRASH_SEEDS sets how many crash states are tried at each operation, and makes the nested tests try
// all pairs of operations instead of some.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/store.h"
#include "tests/support/sim_file_system.h"

namespace bf::store {
namespace {

using test::Operation;
using test::Random;
using test::SimDisk;
using test::SimFileSystem;

constexpr std::size_t kSeriesCount = 3;
constexpr TimeMs kAskedAt = 1'735'689'600'000;  // 2025-01-01, behind all rows

bool thorough() { return std::getenv("BF_CRASH_SEEDS") != nullptr; }
/// Crash states at each operation, and at each operation of what follows the first interruption.
std::uint64_t seeds() {
  return thorough() ? std::strtoull(std::getenv("BF_CRASH_SEEDS"), nullptr, 10) : 16;
}
std::uint64_t fewer_seeds() { return thorough() ? seeds() / 4 + 1 : 2; }
/// How many operations a nested test goes on by: all pairs would take minutes.
std::uint64_t stride(std::uint64_t usual) { return thorough() ? 1 : usual; }

/// A kind of failure that the oracle found; empty when all is well.
using Finding = std::string;

/// All that was ever handed to one series, and how much of it was acknowledged.
struct SeriesOracle {
  Series series;
  TimeMs next = 0;  ///< where the next page begins
  std::vector<AnsweredRows> commits;
  std::size_t acknowledged = 0;

  /// The next page: `rows` slots, every seventh of them absent.
  const AnsweredRows& make_commit(std::int64_t rows) {
    AnsweredRows page;
    page.answer.exchange = series.instrument.exchange;
    page.answer.asked = {next, advance_slots(series.interval, next, rows)};
    page.answer.asked_at = kAskedAt + static_cast<TimeMs>(commits.size());
    page.rows.columns = kAllColumns;
    for (std::int64_t row = 0; row < rows; ++row) {
      const TimeMs open = advance_slots(series.interval, next, row);
      if (row % 7 == 3) continue;
      Random random(static_cast<std::uint64_t>(open));
      page.rows.append(Column::kOpenTime, {open, 0});
      for (std::size_t i = 1; i < kColumnCount; ++i) {
        const auto mantissa = static_cast<std::int64_t>(random.below(1'000'000));
        const auto column = static_cast<Column>(i);
        page.rows.append(column, {mantissa, column == Column::kTrades ? 0 : 2});
      }
    }
    page.answer.first_row = page.rows.open_time().front();
    page.answer.last_row = page.rows.open_time().back();
    next = page.answer.asked.to;
    commits.push_back(std::move(page));
    return commits.back();
  }

  /// Whether `rows` are those of the first commits, of at least `least` of them. `count` is how many.
  [[nodiscard]] Finding check_rows(const std::vector<CandleBatch>& rows, std::size_t least,
                                   std::size_t& count) const;
};

struct Oracle {
  std::array<SeriesOracle, kSeriesCount> series;

  Oracle() {
    const auto name = [this](std::size_t i, const char* symbol, Kind kind, Interval interval,
                             const char* first) {
      series[i].series.instrument = Instrument{"binance", "um", symbol};
      series[i].series.kind = kind;
      series[i].series.interval = interval;
      series[i].next = parse_time(first).value();
    };
    name(0, "BTCUSDT", Kind::kCandles, Interval::k1m, "2024-01-31T23:00:00Z");  // soon a new span
    name(1, "BTCUSDT", Kind::kMark, Interval::k1h, "2023-12-30");
    name(2, "\xE5\xB8\x81USDT", Kind::kCandles, Interval::k1d, "2020-01-01");
  }
};

Finding SeriesOracle::check_rows(const std::vector<CandleBatch>& rows, std::size_t least,
                                 std::size_t& count) const {
  std::size_t batch = 0;
  std::size_t at = 0;
  count = 0;
  for (const AnsweredRows& commit : commits) {
    for (std::size_t row = 0; row < commit.rows.row_count(); ++row) {
      while (batch < rows.size() && at == rows[batch].row_count()) {
        ++batch;
        at = 0;
      }
      const TimeMs open = commit.rows.open_time()[row];
      if (batch == rows.size()) {
        if (row != 0) return "commit " + std::to_string(count) + " is there in part";
        if (count < least) return "acknowledged commit " + std::to_string(count) + " is lost";
        return {};
      }
      if (rows[batch].open_time()[at] != open) {
        return "a row at " + format_time(rows[batch].open_time()[at]) + " instead of " +
               format_time(open) + " of commit " + std::to_string(count);
      }
      if (!same_row(rows[batch], at, commit.rows, row))
        return "other values at " + format_time(open);
      ++at;
    }
    ++count;
  }
  while (batch < rows.size() && at == rows[batch].row_count()) {
    ++batch;
    at = 0;
  }
  if (batch != rows.size()) return "rows that nobody wrote";
  return {};
}

Result<std::vector<CandleBatch>> scan_all(const SeriesSnapshot& snapshot, bool live) {
  ScanOptions options;
  options.live = live;
  std::vector<CandleBatch> batches;
  const std::unique_ptr<Scan> scan = snapshot.scan({kTimeMin, kTimeMax}, kAllColumns, options);
  for (ScanBatch batch;;) {
    const Result<bool> more = scan->next(batch);
    if (!more) return fail(more.error());
    if (!*more) return batches;
    batches.push_back(batch.rows);
  }
}

/// The gap index says of the first `count` commits what they are, and knows of no other.
Finding check_gaps(const SeriesOracle& oracle, const GapIndex& gaps, std::size_t count) {
  for (std::size_t i = 0; i < oracle.commits.size(); ++i) {
    const AnsweredRows& commit = oracle.commits[i];
    const SlotCounts slots = gaps.count(commit.answer.asked);
    const auto rows = static_cast<std::int64_t>(commit.rows.row_count());
    const bool there = slots.held == rows && slots.missing == 0;
    const bool not_there = slots.held == 0 && slots.missing == slots.wanted();
    if (i < count ? !there : !not_there) {
      return "the gap index disagrees with the rows of commit " + std::to_string(i);
    }
  }
  return {};
}

/// What a reader sees of a store that nobody recovered: a prefix, whatever its length; live frames
/// included, all that was acknowledged.
Finding check_reader(const Store& store, const SeriesOracle& oracle) {
  const auto snapshot = store.read(oracle.series);
  if (!snapshot) {
    const bool none = snapshot.error().code() == Code::kNotFound && oracle.acknowledged == 0;
    return none ? "" : "read: " + snapshot.error().message();
  }
  for (const bool live : {false, true}) {
    const auto rows = scan_all(**snapshot, live);
    if (!rows) return "scan: " + rows.error().message();
    std::size_t count = 0;
    Finding finding = oracle.check_rows(*rows, live ? oracle.acknowledged : 0, count);
    if (!finding.empty()) return (live ? "live reader: " : "reader: ") + finding;
  }
  return {};
}

/// Opens one series for writing and compares it with the oracle; `commits` is how many are there.
Finding check_series(Store& store, const SeriesOracle& oracle, std::size_t& commits) {
  const auto writer = store.writer(oracle.series);
  if (!writer) return "writer: " + writer.error().message();
  if ((*writer)->recovery().damaged()) return "recovery speaks of damage";
  const auto snapshot = store.read(oracle.series);
  if (!snapshot) return "read: " + snapshot.error().message();
  const auto rows = scan_all(**snapshot, /*live=*/false);
  if (!rows) return "scan: " + rows.error().message();
  Finding finding = oracle.check_rows(*rows, oracle.acknowledged, commits);
  if (!finding.empty()) return finding;
  finding = check_gaps(oracle, (*writer)->gaps(), commits);
  if (!finding.empty()) return finding + " (writer)";
  finding = check_gaps(oracle, (*snapshot)->gaps(), commits);
  if (!finding.empty()) return finding + " (reader)";
  if (const Result<void> sound = (*snapshot)->verify(); !sound) return sound.error().message();
  return {};
}

/// Recovers the store and compares it with the oracle.
Finding check_store(SimFileSystem& files, const Oracle& oracle) {
  const ManualClock clock;
  if (const auto reader = Store::open(files, clock, {}); reader) {
    for (const SeriesOracle& series : oracle.series) {
      Finding finding = check_reader(**reader, series);
      if (!finding.empty()) return series.series.name() + ": " + finding;
    }
  } else if (reader.error().code() != Code::kNotFound) {
    return "open for reading: " + reader.error().message();
  }
  StoreOptions options;
  options.mode = StoreOptions::Mode::kWrite;
  const auto store = Store::open(files, clock, options);
  if (!store) return "open: " + store.error().message();
  for (const SeriesOracle& series : oracle.series) {
    std::size_t commits = 0;
    Finding finding = check_series(**store, series, commits);
    if (!finding.empty()) return series.series.name() + ": " + finding;
  }
  return {};
}

/// The run that is interrupted. It stops at the first error, as a program does that is about to end; or
/// it overcomes it, as one does that goes on: a failed append is repeated, a dead writer opened again.
class Workload {
 public:
  enum class OnError : std::uint8_t { kStop, kOvercome };

  Workload(SimFileSystem& files, Oracle& oracle, OnError on_error = OnError::kStop)
      : files_(files), oracle_(oracle), overcomes_(on_error == OnError::kOvercome) {}

  /// Whether all of it was done.
  bool all() {
    return open() && commit(0, 40) && append(1, 30) && append(1, 500) && sync(1) && commit(2, 10) &&
           commit(0, 50) && append(0, 7) && sync(0) && seal(0) && commit(0, 20) && seal(1) &&
           append(1, 5) && append(1, 6) && seal(1) && commit(1, 40) && close(0) && close(1) &&
           shut() && open() && commit(0, 9) && commit(2, 400) && seal(2) && seal(0) &&
           commit(2, 3) && close(2) && close(0) && close(1) && shut();
  }
  /// What a later process does: one more commit to each series.
  bool more() { return open() && commit(0, 3) && commit(1, 4) && commit(2, 5) && shut(); }

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
    return true;
  }
  bool sync(std::size_t i) { return (writers_[i]->sync() || overcome(i)) && acknowledge(i); }
  bool commit(std::size_t i, std::int64_t rows) { return append(i, rows) && sync(i); }
  bool seal(std::size_t i) { return (writers_[i]->seal() || overcome(i)) && acknowledge(i); }
  bool close(std::size_t i) { return writers_[i]->close() || overcome(i); }
  bool shut() {
    for (auto& writer : writers_) writer.reset();
    store_.reset();
    return true;
  }

  SimFileSystem& files_;
  Oracle& oracle_;
  bool overcomes_;
  ManualClock clock_;
  std::unique_ptr<Store> store_;
  std::array<std::unique_ptr<SeriesWriter>, kSeriesCount> writers_;
};

/// Drops from the oracle what the store did not keep, as a program that plans anew from the gap index.
Finding forget_lost_commits(SimFileSystem& files, Oracle& oracle) {
  const ManualClock clock;
  StoreOptions options;
  options.mode = StoreOptions::Mode::kWrite;
  const auto store = Store::open(files, clock, options);
  if (!store) return "open: " + store.error().message();
  for (SeriesOracle& series : oracle.series) {
    std::size_t commits = 0;
    Finding finding = check_series(**store, series, commits);
    if (!finding.empty()) return series.series.name() + ": " + finding;
    series.commits.resize(commits);
    if (!series.commits.empty()) series.next = series.commits.back().answer.asked.to;
  }
  return {};
}

/// Recovers, goes on writing in a new process, then loses power: all that was ever acknowledged counts.
Finding check_going_on(SimFileSystem& files, Oracle oracle, std::uint64_t crash_seeds) {
  files.before_each = nullptr;
  Finding finding = check_store(files, oracle);
  if (!finding.empty()) return finding;
  files.kill();
  finding = forget_lost_commits(files, oracle);
  if (!finding.empty()) return "again: " + finding;
  files.kill();
  if (!Workload(files, oracle).more()) return "the store takes no more commits";
  for (std::uint64_t seed = 0; seed < crash_seeds; ++seed) {
    SimFileSystem after(files.disk().after_crash(seed));
    finding = check_store(after, oracle);
    if (!finding.empty()) return "power loss later, seed " + std::to_string(seed) + ": " + finding;
  }
  return {};
}

TEST(Crash, TheRunDoesAllWithoutFaults) {
  SimFileSystem files;
  Oracle oracle;
  ASSERT_TRUE(Workload(files, oracle).all()) << files.recent();
  EXPECT_EQ(check_store(files, oracle), "");
  for (const SeriesOracle& series : oracle.series) {
    EXPECT_EQ(series.acknowledged, series.commits.size());
    EXPECT_GE(series.commits.size(), 3U);
  }
  EXPECT_EQ(files.open_files(), 0);
}

class PowerLoss : public ::testing::TestWithParam<std::size_t> {};

TEST_P(PowerLoss, AtAnyOperationLosesNothingAcknowledged) {
  SimFileSystem files{SimDisk(GetParam())};
  Oracle oracle;
  std::uint64_t states = 0;
  files.before_each = [&](const Operation& operation) {
    if (!operation.mutates() || ::testing::Test::HasFailure()) return;
    for (std::uint64_t seed = 0; seed < seeds(); ++seed, ++states) {
      SimFileSystem after(files.disk().after_crash(seed));
      EXPECT_EQ(check_store(after, oracle), "")
          << "power lost before " << operation.text() << ", seed " << seed << "\n"
          << files.recent(8) << "recovery:\n"
          << after.recent(30);
    }
  };
  EXPECT_TRUE(Workload(files, oracle).all());
  EXPECT_GT(states, 1'000U);
  RecordProperty("states", static_cast<int>(states));
}
INSTANTIATE_TEST_SUITE_P(BlockSizes, PowerLoss, ::testing::Values(4096, 512),
                         [](const auto& tested) { return "Of" + std::to_string(tested.param); });

TEST(Crash, PowerLossInRecoveryLosesNothingEither) {
  SimFileSystem files;
  Oracle oracle;
  std::uint64_t states = 0;
  files.before_each = [&](const Operation& operation) {
    const bool chosen = operation.mutates() && operation.number % stride(3) == 0;
    if (!chosen || ::testing::Test::HasFailure()) return;
    const std::uint64_t seed = Random(operation.number).below(1'000);
    SimFileSystem after(files.disk().after_crash(seed));
    after.before_each = [&](const Operation& in_recovery) {
      if (!in_recovery.mutates() || ::testing::Test::HasFailure()) return;
      for (std::uint64_t second = 0; second < fewer_seeds(); ++second, ++states) {
        SimFileSystem twice(after.disk().after_crash(second));
        EXPECT_EQ(check_store(twice, oracle), "")
            << "power lost before " << operation.text() << ", seed " << seed
            << ", and in recovery before " << in_recovery.text() << ", seed " << second << "\n"
            << after.recent(30);
      }
    };
    EXPECT_EQ(check_store(after, oracle), "");
  };
  EXPECT_TRUE(Workload(files, oracle).all());
  EXPECT_GT(states, 500U);
  RecordProperty("states", static_cast<int>(states));
}

TEST(Crash, AKillInAnyOperationLosesNothingThenOrInALaterPowerLoss) {
  for (std::uint64_t number = 1;; ++number) {
    SimFileSystem files;
    Oracle oracle;
    files.stop_at(number);
    const bool done = Workload(files, oracle).all();
    if (!files.fault_hit()) {
      EXPECT_TRUE(done);
      break;
    }
    const std::string log = files.recent(8);
    files.kill();
    ASSERT_EQ(check_going_on(files, oracle, fewer_seeds()), "")
        << "killed in operation " << number << "\n"
        << log << "later:\n"
        << files.recent(40);
  }
}

TEST(Crash, APowerLossThenAKillInRecoveryThenAPowerLossLosesNothing) {
  for (std::uint64_t number = 1;; number += stride(11)) {
    SimFileSystem files;
    Oracle oracle;
    files.stop_at(number);
    (void)Workload(files, oracle).all();
    if (!files.fault_hit()) break;
    const std::uint64_t seed = Random(number).below(1'000);
    files.crash(seed);
    const SimDisk crashed = files.disk();
    for (std::uint64_t second = 1 + number % stride(7);; second += stride(7)) {
      SimFileSystem again{crashed};
      again.stop_at(second);
      (void)check_store(again, oracle);
      if (!again.fault_hit()) break;
      again.kill();
      ASSERT_EQ(check_going_on(again, oracle, 2), "")
          << "operation " << number << ", seed " << seed << ", killed in operation " << second
          << " of recovery\n"
          << again.recent(40);
    }
  }
}

struct Failure {
  int error = 0;
  SimFileSystem::Times times = SimFileSystem::Times::kOnce;
};
class IoError : public ::testing::TestWithParam<Failure> {};

TEST_P(IoError, AtAnyOperationLeavesAValidStore) {
  const bool usual = GetParam().times == SimFileSystem::Times::kOnce && GetParam().error != EMFILE;
  for (std::uint64_t number = 1;; number += usual ? 1 : stride(3)) {
    SimFileSystem files;
    Oracle oracle;
    files.fail_short_at(number, GetParam().error, GetParam().times);
    (void)Workload(files, oracle).all();
    if (!files.fault_hit()) break;
    const std::string log = files.recent(8);
    files.fail_at(0, 0);
    for (std::uint64_t seed = 0; seed < fewer_seeds(); ++seed) {
      SimFileSystem after(files.disk().after_crash(seed));
      ASSERT_EQ(check_store(after, oracle), "")
          << "failed operation " << number << ", power loss, seed " << seed << "\n"
          << log;
    }
    files.kill();
    ASSERT_EQ(check_going_on(files, oracle, fewer_seeds()), "")
        << "failed operation " << number << "\n"
        << log << "later:\n"
        << files.recent(40);
  }
}

TEST_P(IoError, IsOvercomeByAProgramThatGoesOn) {
  if (GetParam().times == SimFileSystem::Times::kForEver) return;
  for (std::uint64_t number = 1;; ++number) {
    SimFileSystem files;
    Oracle oracle;
    files.fail_short_at(number, GetParam().error);
    const bool done = Workload(files, oracle, Workload::OnError::kOvercome).all();
    if (!files.fault_hit()) break;
    ASSERT_TRUE(done) << "failed operation " << number << "\n" << files.recent(30);
    files.fail_at(0, 0);
    for (std::uint64_t seed = 0; seed < fewer_seeds(); ++seed) {
      SimFileSystem after(files.disk().after_crash(seed));
      ASSERT_EQ(check_store(after, oracle), "")
          << "failed operation " << number << ", power loss, seed " << seed << "\n"
          << files.recent(30);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Errors, IoError,
    ::testing::Values(Failure{EIO, SimFileSystem::Times::kOnce},
                      Failure{EIO, SimFileSystem::Times::kForEver},
                      Failure{ENOSPC, SimFileSystem::Times::kOnce},
                      Failure{ENOSPC, SimFileSystem::Times::kForEver},
                      Failure{EMFILE, SimFileSystem::Times::kOnce}),
    [](const auto& tested) {
      const int error = tested.param.error;
      const std::string name = error == EIO ? "EIO" : error == ENOSPC ? "ENOSPC" : "EMFILE";
      return name + (tested.param.times == SimFileSystem::Times::kOnce ? "Once" : "ForEver");
    });

}  // namespace
}  // namespace bf::store
