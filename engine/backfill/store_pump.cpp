#include "engine/backfill/store_pump.h"

#include <algorithm>
#include <functional>
#include <span>
#include <utility>

namespace bf::backfill {
namespace {

/// Rows of one frame: well below the store's own bound, so that a month of an archive is a few frames.
constexpr std::size_t kFrameRowsMax = 32'768;

/// What one commit takes of one series, and what became of it.
struct Batch {
  PumpSeries* series = nullptr;
  std::vector<store::AnsweredRows> pages;
  std::uint64_t flushes = 0;
  std::int64_t rows = 0;
  std::optional<Error> failed;
};

Result<void> write(store::SeriesWriter& writer, std::span<const store::AnsweredRows> pages) {
  std::size_t begin = 0;
  while (begin < pages.size()) {
    std::size_t end = begin;
    std::size_t rows = 0;
    do {
      rows += pages[end].rows.row_count();
      ++end;
    } while (end < pages.size() && rows + pages[end].rows.row_count() <= kFrameRowsMax);
    const Result<void> appended = writer.append(pages.subspan(begin, end - begin));
    if (!appended) return appended;
    begin = end;
  }
  const Result<void> synced = writer.sync();
  if (!synced) return synced;
  if (writer.log_bytes() > store::kLogBytesMax) return writer.seal();
  return {};
}

}  // namespace

StorePump::StorePump(async::Loop& loop, async::Worker& worker, store::Store& store)
    : loop_(loop),
      worker_(worker),
      store_(store),
      pages_(loop, kPagesWaitingMax),
      committed_(loop) {}

async::Task<Result<PumpSeries*>> StorePump::open(Series series) {
  Result<std::unique_ptr<store::SeriesWriter>> writer = fail(Code::kInternal, "not opened");
  const std::function<void()> job = [&] { writer = store_.writer(series); };
  co_await worker_.run(job);
  if (!writer) co_return fail(writer.error().at(series.name()));
  auto opened = std::make_unique<PumpSeries>();
  opened->series = series;
  opened->writer = std::move(*writer);
  PumpSeries* const raw = opened.get();
  series_[series.name()] = std::move(opened);
  co_return raw;
}

async::Task<Result<void>> StorePump::push(PumpSeries* series, store::AnsweredRows page,
                                          async::CancelToken cancel) {
  if (series->failed) co_return fail(*series->failed);
  Item item;
  item.series = series;
  item.page = std::move(page);
  co_return co_await pages_.push(std::move(item), cancel);
}

async::Task<Result<void>> StorePump::flush(PumpSeries* series) {
  Item item;
  item.series = series;
  item.flush = true;
  const std::uint64_t ticket = ++series->flushes_asked;
  // Also behind a failure: once this has come through, nothing that is queued is the series' own.
  const Result<void> queued = co_await pages_.push(std::move(item), async::CancelToken());
  if (!queued) co_return queued;
  while (series->flushes_done < ticket) {
    const async::Wake wake = co_await committed_.wait(async::CancelToken());
    BF_ASSERT(wake == async::Wake::kReady);
  }
  if (series->failed) co_return fail(*series->failed);
  co_return Result<void>();
}

async::Task<Result<void>> StorePump::finish(PumpSeries* series) {
  const Result<void> flushed = co_await flush(series);
  if (!flushed) co_return flushed;
  Result<void> closed;
  const std::function<void()> job = [&] {
    closed = series->writer->seal();
    if (closed) closed = series->writer->close();
  };
  co_await worker_.run(job);
  if (!closed) {
    series->failed = closed.error().at(series->series.name());
    co_return fail(*series->failed);
  }
  co_return Result<void>();
}

void StorePump::forget(PumpSeries* series) { series_.erase(series->series.name()); }

void StorePump::take(Item item) {
  PumpSeries& series = *item.series;
  if (item.flush) {
    ++series.flushes_taken;
    return;
  }
  if (series.waiting.empty()) series.oldest_ns = loop_.now_ns();
  series.waiting_rows += item.page.rows.row_count();
  series.waiting.push_back(std::move(item.page));
}

std::vector<PumpSeries*> StorePump::due_series(bool all) const {
  const std::int64_t waited_since = loop_.now_ns() - kCommitDelayNs;
  std::vector<PumpSeries*> due;
  for (const auto& [name, series] : series_) {
    const bool asked = series->flushes_taken > series->flushes_done;
    const bool waits = !series->waiting.empty();
    const bool ripe = series->waiting_rows >= kCommitRows || series->oldest_ns <= waited_since;
    if (asked || (waits && (all || ripe))) due.push_back(series.get());
  }
  return due;
}

std::int64_t StorePump::next_deadline_ns() const {
  std::int64_t deadline = async::kNoDeadline;
  for (const auto& [name, series] : series_) {
    if (series->waiting.empty()) continue;
    deadline = std::min(deadline, series->oldest_ns + kCommitDelayNs);
  }
  return deadline;
}

async::Task<void> StorePump::commit(std::vector<PumpSeries*> due) {
  std::vector<Batch> batches;
  for (PumpSeries* const series : due) {
    Batch batch;
    batch.series = series;
    batch.pages = std::exchange(series->waiting, {});
    batch.rows = static_cast<std::int64_t>(std::exchange(series->waiting_rows, 0));
    batch.flushes = series->flushes_taken;
    batch.failed = series->failed;
    batches.push_back(std::move(batch));
  }
  const std::function<void()> job = [&] {
    for (Batch& batch : batches) {
      if (batch.failed || batch.pages.empty()) continue;
      const Result<void> written = write(*batch.series->writer, batch.pages);
      if (!written) batch.failed = written.error().at(batch.series->series.name());
      batch.pages.clear();
    }
  };
  co_await worker_.run(job);
  for (const Batch& batch : batches) {
    batch.series->flushes_done = batch.flushes;
    batch.series->failed = batch.failed;
    if (batch.failed) continue;
    batch.series->rows_committed += batch.rows;
    rows_committed_ += batch.rows;
  }
  committed_.wake_all();
}

async::Task<Result<void>> StorePump::run() {
  while (true) {
    Result<std::optional<Item>> popped =
        co_await pages_.pop(async::CancelToken(), next_deadline_ns());
    bool ended = false;
    if (popped) {
      std::optional<Item> item = std::move(*popped);
      ended = !item.has_value();
      while (item) {
        take(std::move(*item));
        item = pages_.try_pop();
      }
    }
    std::vector<PumpSeries*> due = due_series(ended);
    if (!due.empty()) co_await commit(std::move(due));
    if (ended) co_return Result<void>();
  }
}

}  // namespace bf::backfill
