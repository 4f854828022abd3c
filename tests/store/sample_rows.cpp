#include "tests/store/sample_rows.h"

#include <gtest/gtest.h>

namespace bf::store::test {
namespace {

const ManualClock kClock;

void check_batch(const ScanBatch& batch, const ScanOptions& options, TimeMs& last) {
  const std::vector<TimeMs>& times = batch.rows.open_time();
  EXPECT_FALSE(times.empty()) << "an empty batch";
  for (const TimeMs time : times) {
    EXPECT_LT(last, time) << "open times do not rise";
    last = time;
  }
  if (!options.provenance) return;
  ASSERT_FALSE(batch.provenance.empty());
  EXPECT_EQ(batch.provenance.back().row_end, times.size());
  std::uint32_t row = 0;
  for (const ScanBatch::Run& run : batch.provenance) {
    ASSERT_LT(run.answer, batch.answers.size());
    for (; row < run.row_end; ++row) {
      EXPECT_TRUE(batch.answers[run.answer].asked.contains(times[row])) << "row " << row;
    }
  }
}

}  // namespace

Result<Rows> scan_all(const SeriesSnapshot& snapshot, TimeRange range, ColumnSet columns,
                      ScanOptions options) {
  Rows rows;
  ScanBatch batch;
  TimeMs last = -1;
  const std::unique_ptr<Scan> scan = snapshot.scan(range, columns, options);
  for (;;) {
    const Result<bool> more = scan->next(batch);
    if (!more) return fail(more.error());
    if (!*more) return rows;
    check_batch(batch, options, last);
    add_rows(rows, batch.rows);
  }
}

Result<Rows> read_store(FileSystem& files, ScanOptions options) {
  const auto store = Store::open(files, kClock, {});
  if (!store) return fail(store.error());
  const auto snapshot = (*store)->read(kSeries);
  if (!snapshot) return fail(snapshot.error());
  if (const Result<void> sound = (*snapshot)->verify(); !sound) return fail(sound.error());
  return scan_all(**snapshot, {0, kTimeMax}, kAllColumns, options);
}

Result<Writing> open_writing(FileSystem& files, const Series& series) {
  StoreOptions options;
  options.mode = StoreOptions::Mode::kWrite;
  auto store = Store::open(files, kClock, options);
  if (!store) return fail(store.error());
  auto writer = (*store)->writer(series);
  if (!writer) return fail(writer.error());
  return Writing{std::move(*store), std::move(*writer)};
}

Result<void> commit(SeriesWriter& writer, const AnsweredRows& page) {
  if (const Result<void> appended = writer.append({&page, 1}); !appended) return appended;
  return writer.sync();
}

}  // namespace bf::store::test
