#include "store/answer_cut.h"

#include <algorithm>

namespace bf::store {
namespace {

/// `answer` as it would be, had only `range` of it been asked for.
Answer piece_of(const Answer& answer, TimeRange range) {
  Answer piece = answer;
  piece.asked = range;
  if (!answer.has_rows()) return piece;
  // Where rows reached over an end of the piece, they reach to that end: rows of lost slots do not
  // speak for a hole, so nothing more becomes confirmed by this.
  piece.first_row = std::max(answer.first_row, range.from);
  piece.last_row = std::min(answer.last_row, range.to - 1);
  if (piece.has_rows()) return piece;
  piece.first_row = Answer().first_row;
  piece.last_row = Answer().last_row;
  return piece;
}

Error uncovered(const Segment& segment, TimeMs open_time) {
  return Error(Code::kCorrupt,
               segment.path() + ": no answer covers the row at " + format_time(open_time));
}

Result<void> copy_revisions(const Segment& segment, const AnswerCut& cut, SegmentWriter& writer) {
  const Result<std::vector<Loss>> losses = segment.losses();
  if (!losses) return fail(losses.error());
  for (const Loss& loss : *losses) {
    const auto origin_of = [&](const RowOrigin& origin) {
      const auto index = static_cast<std::uint32_t>(origin.answer - segment.answers().data());
      return SegmentWriter::Origin{cut.piece_at(index, loss.open_time), origin.asked_at};
    };
    const SegmentWriter::Origin winner = origin_of(loss.winner);
    const SegmentWriter::Origin loser = origin_of(loss.loser);
    if (std::max(winner.answer, loser.answer) >= cut.pieces().size()) {
      return fail(uncovered(segment, loss.open_time));
    }
    writer.add_revision(loss.open_time, winner, loss.winner_values, loser, loss.loser_values);
  }
  return {};
}

/// Adds the rows of one block, a piece at a time. `run` is that of the block's first row, and becomes
/// that of the next block's.
Result<void> copy_block(const Segment& segment, const SegmentBlock& block, const CandleBatch& rows,
                        std::span<const AnswerRun> runs, std::size_t& run, const AnswerCut& cut,
                        SegmentWriter& writer) {
  const std::vector<TimeMs>& times = rows.open_time();
  for (std::size_t begin = 0; begin < times.size();) {
    while (runs[run].row_end <= block.first_row + begin) ++run;
    const std::uint32_t piece = cut.piece_at(runs[run].answer, times[begin]);
    if (piece >= cut.pieces().size()) return fail(uncovered(segment, times[begin]));
    const std::size_t run_end =
        std::min<std::size_t>(times.size(), runs[run].row_end - block.first_row);
    const auto behind = std::lower_bound(times.begin() + static_cast<std::ptrdiff_t>(begin),
                                         times.begin() + static_cast<std::ptrdiff_t>(run_end),
                                         cut.pieces()[piece].asked.to);
    const auto end = static_cast<std::size_t>(behind - times.begin());
    const Result<void> added = writer.add_rows(rows, begin, end, {piece, runs[run].asked_at});
    if (!added) return added;
    begin = end;
  }
  return {};
}

Result<void> copy_rows(const Segment& segment, const AnswerCut& cut, SegmentWriter& writer) {
  if (const Result<void> copied = copy_revisions(segment, cut, writer); !copied) return copied;
  const Result<std::span<const SegmentBlock>> blocks = segment.blocks();
  if (!blocks) return fail(blocks.error());
  const Result<std::span<const AnswerRun>> runs = segment.runs();
  if (!runs) return fail(runs.error());
  RowCodec codec;
  CandleBatch rows;
  std::size_t run = 0;
  for (std::size_t i = 0; i < blocks->size(); ++i) {
    if (const auto read = segment.read_block(i, kAllColumns, codec, rows); !read) return read;
    const Result<void> copied = copy_block(segment, (*blocks)[i], rows, *runs, run, cut, writer);
    if (!copied) return copied;
  }
  return {};
}

}  // namespace

AnswerCut::AnswerCut(std::span<const Answer> answers, const RangeSet& lost, TimeRange bounds) {
  for (const Answer& answer : answers) {
    RangeSet left(answer.asked.intersect(bounds));
    left.subtract(lost.intersect(answer.asked));
    for (const TimeRange range : left.ranges()) pieces_.push_back(piece_of(answer, range));
    ends_.push_back(static_cast<std::uint32_t>(pieces_.size()));
    changed_ = changed_ || left != RangeSet(answer.asked);
  }
}

std::uint32_t AnswerCut::piece_at(std::uint32_t answer, TimeMs t) const noexcept {
  const std::uint32_t begin = answer == 0 ? 0 : ends_[answer - 1];
  const auto last = pieces_.begin() + ends_[answer];
  const auto found = std::partition_point(pieces_.begin() + begin, last,
                                          [t](const Answer& piece) { return piece.asked.to <= t; });
  if (found == last || !found->asked.contains(t)) return static_cast<std::uint32_t>(pieces_.size());
  return static_cast<std::uint32_t>(found - pieces_.begin());
}

std::vector<AnsweredRows> cut_page(const AnsweredRows& page, const RangeSet& lost) {
  const AnswerCut cut({&page.answer, 1}, lost, {kTimeMin, kTimeMax});
  const std::vector<TimeMs>& times = page.rows.open_time();
  std::vector<AnsweredRows> pieces;
  for (const Answer& answer : cut.pieces()) {
    AnsweredRows piece;
    piece.answer = answer;
    piece.rows.columns = page.rows.columns;
    const auto begin = std::lower_bound(times.begin(), times.end(), answer.asked.from);
    const auto end = std::lower_bound(begin, times.end(), answer.asked.to);
    piece.rows.append_rows(page.rows, static_cast<std::size_t>(begin - times.begin()),
                           static_cast<std::size_t>(end - times.begin()));
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

SegmentSwitch::NewSegment with_cut_answers(const std::shared_ptr<const Segment>& segment,
                                           const AnswerCut& cut) {
  SegmentSwitch::NewSegment next;
  next.answers = cut.pieces();
  next.supersedes = {segment->entry().id};
  next.first_sequence = segment->entry().first_sequence;
  next.last_sequence = segment->entry().last_sequence;
  next.fill = [segment, &cut](SegmentWriter& writer) { return copy_rows(*segment, cut, writer); };
  return next;
}

}  // namespace bf::store
