// store/snapshot.h
//
// One consistent view of a series, pinned: its manifest, its open segments and the decoded pages of its
// log. Whatever a writer does afterwards, nothing that the snapshot needs can vanish.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "store/base/file_system.h"
#include "store/log.h"
#include "store/manifest.h"
#include "store/merge.h"
#include "store/segment.h"
#include "store/store.h"

namespace bf::store {

/// What a snapshot holds. Immutable once it is read.
struct PinnedSeries {
  explicit PinnedSeries(const Series& of) : series(of), gaps(of) {}

  Series series;
  Manifest manifest;
  std::vector<std::shared_ptr<const Segment>> segments;
  std::vector<AnsweredRows> pages;  ///< of the log, in the order of commits
  std::size_t durable_pages = 0;    ///< the first of them, which lie before the last proof
  std::uint64_t log_bytes = 0;
  GapIndex gaps;  ///< of segments and durable pages
  /// The cached gap index of the segments, where there is one: for verify alone.
  std::optional<GapIndex> cached_gaps;
};

/// The log length that this process knows to be durable: its own writer's. Nothing is known of others.
struct KnownProof {
  std::uint32_t epoch = 0;
  std::uint64_t proven = 0;
};

/// Pins the series as it is. A segment or log that is gone was replaced meanwhile: then it starts
/// again, at most 10 times.
/// Errors: kNotFound when there is no such series; kCorrupt, kFormat, kIo; kLimit after 10 times.
[[nodiscard]] Result<std::shared_ptr<const PinnedSeries>> pin_series(FileSystem& files,
                                                                     const Series& series,
                                                                     const KnownProof& known);

/// The gap index of the series as it is: from the cache where there is one, so that no segment is
/// opened. Errors: as pin_series.
[[nodiscard]] Result<GapIndex> read_gaps(FileSystem& files, const Series& series,
                                         const KnownProof& known);

/// Folds a segment's held slots and answers into `gaps`.
void add_segment(GapIndex& gaps, const Segment& segment);

/// Compaction replaces segments in one switch: one that is superseded and live at once is damage.
/// Errors: kCorrupt, naming both.
[[nodiscard]] Result<void> check_superseded(
    std::span<const std::shared_ptr<const Segment>> segments);

/// All rows of the snapshot with open times in `range`, merged. `live` adds pages behind the last proof.
[[nodiscard]] Result<Merge> merge_all(const PinnedSeries& pinned, TimeRange range,
                                      ColumnSet columns, bool live);

[[nodiscard]] std::unique_ptr<SeriesSnapshot> make_snapshot(
    std::shared_ptr<const PinnedSeries> pinned);

}  // namespace bf::store
