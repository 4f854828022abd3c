// store/answer_merge.h
//
// Merging of neighbouring answers, so that a segment that was fetched in hundreds of pages keeps a few.
//
// A merged answer stands for neighbours of one exchange, channel and archive file whose asked ranges
// touch or overlap. It covers what they covered, and has the latest of their asked_at. Two things must
// not change by it:
//
//   the state of any slot    Answers are merged only where each slot that they cover is held, or is
//                            confirmed absent by what the segment itself has; a fallback's, which are
//                            no evidence, where each is held. Both are final: no answer
//                            and no row that comes later takes them back, so whatever else is folded
//                            with the segment, the slots have the states that they had. The merged
//                            answers are folded and compared before they are used.
//   which row stands         Rows keep when they were asked for: a segment's runs and revisions have an
//                            asked_at of their own (docs/format.md, "Segment").
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "store/answer.h"
#include "store/base/series.h"
#include "store/held_slots.h"

namespace bf::store {

struct MergedAnswers {
  std::vector<Answer> answers;
  std::vector<std::uint32_t> index;  ///< which of `answers` stands for the n-th that was given
};

/// Merges the answers of a segment of `series` and `span` that will hold the slots `held`. Equal answers become one
/// wherever they lie; others are merged only when they lie within the span.
[[nodiscard]] MergedAnswers merge_answers(std::span<const Answer> answers, const HeldSlots& held,
                                          const Series& series, TimeRange span);

}  // namespace bf::store
