// store/gap_index.h
//
// What is known of every slot of a series: held, absent (confirmed or provisional) or missing. Folded
// from rows and answers, never an authority of its own, so it cannot disagree with the data.
//
//   held                 a row is stored
//   absent, confirmed    no row, and the evidence suffices (below)
//   absent, provisional  no row, covered by a good answer, evidence too thin; due to be asked again
//   missing              the rest
//
// A slot without a row is confirmed absent when one of these holds:
//   - one REST answer, asked 24 h or more after the slot closed, spans the hole: the slot before the
//     hole is held (or the hole begins where the answer's asked range begins right behind a held
//     slot) and the answer's own rows reach the next held slot behind it;
//   - two REST answers, asked 24 h or more apart, both cover it;
//   - a REST answer and an archive both cover it.
// An archive alone never confirms: published files lack whole days. Its holes are due at once, and so
// are those of a stream or an import, which are no archives and confirm nothing.
//
// A slot is known by its open time: an answer covers the slots whose open times lie in its asked
// range. All instants are in [kTimeMin, kTimeMax), as those of rows are; an asked_at may be any.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "store/answer.h"
#include "store/base/interval.h"
#include "store/base/range_set.h"

namespace bf::store {

enum class SlotState : std::uint8_t { kHeld, kAbsentConfirmed, kAbsentProvisional, kMissing };
/// "held", "absent", "provisional", "missing".
[[nodiscard]] std::string_view slot_state_name(SlotState state) noexcept;

/// A run of slots of one state. For kAbsentProvisional, `due` is when to ask again (ms; already past
/// when it is due now): 1 h after the first answer, then 24 h after it; at once behind an archive
/// alone.
struct StateRange {
  TimeRange range;
  SlotState state = SlotState::kMissing;
  TimeMs due = 0;
  friend bool operator==(const StateRange&, const StateRange&) = default;
};

/// Slots by state.
struct SlotCounts {
  std::int64_t held = 0;
  std::int64_t absent_confirmed = 0;
  std::int64_t absent_provisional = 0;
  std::int64_t missing = 0;
  TimeMs next_due = 0;  ///< the earliest `due` of the provisional ones; 0 when there are none

  [[nodiscard]] std::int64_t wanted() const noexcept {
    return held + absent_confirmed + absent_provisional + missing;
  }
};

/// Threads: as a value; not synchronised.
class GapIndex {
 public:
  explicit GapIndex(Interval interval) : interval_(interval) {}

  /// Rows with these open times are stored (sorted). An open time off the grid holds the slot that it
  /// lies in. Cost: a scan for gaps for rows behind what is held, else O(held ranges + answers) more.
  void add_rows(const std::vector<TimeMs>& open_times);
  /// Slots of a sealed segment, as ranges from slot to slot.
  void add_held(const RangeSet& slots);
  void add_answer(const Answer& answer);

  [[nodiscard]] Interval interval() const noexcept { return interval_; }
  [[nodiscard]] const RangeSet& held() const noexcept { return held_; }

  /// The states of the slots whose open times lie in `wanted`, in order, adjacent runs of one state
  /// (and due) merged. Cost: O(held ranges in `wanted` + answers x log answers).
  [[nodiscard]] std::vector<StateRange> states(TimeRange wanted) const;
  [[nodiscard]] SlotCounts count(TimeRange wanted) const;
  /// What a run at `now` asks for: missing slots, and provisional ones that are due.
  [[nodiscard]] RangeSet to_fetch(TimeRange wanted, TimeMs now) const;

  /// Answers that still bear on a slot without a row; one about held slots alone is dropped as it comes
  /// or when they become held, so that the size stays with the number of holes. None are merged: two
  /// neighbours differ in when they were asked, and a hole over their seam is spanned by neither.
  [[nodiscard]] const std::vector<Answer>& answers() const noexcept { return answers_; }

 private:
  /// Drops the answers that have become held wholly, by rows in `changed`.
  void drop_held_answers(TimeRange changed);

  Interval interval_;
  RangeSet held_;
  std::vector<Answer> answers_;
};

}  // namespace bf::store
