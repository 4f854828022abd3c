// store/store.h
//
// The store: one directory, one writer, any number of readers. Crash protocol: docs/format.md,
// "Protocol"; every sync in it is load-bearing.
//
// Writing:  Store::open(kWrite) -> store.writer(series) -> append() ... sync() ... seal()
// Reading:  Store::open(kRead)  -> store.read(series)   -> scan(range, columns) -> next() ...
//
// Threads: a Store belongs to one thread at a time, and so does each of its SeriesWriters: those of different
// series may be in use on different threads, but the Store is not asked about a series while another thread
// is in a call of its writer. A SeriesSnapshot is immutable and may be read from any thread, also while a
// writer (of this or another process) appends.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/answer.h"
#include "store/base/clock.h"
#include "store/base/columns.h"
#include "store/base/file_system.h"
#include "store/base/series.h"
#include "store/format_version.h"
#include "store/gap_index.h"

namespace bf::store {

/// A log that has grown beyond this is sealed at the next chance.
inline constexpr std::uint64_t kLogBytesMax = 8U << 20;

/// What recovery found when a series was opened for writing.
struct RecoveryReport {
  std::uint64_t torn_bytes = 0;       ///< behind the last proof: never acknowledged
  std::uint64_t damaged_bytes = 0;    ///< before it: quarantined
  std::uint64_t salvaged_frames = 0;  ///< valid frames found behind damage
  std::string quarantine;             ///< path of the quarantined file, or empty
  [[nodiscard]] bool damaged() const noexcept { return damaged_bytes != 0; }
};

/// A row that lost against another of the same slot with other values (design rule: conflicts are
/// recorded).
struct Conflict {
  TimeMs open_time = 0;
  Answer winner;
  Answer loser;
  std::string winner_values;  ///< comma-separated, in the order of columns
  std::string loser_values;
};

/// A part of a scan: rows of one scale a column, sorted by open time, without duplicates.
struct ScanBatch {
  CandleBatch rows;
  /// With ScanOptions::provenance: the answer of each run of rows; `row_end` rises to row_count().
  struct Run {
    std::uint32_t row_end = 0;
    std::uint32_t answer = 0;  ///< index into `answers`
  };
  std::vector<Run> provenance;
  std::vector<Answer> answers;
  /// Of resampled rows (store/resample.h): how many candles each was folded from; else empty.
  std::vector<std::uint32_t> folded;
};

struct ScanOptions {
  bool provenance = false;
  /// Also frames behind the last proof of durability (of a live writer).
  bool live = false;
};

/// Pulls batches, oldest first. Memory: a few blocks, whatever the range.
class Scan {
 public:
  virtual ~Scan() = default;
  /// The next batch into `batch` (its capacity is reused); false at the end.
  /// Errors: kCorrupt, kIo; the scan ends with them.
  [[nodiscard]] virtual Result<bool> next(ScanBatch& batch) = 0;
};

struct SeriesStats {
  std::uint64_t rows = 0;  ///< distinct open times
  std::uint64_t segments = 0;
  std::uint64_t segment_bytes = 0;
  std::uint64_t log_bytes = 0;
  TimeMs first_open = 0;  ///< 0 when there are no rows
  TimeMs last_open = 0;
  /// Rows by who answered and how, such as ("binance rest", 1440).
  std::vector<std::pair<std::string, std::uint64_t>> rows_by_source;
};

/// One consistent view of a series.
class SeriesSnapshot {
 public:
  virtual ~SeriesSnapshot() = default;
  /// Rows with open times in `range`. Columns that were never stored are left out of the batches.
  [[nodiscard]] virtual std::unique_ptr<Scan> scan(TimeRange range, ColumnSet columns,
                                                   ScanOptions options = {}) const = 0;
  [[nodiscard]] virtual const GapIndex& gaps() const noexcept = 0;
  /// Decodes provenance: O(rows).
  [[nodiscard]] virtual Result<SeriesStats> stats() const = 0;
  /// The different values that lost, each of a slot once, by open time and losing values. The same
  /// whatever was sealed or compacted, in whatever order the rows came. O(rows).
  [[nodiscard]] virtual Result<std::vector<Conflict>> conflicts() const = 0;
  /// A hash of what the series says: every row, the source of each, the states of all slots, and the
  /// conflicts. Not of how it came to be or lies on disk: UUIDs, sequences, asked-at times, the cut
  /// into files (docs/format.md, "Content hash"). Reads all rows; memory: a few blocks.
  /// Errors: kCorrupt, kIo.
  [[nodiscard]] virtual Result<std::uint64_t> content_hash() const = 0;
  /// Checks every checksum, decodes every block, and recomputes rows, order, held ranges and coverage
  /// from nothing against what headers, footers and the manifest say.
  /// Errors: kCorrupt, naming file and offset.
  [[nodiscard]] virtual Result<void> verify() const = 0;
};

/// What a compaction did to a series.
struct CompactionReport {
  std::uint64_t spans = 0;            ///< that were rewritten
  std::uint64_t spans_left = 0;       ///< too large for one segment: left as they were
  std::uint64_t segments_before = 0;  ///< of the series
  std::uint64_t segments_after = 0;
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
};

/// Appends to one series. Nothing is acknowledged before sync() returns. A call that std::bad_alloc ends
/// leaves the writer dead (kNoMemory): open the series again to recover.
class SeriesWriter {
 public:
  virtual ~SeriesWriter() = default;

  /// Builds as few frames as hold `pages` (rows and the coverage that they answer, under one checksum)
  /// and writes them at the log's end, without a sync. A page is never split over frames.
  /// Errors: kNoSpace, kIo: nothing was taken and the same call may be repeated.
  ///         kLimit: a page of more than 65,536 rows, or a log that is full: seal() it first.
  ///         kDataQuality: a row outside its answer's range, or open times that do not rise; nothing of
  ///         the call is written. (A row off the grid is no error: it holds the slot that it lies in.)
  [[nodiscard]] virtual Result<void> append(std::span<const AnsweredRows> pages) = 0;
  /// One fdatasync for all that was appended. After it the appended rows are durable and in gaps().
  /// Errors: kSyncFailed: nothing since the last good sync is acknowledged, and this writer is dead
  ///         (every later call returns the same); open the series again to recover.
  [[nodiscard]] virtual Result<void> sync() = 0;
  /// Moves what the log holds into sealed segments, one a span, and starts an empty log. Cheap when
  /// the log is empty. A kill at any point of it loses nothing.
  [[nodiscard]] virtual Result<void> seal() = 0;
  /// Seals, then merges the segments of each span that has several into one: the rows that stand, and
  /// as revisions the different rows that lost. Before the switch the new segment is read back and
  /// compared with the old ones: rows, states, sources, conflicts. Readers that pinned the old ones
  /// keep them. Cheap when no span has several. A kill at any point of it loses nothing. Memory: a
  /// few blocks.
  /// Errors: as seal(); kCorrupt when a segment is damaged: all stays as it was.
  [[nodiscard]] virtual Result<CompactionReport> compact() = 0;
  /// Records the proven length in the manifest, so that the next open rewrites nothing.
  [[nodiscard]] virtual Result<void> close() = 0;

  /// What is durable: rows and answers up to the last sync().
  [[nodiscard]] virtual const GapIndex& gaps() const noexcept = 0;
  /// How full the log is: seal it beyond kLogBytesMax. Its bytes, or what its rows and pages weigh for
  /// sealing (32 and 160 bytes each) where they pack to less.
  [[nodiscard]] virtual std::uint64_t log_bytes() const noexcept = 0;
  [[nodiscard]] virtual const RecoveryReport& recovery() const noexcept = 0;
};

struct StoreOptions {
  enum class Mode : std::uint8_t {
    kRead,   ///< takes no lock; errors: kNotFound when there is no store
    kWrite,  ///< takes LOCK; makes the store where there is none
  };
  Mode mode = Mode::kRead;
  std::string holder = "bf";   ///< who takes the lock, for people
  bool allow_network = false;  ///< write on a network file system, whatever its locks and syncs do
};

class Store {
 public:
  /// `files` is rooted at the store's directory; it and `clock` outlive the Store.
  /// Errors: kNotFound  no store there (kRead)
  ///         kLocked    another process writes; names it
  ///         kUsage     the store lies on a network file system (kWrite)
  ///         kFormat    STORE is not ours, or its version is newer: names both versions
  ///         kIo, kNoSpace
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(FileSystem& files, const Clock& clock,
                                                           const StoreOptions& options);
  virtual ~Store() = default;

  /// Every series that has a directory with a manifest, sorted by name.
  [[nodiscard]] virtual Result<std::vector<Series>> list() const = 0;
  /// Opens (in kWrite, creates) a series for appending; recovers its log.
  /// Errors: kCorrupt when the manifest is damaged: names the file and `bf-verify scrub --repair`.
  [[nodiscard]] virtual Result<std::unique_ptr<SeriesWriter>> writer(const Series& series) = 0;
  /// Errors: kNotFound.
  [[nodiscard]] virtual Result<std::unique_ptr<SeriesSnapshot>> read(
      const Series& series) const = 0;
  /// What is known of every slot of a series: as read(series)->gaps(), but as a rule without opening a
  /// segment. Errors: kNotFound.
  [[nodiscard]] virtual Result<GapIndex> gaps(const Series& series) const = 0;
};

}  // namespace bf::store
