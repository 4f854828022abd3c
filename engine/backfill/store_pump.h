// engine/backfill/store_pump.h
//
// The one way into the store for a run: answered pages come in through a bounded channel, wait until
// enough of a series have gathered (or for half a second), and go to a series' worker as one commit with
// one sync. Several series are committed at once: a disk syncs several files in the time of one. When it is
// slow all the same the channel is full, and requests stop leaving; so they do while the disk has little
// room left, and when it has none the run ends.
//
// Threads: the Loop's; the store is touched through the Workers alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/async/channel.h"
#include "engine/async/semaphore.h"
#include "engine/async/task_group.h"
#include "engine/async/worker.h"
#include "engine/backfill/run.h"
#include "store/space_guard.h"

namespace bf::backfill {

/// Pages that may wait between parser and store, over all series.
inline constexpr std::size_t kPagesWaitingMax = 32;
/// Pages whose memory is kept for others: what two commits give back.
inline constexpr std::size_t kSparePagesMax = 16;
/// Logs that are sealed at once: each takes about 10 MiB while it is.
inline constexpr std::int64_t kSealsMax = 2;
/// A series is committed when so many rows wait (and when as many wait behind a commit, so do pages), ...
inline constexpr std::size_t kCommitRows = 8'192;
/// ... or when its oldest has waited so long.
inline constexpr std::int64_t kCommitDelayNs = 500'000'000;
/// While there is little room on the disk, it is looked at so often.
inline constexpr std::int64_t kRoomPeriodNs = 1'000'000'000;

/// A series that is open for writing. Owned by the pump.
struct PumpSeries {
  Series series;
  std::unique_ptr<store::SeriesWriter> writer;
  std::vector<store::AnsweredRows> waiting;
  std::size_t waiting_rows = 0;
  std::int64_t oldest_ns = 0;  ///< when the first of `waiting` came
  bool committing = false;
  std::uint64_t flushes_asked = 0;
  std::uint64_t flushes_taken = 0;  ///< seen by the pump; done with its next commit
  std::uint64_t flushes_done = 0;
  std::int64_t rows_committed = 0;
  std::optional<Error> failed;  ///< the first error; nothing more is written
};

class StorePump {
 public:
  /// Keeps `free_bytes_min` free on the store's disk. Lifetime: `services` outlives the pump.
  StorePump(Services& services, std::uint64_t free_bytes_min);

  /// Opens a series for writing, which recovers its log. Errors: those of Store::writer.
  /// Requires: it is not open.
  [[nodiscard]] async::Task<Result<PumpSeries*>> open(Series series);
  /// Queues an answer, once there is room on the disk.
  /// Errors: kCancelled; kNoSpace; what the store said of this series before.
  [[nodiscard]] async::Task<Result<void>> push(PumpSeries* series, store::AnsweredRows page,
                                               async::CancelToken cancel);
  /// An empty batch to read a page into: with the memory of one that was stored, where there is some.
  [[nodiscard]] CandleBatch spare_rows();
  /// Commits everything that was pushed of the series, room or not. What is durable then is in gaps().
  [[nodiscard]] async::Task<Result<void>> flush(PumpSeries* series);
  /// As flush, then seals, compacts and closes the series. Its gaps stay readable until forget(). On a full disk
  /// it is closed alone, in the room that was set aside.
  [[nodiscard]] async::Task<Result<void>> finish(PumpSeries* series);
  /// Requires: finish() was awaited, and nothing was pushed since.
  void forget(PumpSeries* series);

  /// Commits what comes until close() was called and the channel is empty. Run by the owner in a
  /// TaskGroup beside the producers.
  [[nodiscard]] async::Task<Result<void>> run();
  void close() noexcept { pages_.close(); }

  /// Rows that are durable.
  [[nodiscard]] std::int64_t rows_committed() const noexcept { return rows_committed_; }

 private:
  struct Item {
    PumpSeries* series = nullptr;
    store::AnsweredRows page;
    bool flush = false;
  };
  void take(Item item);
  /// Looks at the disk, on the store's thread.
  [[nodiscard]] async::Task<void> check_room();
  [[nodiscard]] bool due(const PumpSeries& series) const;
  /// Begins to commit every series that is due; false when none is.
  bool commit_due(async::TaskGroup& commits);
  /// Commits what waits of a series, as long as it is due.
  [[nodiscard]] async::Task<Result<void>> commit(PumpSeries* series);
  /// Appends and syncs the pages, and seals a log that has grown long, on the series' workers.
  [[nodiscard]] async::Task<Result<void>> write(store::SeriesWriter& writer,
                                                std::vector<store::AnsweredRows> pages);
  /// Keeps memory of pages that are stored.
  void recycle(std::vector<store::AnsweredRows> pages);
  /// Runs `job`, which outlives the task, on a series' worker when few enough others seal.
  [[nodiscard]] async::Task<void> run_sealing(const std::function<void()>& job);
  /// Waits until there are workers and memory for more pages.
  [[nodiscard]] async::Task<void> wait_for_commits(const async::TaskGroup& commits);
  [[nodiscard]] bool crowded() const;
  /// When the series that has waited longest is due; kNoDeadline when nothing waits.
  [[nodiscard]] std::int64_t next_deadline_ns() const;

  async::Loop& loop_;
  async::Worker& store_worker_;
  async::Worker& series_workers_;
  store::Store& store_;
  Observer& observer_;
  store::SpaceGuard space_;
  store::Room room_ = store::Room::kEnough;
  async::WaitQueue room_changed_;
  async::Channel<Item> pages_;
  async::WaitQueue committed_;
  async::Semaphore seals_;
  std::map<std::string, std::unique_ptr<PumpSeries>> series_;
  std::vector<CandleBatch> spares_;
  std::int64_t rows_committed_ = 0;
  bool ended_ = false;  ///< nothing more comes
};

}  // namespace bf::backfill
