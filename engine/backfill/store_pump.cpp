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

/// `seal_bytes`: a longer log is sealed.
Result<void> write(store::SeriesWriter& writer, std::span<const store::AnsweredRows> pages,
                   std::uint64_t seal_bytes) {
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
  if (writer.log_bytes() > seal_bytes) return writer.seal();
  return {};
}

Result<void> compact(store::SeriesWriter& writer) {
  const Result<store::CompactionReport> report = writer.compact();
  if (!report) return fail(report.error());
  return {};
}

}  // namespace

StorePump::StorePump(Services& services, std::uint64_t free_bytes_min)
    : loop_(services.loop),
      worker_(services.store_worker),
      store_(*services.store),
      observer_(services.observer),
      space_(*services.files, free_bytes_min),
      room_changed_(services.loop),
      pages_(services.loop, kPagesWaitingMax),
      committed_(services.loop) {}

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
  while (room_ == store::Room::kLow) {
    const async::Wake wake = co_await room_changed_.wait(cancel);
    if (wake == async::Wake::kCancelled) co_return fail(async::CancelToken::error());
  }
  if (room_ == store::Room::kNone) {
    co_return fail(Code::kNoSpace, "the store's disk has " + space_.text() +
                                       ": make room and run again, or lower --min-free");
  }
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
  Result<void> ended = co_await flush(series);
  const std::function<void()> job = [&] {
    if (ended) ended = series->writer->seal();
    const bool sealed = ended.has_value();
    if (ended) ended = compact(*series->writer);
    const bool full = !ended && ended.error().code() == Code::kNoSpace;
    // What is proven is noted, on a full disk in the room set aside, so that the next run rewrites no
    // log. Where even that fails, the next run's recovery does it.
    if (full && !space_.release()) return;
    if (!sealed && !full) return;
    const Result<void> closed = series->writer->close();
    if (ended) ended = closed;
  };
  co_await worker_.run(job);
  if (ended) co_return ended;
  if (!series->failed) series->failed = ended.error().at(series->series.name());
  co_return fail(*series->failed);
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
  // Sealed rows take less room than logged ones.
  const std::uint64_t seal_bytes = room_ == store::Room::kEnough ? store::kLogBytesMax : 0;
  const std::function<void()> job = [&] {
    for (Batch& batch : batches) {
      if (batch.failed || batch.pages.empty()) continue;
      const Result<void> written = write(*batch.series->writer, batch.pages, seal_bytes);
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

async::Task<void> StorePump::check_room() {
  Result<store::Room> room = store::Room::kEnough;
  const std::function<void()> job = [&] { room = space_.room(); };
  co_await worker_.run(job);
  // A file system that does not say has room until it says otherwise, by an error.
  const store::Room now = room.value_or(store::Room::kEnough);
  if (now == room_) co_return;
  room_ = now;
  room_changed_.wake_all();
  const std::string text = now == store::Room::kEnough ? "the store's disk has room again"
                           : now == store::Room::kLow
                               ? "the store's disk has " + space_.text() + ": new requests wait"
                               : "the store's disk has " + space_.text() + ": the run ends";
  observer_.on_event(Event{Event::Type::kWarning, "", text});
}

async::Task<Result<void>> StorePump::run() {
  Result<void> set_aside;
  const std::function<void()> job = [&] { set_aside = space_.set_aside(); };
  co_await worker_.run(job);
  if (!set_aside) observer_.on_event(Event{Event::Type::kWarning, "", set_aside.error().message()});
  co_await check_room();
  std::int64_t room_checked_ns = loop_.now_ns();
  while (true) {
    const bool waits = room_ == store::Room::kLow;
    const std::int64_t deadline =
        waits ? std::min(next_deadline_ns(), room_checked_ns + kRoomPeriodNs) : next_deadline_ns();
    Result<std::optional<Item>> popped = co_await pages_.pop(async::CancelToken(), deadline);
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
    const bool wrote = !due.empty();
    if (wrote) co_await commit(std::move(due));
    if (ended) co_return Result<void>();
    if (wrote || loop_.now_ns() >= room_checked_ns + kRoomPeriodNs) {
      co_await check_room();
      room_checked_ns = loop_.now_ns();
    }
  }
}

}  // namespace bf::backfill
