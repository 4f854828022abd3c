#include "tests/store/crash_world.h"

namespace bf::store::crash {

const AnsweredRows& SeriesOracle::make_commit(std::int64_t rows) {
  AnsweredRows page;
  page.answer.exchange = series.instrument.exchange;
  page.answer.asked = {next, advance_slots(series.interval, next, rows)};
  page.answer.asked_at = kAskedAt + static_cast<TimeMs>(commits.size());
  page.rows.columns = kCandleColumns;
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

Oracle::Oracle() {
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

namespace {

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

}  // namespace

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

Finding check_store(FileSystem& files, const Oracle& oracle) {
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

Finding forget_lost_commits(FileSystem& files, Oracle& oracle) {
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

Finding check_going_on(SimFileSystem& files, Oracle oracle, std::uint64_t crash_seeds,
                       const Wrap& wrap) {
  files.before_each = nullptr;
  const std::unique_ptr<FileSystem> wrapped = wrap ? wrap(files) : nullptr;
  FileSystem& seen = wrapped ? *wrapped : files;
  const auto power_loss = [&](const char* when) -> Finding {
    for (std::uint64_t seed = 0; seed < crash_seeds; ++seed) {
      SimFileSystem after(files.disk().after_crash(seed));
      const std::unique_ptr<FileSystem> wrapped_after = wrap ? wrap(after) : nullptr;
      Finding finding = check_store(wrapped_after ? *wrapped_after : after, oracle);
      if (!finding.empty()) {
        return std::string(when) + ", seed " + std::to_string(seed) + ": " + finding;
      }
    }
    return {};
  };
  Finding finding = check_store(seen, oracle);
  if (!finding.empty()) return finding;
  finding = power_loss("power loss behind recovery");
  if (!finding.empty()) return finding;
  files.kill();
  finding = forget_lost_commits(seen, oracle);
  if (!finding.empty()) return "again: " + finding;
  files.kill();
  if (!Workload(seen, oracle).more()) return "the store takes no more commits";
  return power_loss("power loss later");
}

}  // namespace bf::store::crash
