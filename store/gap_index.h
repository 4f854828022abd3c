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
// Only answers of the series' own exchange are evidence. What a fallback leaves out says nothing of the
// own exchange; its rows hold their slots like any other, and who was asked is remembered.
//
// A slot is known by its open time: an answer covers the slots whose open times lie in its asked
// range. All instants are in [kTimeMin, kTimeMax), as those of rows are; an asked_at may be any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/answer.h"
#include "store/base/interval.h"
#include "store/base/range_set.h"
#include "store/base/series.h"
#include "store/held_slots.h"

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
  GapIndex(Interval interval, std::string own_exchange)
      : interval_(interval), own_exchange_(std::move(own_exchange)) {}
  explicit GapIndex(const Series& series) : GapIndex(series.interval, series.instrument.exchange) {}

  /// Rows with these open times (sorted), which `exchange` gave, are stored. An open time off the grid
  /// holds the slot that it lies in. Cost: a scan for gaps for rows behind what is held, else O(held
  /// ranges + answers) more.
  void add_rows(const std::vector<TimeMs>& open_times, std::string_view exchange);
  /// Slots of a sealed segment.
  void add_held(const HeldSlots& slots);
  void add_answer(const Answer& answer);

  [[nodiscard]] Interval interval() const noexcept { return interval_; }
  /// Slots with a row, of whatever exchange.
  [[nodiscard]] const RangeSet& held() const noexcept { return held_; }
  /// Those with a row of the series' own exchange.
  [[nodiscard]] const RangeSet& held_by_own() const noexcept { return own_; }

  /// The states of the slots whose open times lie in `wanted`, in order, adjacent runs of one state
  /// (and due) merged. Cost: O(held ranges in `wanted` + answers x log answers).
  [[nodiscard]] std::vector<StateRange> states(TimeRange wanted) const;
  [[nodiscard]] SlotCounts count(TimeRange wanted) const;
  /// What a run at `now` asks the own exchange for: slots that are missing, or absent provisionally and
  /// due, were no row of a fallback there.
  [[nodiscard]] RangeSet to_fetch(TimeRange wanted, TimeMs now) const;
  /// Slots of `wanted` without a row for which `exchange`, a fallback, should be asked at `now`: all but
  /// those that it left out of a REST answer 24 h or more after they closed, or in the last hour.
  [[nodiscard]] RangeSet to_ask_of(std::string_view exchange, const RangeSet& wanted,
                                   TimeMs now) const;

  /// Answers that still bear on a slot without a row; one about held slots alone is dropped as it comes
  /// or when they become held, so that the size stays with the number of holes. None are merged: two
  /// neighbours differ in when they were asked, and a hole over their seam is spanned by neither.
  [[nodiscard]] const std::vector<Answer>& answers() const noexcept { return answers_; }

 private:
  /// Whether `answer` bears on no slot any more: each that it covers has a row of who gave it, or, for
  /// a fallback, any row.
  [[nodiscard]] bool is_settled(const Answer& answer) const;
  /// Drops the answers that have become settled by rows in `changed`.
  void drop_settled_answers(TimeRange changed);
  /// states() as if these slots alone had a row.
  [[nodiscard]] std::vector<StateRange> states_over(TimeRange wanted, const RangeSet& held) const;

  Interval interval_;
  std::string own_exchange_;
  RangeSet held_;
  RangeSet own_;  ///< those of held_ that have a row of the own exchange
  std::vector<Answer> answers_;
};

}  // namespace bf::store
