#include "store/answer_merge.h"

#include <algorithm>
#include <compare>
#include <numeric>

#include "store/gap_index.h"

namespace bf::store {
namespace {

constexpr TimeRange kAllTime = {kTimeMin, kTimeMax};

std::strong_ordering compare_source(const Answer& a, const Answer& b) {
  if (const auto order = a.exchange <=> b.exchange; order != 0) return order;
  if (const auto order = a.channel <=> b.channel; order != 0) return order;
  return a.archive_hash <=> b.archive_hash;
}

/// By source, then by what was asked: neighbours stand beside each other, and so do equal answers.
bool before(const Answer& a, const Answer& b) {
  if (const auto order = compare_source(a, b); order != 0) return order < 0;
  if (a.asked.from != b.asked.from) return a.asked.from < b.asked.from;
  if (a.asked.to != b.asked.to) return a.asked.to < b.asked.to;
  if (a.asked_at != b.asked_at) return a.asked_at < b.asked_at;
  if (a.first_row != b.first_row) return a.first_row < b.first_row;
  return a.last_row < b.last_row;
}

bool settled(SlotState state) {
  return state == SlotState::kHeld || state == SlotState::kAbsentConfirmed;
}

/// The slots whose state is final.
RangeSet settled_slots(std::span<const StateRange> states) {
  RangeSet slots;
  for (const StateRange& piece : states) {
    if (settled(piece.state)) slots.add(piece.range);
  }
  return slots;
}

void absorb(Answer& into, const Answer& other) {
  into.asked.to = std::max(into.asked.to, other.asked.to);
  into.asked_at = std::max(into.asked_at, other.asked_at);
  if (!other.has_rows()) return;
  if (!into.has_rows()) {
    into.first_row = other.first_row;
    into.last_row = other.last_row;
    return;
  }
  into.first_row = std::min(into.first_row, other.first_row);
  into.last_row = std::max(into.last_row, other.last_row);
}

class Merger {
 public:
  Merger(std::span<const Answer> answers, const HeldSlots& held, const Series& series,
         TimeRange span)
      : answers_(answers), held_(held), series_(series), span_(span), order_(answers.size()) {
    std::iota(order_.begin(), order_.end(), 0U);
    std::sort(order_.begin(), order_.end(), [this](std::uint32_t a, std::uint32_t b) {
      return before(answers_[a], answers_[b]);
    });
  }

  [[nodiscard]] std::vector<StateRange> states(std::span<const Answer> answers) const {
    GapIndex gaps(series_);
    // As the own exchange sees them: rows of others change nothing of what its answers say.
    gaps.add_held({held_.by_own(), {}});
    for (const Answer& answer : answers) gaps.add_answer(answer);
    return gaps.states(kAllTime);
  }

  /// Merges answers of the own exchange that lie in `slots` wholly, and of others that are held wholly.
  [[nodiscard]] MergedAnswers merge(const RangeSet& slots) const {
    MergedAnswers merged;
    merged.index.resize(answers_.size());
    const Answer* previous = nullptr;
    bool open = false;  // whether the last of merged.answers takes neighbours
    for (const std::uint32_t i : order_) {
      const Answer& answer = answers_[i];
      const bool equal = previous != nullptr && *previous == answer;
      previous = &answer;
      const bool own = answer.exchange == series_.instrument.exchange;
      const bool mergeable =
          (own ? slots : held_.all).covers(slots_of(answer)) && within_span(answer);
      if (!equal) {
        const bool joins = open && mergeable &&
                           compare_source(merged.answers.back(), answer) == 0 &&
                           answer.asked.from <= merged.answers.back().asked.to;
        if (joins) {
          absorb(merged.answers.back(), answer);
        } else {
          merged.answers.push_back(answer);
        }
        // One that may not be merged must not end a run of neighbours, but order is all there is here:
        // they go on behind it as a new one.
        open = mergeable;
      }
      merged.index[i] = static_cast<std::uint32_t>(merged.answers.size() - 1);
    }
    return merged;
  }

 private:
  [[nodiscard]] TimeRange slots_of(const Answer& answer) const {
    return {slot_ceil(series_.interval, answer.asked.from),
            slot_ceil(series_.interval, answer.asked.to)};
  }
  [[nodiscard]] bool within_span(const Answer& answer) const {
    return span_.from <= answer.asked.from && answer.asked.to <= span_.to;
  }

  std::span<const Answer> answers_;
  const HeldSlots& held_;
  const Series& series_;
  TimeRange span_;
  std::vector<std::uint32_t> order_;
};

}  // namespace

MergedAnswers merge_answers(std::span<const Answer> answers, const HeldSlots& held,
                            const Series& series, TimeRange span) {
  const Merger merger(answers, held, series, span);
  const std::vector<StateRange> states = merger.states(answers);
  MergedAnswers merged = merger.merge(settled_slots(states));
  if (merger.states(merged.answers) == states) return merged;
  // Two answers that confirmed a hole by the time between them may be asked at one time once they are
  // merged. What covers held slots alone bears on no hole.
  merged = merger.merge(held.by_own());
  if (merger.states(merged.answers) == states) return merged;
  return merger.merge(RangeSet());
}

}  // namespace bf::store
