#include "store/compact.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "store/answer_merge.h"
#include "store/conflicts.h"
#include "store/content_hash.h"
#include "store/cursors.h"
#include "store/merged_rows.h"
#include "store/snapshot.h"

namespace bf::store {
namespace {

using Segments = std::vector<std::shared_ptr<const Segment>>;

Result<Merge> merge_segments(const Segments& segments, const Series& series) {
  std::vector<std::unique_ptr<Cursor>> cursors;
  for (const auto& segment : segments) {
    if (segment->entry().rows == 0) continue;
    Result<std::unique_ptr<Cursor>> cursor = segment_cursor(segment, 0, kAllColumns);
    if (!cursor) return fail(cursor.error());
    cursors.push_back(std::move(*cursor));
  }
  return Merge(std::move(cursors), kTimeMax, series.instrument.exchange);
}

Result<Conflicts> conflicts_of(const Segments& segments, const Series& series) {
  std::vector<Loss> losses;
  for (const auto& segment : segments) {
    Result<std::vector<Loss>> found = segment->losses();
    if (!found) return fail(found.error());
    losses.insert(losses.end(), std::make_move_iterator(found->begin()),
                  std::make_move_iterator(found->end()));
  }
  return Conflicts(std::move(losses), series.instrument.exchange);
}

GapIndex gaps_of(const Segments& segments, const Series& series) {
  GapIndex gaps(series);
  for (const auto& segment : segments) add_segment(gaps, *segment);
  return gaps;
}

bool same_gaps(const GapIndex& a, const GapIndex& b) {
  constexpr TimeRange kAll = {kTimeMin, kTimeMax};
  return a.held_by_own() == b.held_by_own() && a.states(kAll) == b.states(kAll);
}

/// What a segment alone says, decoded anew.
Result<std::uint64_t> hash_of(const std::shared_ptr<const Segment>& segment, const Series& series) {
  Result<Conflicts> conflicts = conflicts_of({segment}, series);
  if (!conflicts) return fail(conflicts.error());
  Result<Merge> merge = merge_segments({segment}, series);
  if (!merge) return fail(merge.error());
  ContentHash hash;
  Slice slice;
  for (;;) {
    const Result<bool> more = merge->next(slice);
    if (!more) return fail(more.error());
    if (!*more) return hash.value();
    const Result<std::vector<Loss>> losses = conflicts->of(slice);
    if (!losses) return fail(losses.error());
    for (const Loss& loss : *losses) hash.add_conflict(loss);
    if (const Result<void> added = hash.add_rows(slice); !added) return fail(added.error());
  }
}

/// The answers of all segments merged, and which of them stands for each of the old ones.
struct AnswerTable {
  MergedAnswers merged;
  std::map<const Answer*, std::uint32_t> index;
};

AnswerTable merge_tables(const Segments& segments, const Series& series, TimeRange span) {
  std::vector<Answer> answers;
  HeldSlots held;
  for (const auto& segment : segments) {
    answers.insert(answers.end(), segment->answers().begin(), segment->answers().end());
    held.add(segment->held());
  }
  AnswerTable table;
  table.merged = merge_answers(answers, held, series, span);
  std::size_t at = 0;
  for (const auto& segment : segments) {
    for (const Answer& answer : segment->answers()) table.index[&answer] = table.merged.index[at++];
  }
  return table;
}

bool fits_one_segment(const Segments& segments) {
  std::uint64_t rows = 0;
  std::uint64_t answers = 0;
  for (const auto& segment : segments) {
    rows += segment->entry().rows;
    answers += segment->answers().size();
  }
  return rows <= kSegmentRowsMax && answers <= kSegmentAnswersMax;
}

}  // namespace

Compaction::Compaction(FileSystem& files, const Series& series, const Manifest& manifest)
    : files_(files), series_(series), manifest_(manifest), switch_(files, series, manifest) {}

Result<void> Compaction::run() {
  if (const Result<void> prepared = prepare(); !prepared) {
    switch_.clean_up();
    return prepared;
  }
  if (spans_ == 0) return {};
  uncertain_ = true;
  if (const Result<void> committed = switch_.commit(); !committed) return committed;
  uncertain_ = false;
  switch_.remove_replaced();  // W4: behind the manifest, never before it
  return {};
}

Result<void> Compaction::prepare() {
  const Result<Segments> segments = open_segments();
  if (!segments) return fail(segments.error());
  std::map<TimeMs, Segments> spans;
  for (const auto& segment : *segments) {
    spans[span_of_segment(series_.interval, *segment).from].push_back(segment);
  }
  for (const auto& [from, of_span] : spans) {
    if (of_span.size() < 2) continue;
    if (!fits_one_segment(of_span)) {
      ++spans_left_;
      continue;
    }
    const Result<void> compacted = compact_span(span_of(series_.interval, from), of_span);
    if (!compacted) return compacted;
    ++spans_;
  }
  if (spans_ == 0) return {};
  return switch_.prepare();
}

Result<Compaction::Segments> Compaction::open_segments() const {
  Segments segments;
  for (const SegmentEntry& entry : manifest_.segments) {
    auto segment = Segment::open(files_, series_, manifest_.series_uuid, entry);
    if (!segment) return fail(segment.error());
    segments.push_back(std::move(*segment));
  }
  if (const auto sound = check_superseded(segments); !sound) return fail(sound.error());
  return segments;
}

Result<void> Compaction::compact_span(TimeRange span, const Segments& segments) {
  const AnswerTable table = merge_tables(segments, series_, span);
  Result<Conflicts> conflicts = conflicts_of(segments, series_);
  if (!conflicts) return fail(conflicts.error());
  Result<Merge> merge = merge_segments(segments, series_);
  if (!merge) return fail(merge.error());

  SegmentSwitch::NewSegment next;
  next.answers = table.merged.answers;
  next.first_sequence = segments.front()->entry().first_sequence;
  for (const auto& segment : segments) {
    next.supersedes.push_back(segment->entry().id);
    next.first_sequence = std::min(next.first_sequence, segment->entry().first_sequence);
    next.last_sequence = std::max(next.last_sequence, segment->entry().last_sequence);
  }
  const auto origin_of = [&table](const RowOrigin& origin) {
    return SegmentWriter::Origin{table.index.at(origin.answer), origin.asked_at};
  };
  ContentHash before;
  next.fill = [&](SegmentWriter& writer) {
    return write_merged(*merge, *conflicts, origin_of, writer, &before);
  };
  next.prove = [&](const std::string& path, const SegmentEntry& entry) -> Result<void> {
    const auto after = Segment::open_at(files_, path, series_, switch_.next().series_uuid, entry);
    if (!after) return fail(after.error());
    const Result<std::uint64_t> hash = hash_of(*after, series_);
    if (!hash) return fail(hash.error());
    if (entry.rows != before.rows() || *hash != before.value()) {
      return fail(Code::kCorrupt, path +
                                      ": compacted, it has other rows than the segments that it "
                                      "would replace; bad memory or a fault of the codec");
    }
    if (!same_gaps(gaps_of({*after}, series_), gaps_of(segments, series_))) {
      return fail(Code::kCorrupt, path +
                                      ": compacted, it has other gaps than the segments that it "
                                      "would replace; bad memory or a fault of the merge");
    }
    return {};
  };
  return switch_.add_segment(next);
}

}  // namespace bf::store
