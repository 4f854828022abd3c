#include "store/snapshot.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <set>

#include "store/atomic_file.h"
#include "store/conflicts.h"
#include "store/content_hash.h"
#include "store/cursors.h"
#include "store/gap_cache.h"
#include "store/row_order.h"
#include "store/scan.h"
#include "store/verify.h"

namespace bf::store {
namespace {

constexpr int kPinTriesMax = 10;

Result<void> pin_log(FileSystem& files, const KnownProof& known, PinnedSeries& pinned) {
  const Manifest& manifest = pinned.manifest;
  const std::string path = join_path(pinned.series.path(), log_name(manifest.log_epoch));
  const Result<std::unique_ptr<File>> file = files.open(path, FileSystem::Open::kRead);
  if (!file) return fail(file.error());
  const Result<ReadLog> log = read_live_log(**file, path, manifest);
  if (!log) return fail(log.error());
  const LogScan& scan = log->scan;
  if (scan.damaged_bytes != 0) {
    return fail(Code::kCorrupt,
                path + ": damaged at byte " + std::to_string(scan.intact_end) +
                    "; the next run that writes keeps it aside and fetches what is lost again");
  }
  const std::uint64_t proven =
      known.epoch == manifest.log_epoch ? std::max(known.proven, scan.proven) : scan.proven;
  const Result<void> decoded =
      decode_frames(log->bytes, scan.frames, [&](const FoundFrame& frame, AnsweredRows&& page) {
        pinned.pages.push_back(std::move(page));
        if (frame.end() <= proven) pinned.durable_pages = pinned.pages.size();
      });
  if (!decoded) return fail(decoded.error().at(path));
  pinned.log_bytes = scan.data_end;
  return {};
}

Result<void> pin_segments(FileSystem& files, PinnedSeries& pinned) {
  for (const SegmentEntry& entry : pinned.manifest.segments) {
    auto segment = Segment::open(files, pinned.series, pinned.manifest.series_uuid, entry);
    if (!segment) return fail(segment.error());
    add_segment(pinned.gaps, **segment);
    pinned.segments.push_back(std::move(*segment));
  }
  return check_superseded(pinned.segments);
}

/// What is pinned of a series: all of it, or what its gap index needs, which may be no segment at all.
enum class Pin : std::uint8_t { kAll, kGaps };

Result<std::shared_ptr<const PinnedSeries>> pin_once(FileSystem& files, const Series& series,
                                                     const Manifest& manifest,
                                                     const KnownProof& known, Pin what) {
  auto pinned = std::make_shared<PinnedSeries>(series);
  pinned->manifest = manifest;
  pinned->cached_gaps = read_gap_cache(files, series, manifest);
  if (what == Pin::kGaps && pinned->cached_gaps) {
    pinned->gaps = *pinned->cached_gaps;
  } else if (const Result<void> opened = pin_segments(files, *pinned); !opened) {
    return fail(opened.error());
  }
  if (const Result<void> log = pin_log(files, known, *pinned); !log) return fail(log.error());
  for (std::size_t i = 0; i < pinned->durable_pages; ++i) {
    const AnsweredRows& page = pinned->pages[i];
    pinned->gaps.add_rows(page.rows.open_time(), page.answer.exchange);
    pinned->gaps.add_answer(page.answer);
  }
  return std::shared_ptr<const PinnedSeries>(std::move(pinned));
}

/// Pins the series as it is. A segment or log that is gone was replaced meanwhile: then it starts
/// again, at most kPinTriesMax times.
Result<std::shared_ptr<const PinnedSeries>> pin(FileSystem& files, const Series& series,
                                                const KnownProof& known, Pin what) {
  for (int tries = 0; tries < kPinTriesMax; ++tries) {
    const Result<Manifest> manifest = read_manifest(files, series);
    if (!manifest) return fail(manifest.error());
    auto pinned = pin_once(files, series, *manifest, known, what);
    if (pinned || pinned.error().code() != Code::kNotFound) return pinned;
    // A file that is gone was replaced by a writer, and the manifest with it. The same manifest again
    // says that the file is lost.
    const Result<Manifest> again = read_manifest(files, series);
    if (again && *again == *manifest) {
      return fail(Code::kCorrupt,
                  pinned.error().message() + "; the manifest names it, so it was lost");
    }
  }
  return fail(Code::kLimit,
              series.name() + ": replaced by its writer 10 times while it was opened");
}

/// "binance rest".
std::string source_name(const Answer& answer) {
  return answer.exchange + " " + std::string(channel_name(answer.channel));
}

/// Hands all durable rows over, slice by slice with all columns, each with its conflicts.
Result<void> walk(const PinnedSeries& pinned,
                  const std::function<Result<void>(const Slice&, std::span<const Loss>)>& take) {
  std::vector<Loss> revisions;
  for (const auto& segment : pinned.segments) {
    Result<std::vector<Loss>> found = segment->losses();
    if (!found) return fail(found.error());
    revisions.insert(revisions.end(), std::make_move_iterator(found->begin()),
                     std::make_move_iterator(found->end()));
  }
  Conflicts conflicts(std::move(revisions), pinned.series.instrument.exchange);
  Result<Merge> merge = merge_all(pinned, {0, kTimeMax}, kAllColumns, /*live=*/false);
  if (!merge) return fail(merge.error());
  Slice slice;
  for (;;) {
    const Result<bool> more = merge->next(slice);
    if (!more) return fail(more.error());
    if (!*more) break;
    const Result<std::vector<Loss>> found = conflicts.of(slice);
    if (!found) return fail(found.error());
    if (const Result<void> taken = take(slice, *found); !taken) return taken;
  }
  if (conflicts.finished()) return {};
  return fail(Code::kCorrupt, pinned.series.name() + ": a revision without a row that stands");
}

class Snapshot final : public SeriesSnapshot {
 public:
  explicit Snapshot(std::shared_ptr<const PinnedSeries> pinned) : pinned_(std::move(pinned)) {}

  std::unique_ptr<Scan> scan(TimeRange range, ColumnSet columns,
                             ScanOptions options) const override {
    return make_scan(pinned_, range, columns, options);
  }
  const GapIndex& gaps() const noexcept override { return pinned_->gaps; }
  Result<SeriesStats> stats() const override;
  Result<std::vector<Conflict>> conflicts() const override;
  Result<std::uint64_t> content_hash() const override;
  Result<void> verify() const override { return verify_series(*pinned_); }

 private:
  std::shared_ptr<const PinnedSeries> pinned_;
};

Result<SeriesStats> Snapshot::stats() const {
  SeriesStats stats;
  stats.segments = pinned_->segments.size();
  for (const auto& segment : pinned_->segments) stats.segment_bytes += segment->entry().size;
  stats.log_bytes = pinned_->log_bytes;
  Result<Merge> merge = merge_all(*pinned_, {0, kTimeMax}, {}, /*live=*/false);
  if (!merge) return fail(merge.error());
  std::map<std::string, std::uint64_t> by_source;
  Slice slice;
  for (;;) {
    const Result<bool> more = merge->next(slice);
    if (!more) return fail(more.error());
    if (!*more) break;
    const std::vector<TimeMs>& times = slice.cursor->rows().open_time();
    if (stats.rows == 0) stats.first_open = times[slice.begin];
    stats.last_open = times[slice.end - 1];
    stats.rows += slice.end - slice.begin;
    for (std::size_t at = slice.begin; at < slice.end;) {
      const Result<RowOrigin> origin = slice.cursor->origin(at);
      if (!origin) return fail(origin.error());
      const std::size_t end = std::min(slice.end, origin->end);
      by_source[source_name(*origin->answer)] += end - at;
      at = end;
    }
  }
  stats.rows_by_source.assign(by_source.begin(), by_source.end());
  return stats;
}

Result<std::vector<Conflict>> Snapshot::conflicts() const {
  std::vector<Conflict> conflicts;
  const Result<void> walked = walk(*pinned_, [&](const Slice&, std::span<const Loss> losses) {
    for (const Loss& loss : losses) conflicts.push_back(loss.conflict());
    return Result<void>();
  });
  if (!walked) return fail(walked.error());
  return conflicts;
}

Result<std::uint64_t> Snapshot::content_hash() const {
  ContentHash hash;
  const Result<void> walked = walk(*pinned_, [&](const Slice& slice, std::span<const Loss> losses) {
    for (const Loss& loss : losses) hash.add_conflict(loss);
    return hash.add_rows(slice);
  });
  if (!walked) return fail(walked.error());
  hash.add_states(pinned_->gaps.states({kTimeMin, kTimeMax}));
  return hash.value();
}

}  // namespace

void add_segment(GapIndex& gaps, const Segment& segment) {
  gaps.add_held(segment.held());
  for (const Answer& answer : segment.answers()) gaps.add_answer(answer);
}

Result<void> check_superseded(std::span<const std::shared_ptr<const Segment>> segments) {
  std::set<std::uint32_t> live;
  for (const auto& segment : segments) live.insert(segment->entry().id);
  for (const auto& segment : segments) {
    for (const std::uint32_t id : segment->supersedes()) {
      if (!live.contains(id)) continue;
      return fail(Code::kCorrupt, segment->path() + ": it supersedes " + segment_name(id) +
                                      ", which the manifest names as well; see `bf-verify scrub "
                                      "--repair`");
    }
  }
  return {};
}

Result<std::shared_ptr<const PinnedSeries>> pin_series(FileSystem& files, const Series& series,
                                                       const KnownProof& known) {
  return pin(files, series, known, Pin::kAll);
}

Result<GapIndex> read_gaps(FileSystem& files, const Series& series, const KnownProof& known) {
  const auto pinned = pin(files, series, known, Pin::kGaps);
  if (!pinned) return fail(pinned.error());
  return (*pinned)->gaps;
}

Result<Merge> merge_all(const PinnedSeries& pinned, TimeRange range, ColumnSet columns, bool live) {
  std::vector<std::unique_ptr<Cursor>> cursors;
  for (const auto& segment : pinned.segments) {
    const SegmentEntry& entry = segment->entry();
    if (entry.rows == 0 || entry.last_open < range.from || entry.first_open >= range.to) continue;
    Result<std::unique_ptr<Cursor>> cursor = segment_cursor(segment, range.from, columns);
    if (!cursor) return fail(cursor.error());
    cursors.push_back(std::move(*cursor));
  }
  const std::size_t pages = live ? pinned.pages.size() : pinned.durable_pages;
  for (std::size_t i = 0; i < pages; ++i) {
    const AnsweredRows& page = pinned.pages[i];
    if (page.rows.empty() || page.rows.open_time().back() < range.from ||
        page.rows.open_time().front() >= range.to) {
      continue;
    }
    cursors.push_back(std::make_unique<PageCursor>(page, range.from));
  }
  return Merge(std::move(cursors), range.to, pinned.series.instrument.exchange);
}

std::unique_ptr<SeriesSnapshot> make_snapshot(std::shared_ptr<const PinnedSeries> pinned) {
  return std::make_unique<Snapshot>(std::move(pinned));
}

}  // namespace bf::store
