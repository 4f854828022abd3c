#include "store/verify.h"

#include <algorithm>

#include "store/atomic_file.h"
#include "store/gap_cache.h"
#include "store/row_order.h"
#include "store/segment_writer.h"

namespace bf::store {
namespace {

/// Every row lies in the range that its answer covers.
Result<void> check_origins(const Segment& segment, const SegmentBlock& block,
                           const std::vector<TimeMs>& times, std::span<const AnswerRun> runs,
                           std::size_t& run) {
  for (std::size_t i = 0; i < times.size(); ++i) {
    while (runs[run].row_end <= block.first_row + i) ++run;
    if (!segment.answers()[runs[run].answer].asked.contains(times[i])) {
      return fail(Code::kCorrupt, segment.path() + ": the row at " + format_time(times[i]) +
                                      " lies outside of what its answer covers");
    }
  }
  return {};
}

/// Every revision is of a row that the segment has, with the values that it names.
Result<void> check_revisions(const Segment& segment, const CandleBatch& rows,
                             std::span<const Conflict> revisions, std::size_t& next) {
  const std::vector<TimeMs>& times = rows.open_time();
  for (; next < revisions.size() && revisions[next].open_time <= times.back(); ++next) {
    const Conflict& revision = revisions[next];
    const auto at = std::lower_bound(times.begin(), times.end(), revision.open_time);
    const auto row = static_cast<std::size_t>(at - times.begin());
    if (*at == revision.open_time && row_values(rows, row) == revision.winner_values) continue;
    return fail(Code::kCorrupt, segment.path() + ": it has not the row that the revision of " +
                                    format_time(revision.open_time) + " names");
  }
  return {};
}

Result<void> verify_cache(const PinnedSeries& pinned) {
  if (!pinned.cached_gaps) return {};
  GapIndex folded(pinned.series);
  for (const auto& segment : pinned.segments) add_segment(folded, *segment);
  constexpr TimeRange kAll = {kTimeMin, kTimeMax};
  if (folded.held_by_own() == pinned.cached_gaps->held_by_own() &&
      folded.states(kAll) == pinned.cached_gaps->states(kAll)) {
    return {};
  }
  return fail(Code::kCorrupt, join_path(pinned.series.path(), kGapCacheName) +
                                  ": not what the segments say; remove the file, it is made again");
}

}  // namespace

Result<void> verify_segment(Interval interval, const Segment& segment) {
  const Result<std::span<const SegmentBlock>> blocks = segment.blocks();
  if (!blocks) return fail(blocks.error());
  const Result<std::span<const AnswerRun>> runs = segment.runs();
  if (!runs) return fail(runs.error());
  const Result<std::vector<Conflict>> revisions = segment.revisions();
  if (!revisions) return fail(revisions.error());

  RowCodec codec;
  CandleBatch rows;
  SlotCollector slots(interval);
  std::size_t run = 0;
  std::size_t slot_run = 0;
  std::size_t revision = 0;
  for (std::size_t i = 0; i < blocks->size(); ++i) {
    const Result<void> read =
        segment.read_block(i, kAllColumns, codec, rows, /*always_check=*/true);
    if (!read) return fail(read.error());
    const Result<void> origins = check_origins(segment, (*blocks)[i], rows.open_time(), *runs, run);
    if (!origins) return fail(origins.error());
    const Result<void> revised = check_revisions(segment, rows, *revisions, revision);
    if (!revised) return fail(revised.error());
    segment.collect_slots((*blocks)[i], rows.open_time(), *runs, slot_run, slots);
  }
  if (revision != revisions->size()) {
    return fail(Code::kCorrupt, segment.path() + ": a revision of a row that it has not");
  }
  if (slots.held() != segment.held()) {
    return fail(Code::kCorrupt, segment.path() + ": its held ranges are not those of its rows");
  }
  if (segment.entry().rows > 0 && span_of(interval, segment.entry().first_open) !=
                                      span_of(interval, segment.entry().last_open)) {
    return fail(Code::kCorrupt, segment.path() + ": its rows reach over the end of their span");
  }
  return {};
}

Result<void> verify_series(const PinnedSeries& pinned) {
  HeldSlots held;
  for (const auto& segment : pinned.segments) {
    if (const Result<void> sound = verify_segment(pinned.series.interval, *segment); !sound)
      return fail(sound.error());
    held.add(segment->held());
  }
  // The log's frames were checked and decoded when they were read; a fault in them is never a page.
  SlotCollector slots(pinned.series.interval);
  for (std::size_t i = 0; i < pinned.durable_pages; ++i) {
    const AnsweredRows& page = pinned.pages[i];
    if (const Result<void> sound = check_page(page); !sound) {
      return fail(Code::kCorrupt, pinned.series.name() + ": the log: " + sound.error().message());
    }
    slots.add(page.rows.open_time(), page.answer.exchange == pinned.series.instrument.exchange);
  }
  held.add(slots.held());
  if (held.all != pinned.gaps.held() || held.by_own() != pinned.gaps.held_by_own()) {
    return fail(Code::kCorrupt, pinned.series.name() + ": the gap index is not what the rows say");
  }
  return verify_cache(pinned);
}

}  // namespace bf::store
