// store/answer_cut.h
//
// Cutting answers where rows were lost. An answer that crosses the edge of a span is kept whole in the
// segments of both. When one of them is lost, the answer in the other still says of its slots that they
// were answered; and now that no row is there, that nobody has them: they would be absent, and never
// fetched again. So a repair takes out of every answer what was lost. It becomes missing.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "store/answer.h"
#include "store/base/range_set.h"
#include "store/segment.h"
#include "store/segment_switch.h"

namespace bf::store {

class AnswerCut {
 public:
  /// Leaves of each of `answers` what lies in `bounds` and not in `lost`.
  AnswerCut(std::span<const Answer> answers, const RangeSet& lost, TimeRange bounds);

  /// Whether anything was taken out.
  [[nodiscard]] bool changed() const noexcept { return changed_; }
  /// The pieces, in the order of the answers that they are of.
  [[nodiscard]] const std::vector<Answer>& pieces() const noexcept { return pieces_; }
  /// The piece of answer `answer` that covers `t`; the count of pieces where none does.
  [[nodiscard]] std::uint32_t piece_at(std::uint32_t answer, TimeMs t) const noexcept;

 private:
  std::vector<Answer> pieces_;
  std::vector<std::uint32_t> ends_;  // of the n-th answer's pieces
  bool changed_ = false;
};

/// The segment with all of its rows and revisions and the answers of `cut`, in its own place.
/// Requires: no row of it was lost; `segment` and `cut` outlive what is returned.
[[nodiscard]] SegmentSwitch::NewSegment with_cut_answers(
    const std::shared_ptr<const Segment>& segment, const AnswerCut& cut);

/// The page as pieces, none of which speaks for a slot in `lost`. Requires: no row of it was lost.
[[nodiscard]] std::vector<AnsweredRows> cut_page(const AnsweredRows& page, const RangeSet& lost);

}  // namespace bf::store
