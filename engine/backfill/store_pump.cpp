#include "engine/backfill/store_pump.h"

#include <algorithm>
#include <functional>
#include <span>
#include <utility>

namespace bf::backfill {
namespace {

/// Rows of one frame: well below the store's own bound, so that a month of an archive is a few frames.
constexpr std::size_t kFrameRowsMax = 32'768;

/// What an answer's range holds is durable when this returns.
Result<void> append_and_sync(store::SeriesWriter& writer,
                             std::span<const store::AnsweredRows> pages) {
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
  return writer.sync();
}

Result<void> compact(store::SeriesWriter& writer) {
  const Result<store::CompactionReport> report = writer.compact();
  if (!report) return fail(report.error());
  return {};
}

}  // namespace

StorePump::StorePump(Services& services, std::uint64_t free_bytes_min)
    : loop_(services.loop),
      store_worker_(services.store_worker),
      series_workers_(services.series_workers),
      store_(*services.store),
      observer_(services.observer),
      space_(*services.files, free_bytes_min),
      room_changed_(services.loop),
      pages_(services.loop, kPagesWaitingMax),
      committed_(services.loop),
      seals_(services.loop, kSealsMax) {}

async::Task<Result<PumpSeries*>> StorePump::open(Series series) {
  Result<std::unique_ptr<store::SeriesWriter>> writer = fail(Code::kInternal, "not opened");
  const std::function<void()> job = [&] { writer = store_.writer(series); };
  co_await store_worker_.run(job);
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
  const std::function<void()> close = [&] {
    const Result<void> closed = series->writer->close();
    if (ended) ended = closed;
  };
  const std::function<void()> seal = [&] {
    if (ended) ended = series->writer->seal();
    const bool sealed = ended.has_value();
    if (ended) ended = compact(*series->writer);
    const bool full = !ended && ended.error().code() == Code::kNoSpace;
    if (sealed && !full) close();
  };
  co_await run_sealing(seal);
  // What is proven is noted, on a full disk in the room set aside, so that the next run rewrites no log.
  // Where even that fails, the next run's recovery does it.
  if (!ended && ended.error().code() == Code::kNoSpace) {
    bool released = false;
    const std::function<void()> release = [&] { released = space_.release().has_value(); };
    co_await store_worker_.run(release);
    if (released) co_await series_workers_.run(close);
  }
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

bool StorePump::due(const PumpSeries& series) const {
  if (series.flushes_taken > series.flushes_done) return true;
  if (series.waiting.empty()) return false;
  return ended_ || series.waiting_rows >= kCommitRows ||
         series.oldest_ns + kCommitDelayNs <= loop_.now_ns();
}

bool StorePump::crowded() const {
  return std::any_of(series_.begin(), series_.end(), [](const auto& named) {
    return named.second->committing && named.second->waiting_rows >= kCommitRows;
  });
}

std::int64_t StorePump::next_deadline_ns() const {
  std::int64_t deadline = async::kNoDeadline;
  for (const auto& [name, series] : series_) {
    // What is due already and waits behind a commit goes with that commit's end.
    if (series->waiting.empty() || (series->committing && due(*series))) continue;
    deadline = std::min(deadline, series->oldest_ns + kCommitDelayNs);
  }
  return deadline;
}

bool StorePump::commit_due(async::TaskGroup& commits) {
  bool any = false;
  for (const auto& [name, series] : series_) {
    if (series->committing || !due(*series)) continue;
    commits.spawn(commit(series.get()));
    any = true;
  }
  return any;
}

async::Task<Result<void>> StorePump::commit(PumpSeries* series) {
  series->committing = true;
  while (due(*series)) {
    std::vector<store::AnsweredRows> pages = std::exchange(series->waiting, {});
    const auto rows = static_cast<std::int64_t>(std::exchange(series->waiting_rows, 0));
    const std::uint64_t flushes = series->flushes_taken;
    if (!series->failed && !pages.empty()) {
      const Result<void> written = co_await write(*series->writer, std::move(pages));
      if (!written) series->failed = written.error().at(series->series.name());
    }
    if (!series->failed) {
      series->rows_committed += rows;
      rows_committed_ += rows;
    }
    series->flushes_done = flushes;
    committed_.wake_all();
  }
  series->committing = false;
  committed_.wake_all();
  co_return Result<void>();
}

async::Task<Result<void>> StorePump::write(store::SeriesWriter& writer,
                                           std::vector<store::AnsweredRows> pages) {
  Result<void> written;
  const std::function<void()> append = [&] { written = append_and_sync(writer, pages); };
  co_await series_workers_.run(append);
  recycle(std::move(pages));
  // Sealed rows take less room than logged ones.
  const std::uint64_t log_bytes_max = room_ == store::Room::kEnough ? store::kLogBytesMax : 0;
  const std::uint64_t log_bytes = writer.log_bytes();
  if (!written || log_bytes <= log_bytes_max) co_return written;
  // Series that began together fill their logs together: while others are sealed, this one goes on.
  if (seals_.free() == 0 && log_bytes <= log_bytes_max + log_bytes_max / 2) co_return written;
  const std::function<void()> seal = [&] { written = writer.seal(); };
  co_await run_sealing(seal);
  co_return written;
}

CandleBatch StorePump::spare_rows() {
  if (spares_.empty()) return {};
  CandleBatch rows = std::move(spares_.back());
  spares_.pop_back();
  return rows;
}

void StorePump::recycle(std::vector<store::AnsweredRows> pages) {
  // A page of REST, not a month of an archive.
  constexpr std::size_t kRowsMax = 2'048;
  for (store::AnsweredRows& page : pages) {
    if (spares_.size() == kSparePagesMax) return;
    const std::size_t rows = page.rows.open_time().capacity();
    if (rows == 0 || rows > kRowsMax || page.rows.wide.capacity() > kRowsMax) continue;
    page.rows.clear();
    spares_.push_back(std::move(page.rows));
  }
}

async::Task<void> StorePump::run_sealing(const std::function<void()>& job) {
  struct Turn {
    async::Semaphore& seals;
    ~Turn() { seals.release(); }
  };
  const Result<void> acquired = co_await seals_.acquire(async::CancelToken());
  BF_ASSERT(acquired.has_value());
  const Turn turn{seals_};
  co_await series_workers_.run(job);
}

async::Task<void> StorePump::wait_for_commits(const async::TaskGroup& commits) {
  while (commits.running() >= kSeriesThreads || crowded()) {
    const async::Wake wake = co_await committed_.wait(async::CancelToken());
    BF_ASSERT(wake == async::Wake::kReady);
  }
}

async::Task<void> StorePump::check_room() {
  Result<store::Room> room = store::Room::kEnough;
  const std::function<void()> job = [&] { room = space_.room(); };
  co_await store_worker_.run(job);
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
  co_await store_worker_.run(job);
  if (!set_aside) observer_.on_event(Event{Event::Type::kWarning, "", set_aside.error().message()});
  co_await check_room();
  std::int64_t room_checked_ns = loop_.now_ns();
  async::TaskGroup commits(loop_, async::CancelToken());
  while (!ended_) {
    co_await wait_for_commits(commits);
    const bool waits = room_ == store::Room::kLow;
    const std::int64_t deadline =
        waits ? std::min(next_deadline_ns(), room_checked_ns + kRoomPeriodNs) : next_deadline_ns();
    Result<std::optional<Item>> popped = co_await pages_.pop(async::CancelToken(), deadline);
    if (popped) {
      std::optional<Item> item = std::move(*popped);
      ended_ = !item.has_value();
      while (item) {
        take(std::move(*item));
        item = pages_.try_pop();
      }
    }
    const bool began = commit_due(commits);
    if (!ended_ && (began || loop_.now_ns() >= room_checked_ns + kRoomPeriodNs)) {
      co_await check_room();
      room_checked_ns = loop_.now_ns();
    }
  }
  co_return co_await commits.join();
}

}  // namespace bf::backfill
