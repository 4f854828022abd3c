#include "store/gap_index.h"

#include <algorithm>
#include <set>
#include <span>

#include "store/base/assert.h"

namespace bf::store {
namespace {

// How long after a first answer without a row the exchange is asked again, and how far apart two
// answers must lie to confirm each other.
constexpr DurationMs kAskAgainMs = kHourMs;
constexpr DurationMs kConfirmMs = 24 * kHourMs;

bool is_archive(Channel channel) noexcept {
  return channel == Channel::kArchiveDaily || channel == Channel::kArchiveMonthly;
}

/// The slots whose open times lie in `range`.
TimeRange slots_in(Interval interval, TimeRange range) noexcept {
  if (range.empty()) return {};
  return {slot_ceil(interval, range.from), slot_ceil(interval, range.to)};
}

/// The first held range that ends behind `t`.
std::span<const TimeRange>::iterator first_behind(std::span<const TimeRange> held, TimeMs t) {
  return std::partition_point(held.begin(), held.end(),
                              [t](const TimeRange& range) { return range.to <= t; });
}

/// The slots that `answer` alone confirms absent, where no row is held: those of holes that it spans
/// from a held slot to the next one, closed 24 h or more before it was asked.
TimeRange spanned_slots(const Answer& answer, TimeRange covered, Interval interval,
                        std::span<const TimeRange> held) {
  if (answer.channel != Channel::kRest || !answer.has_rows() || held.empty()) return {};
  TimeRange spanned = covered;

  // A hole that begins before the answer does is not spanned: go on from the next held slot.
  const auto left = first_behind(held, spanned.from - 1);
  if (left == held.end()) return {};
  spanned.from = std::max(spanned.from, left->from);

  // Nor is one that the answer's own rows do not close: go back to the last held slot they reach.
  const TimeMs last_slot = slot_begin(interval, answer.last_row);
  const auto right = first_behind(held, last_slot);
  const bool reached = right != held.end() && right->from <= last_slot;
  if (reached) {
    spanned.to = std::min(spanned.to, last_slot);
  } else if (right == held.begin()) {
    return {};
  } else {
    spanned.to = std::min(spanned.to, std::prev(right)->to);
  }
  spanned.to = std::min(spanned.to, slot_begin(interval, answer.asked_at - kConfirmMs));
  return spanned;
}

/// What is known of a slot without a row, from the answers that cover it.
class Evidence {
 public:
  void cover(const Answer& answer) {
    (answer.channel == Channel::kRest ? rest_ : others_).insert(answer.asked_at);
    if (is_archive(answer.channel)) ++archives_;
  }
  void uncover(const Answer& answer) {
    std::multiset<TimeMs>& asked = answer.channel == Channel::kRest ? rest_ : others_;
    asked.erase(asked.find(answer.asked_at));
    if (is_archive(answer.channel)) --archives_;
  }
  void span(int change) noexcept { spans_ += change; }

  /// `range` with its state and due time.
  [[nodiscard]] StateRange verdict(TimeRange range) const {
    if (rest_.empty() && others_.empty()) return {range, SlotState::kMissing, 0};
    // What a file or a stream lacks was never asked of the exchange itself: that is due at once.
    if (rest_.empty()) return {range, SlotState::kAbsentProvisional, *others_.begin()};
    const TimeMs first = *rest_.begin();
    const DurationMs apart = *rest_.rbegin() - first;
    if (spans_ > 0 || archives_ > 0 || apart >= kConfirmMs) {
      return {range, SlotState::kAbsentConfirmed, 0};
    }
    const DurationMs wait = apart < kAskAgainMs ? kAskAgainMs : kConfirmMs;
    return {range, SlotState::kAbsentProvisional, first + wait};
  }

 private:
  std::multiset<TimeMs> rest_;    ///< asked_at of the REST answers
  std::multiset<TimeMs> others_;  ///< asked_at of all other answers
  int archives_ = 0;
  int spans_ = 0;
};

/// A place where the evidence changes.
struct Change {
  enum class What : std::uint8_t { kCover, kUncover, kSpan, kUnspan };
  TimeMs at = 0;
  What what = What::kCover;
  const Answer* answer = nullptr;

  void apply(Evidence& evidence) const {
    switch (what) {
      case What::kCover:
        return evidence.cover(*answer);
      case What::kUncover:
        return evidence.uncover(*answer);
      case What::kSpan:
        return evidence.span(+1);
      case What::kUnspan:
        return evidence.span(-1);
    }
  }
};

/// The changes of evidence in `wanted`, in order of time.
std::vector<Change> changes_in(TimeRange wanted, const std::vector<Answer>& answers,
                               std::string_view own_exchange, Interval interval,
                               std::span<const TimeRange> held) {
  std::vector<Change> changes;
  const auto add = [&](TimeRange range, Change::What begin, Change::What end,
                       const Answer& answer) {
    range = range.intersect(wanted);
    if (range.empty()) return;
    changes.push_back({range.from, begin, &answer});
    changes.push_back({range.to, end, &answer});
  };
  for (const Answer& answer : answers) {
    const TimeRange covered = slots_in(interval, answer.asked);
    if (answer.exchange != own_exchange || covered.intersect(wanted).empty()) continue;
    add(covered, Change::What::kCover, Change::What::kUncover, answer);
    add(spanned_slots(answer, covered, interval, held), Change::What::kSpan, Change::What::kUnspan,
        answer);
  }
  std::sort(changes.begin(), changes.end(),
            [](const Change& a, const Change& b) { return a.at < b.at; });
  return changes;
}

/// Appends `next`, joined to the last one where it goes on with it.
void append_joined(std::vector<StateRange>& states, StateRange next) {
  if (next.range.empty()) return;
  if (!states.empty()) {
    StateRange& last = states.back();
    if (last.range.to == next.range.from && last.state == next.state && last.due == next.due) {
      last.range.to = next.range.to;
      return;
    }
  }
  states.push_back(next);
}

/// What is known of `wanted` were no row held.
std::vector<StateRange> states_without_rows(TimeRange wanted, const std::vector<Change>& changes) {
  std::vector<StateRange> states;
  Evidence evidence;
  TimeMs from = wanted.from;
  for (const Change& change : changes) {
    if (from < change.at) append_joined(states, evidence.verdict({from, change.at}));
    from = change.at;
    change.apply(evidence);
  }
  append_joined(states, evidence.verdict({from, wanted.to}));
  return states;
}

}  // namespace

std::string_view slot_state_name(SlotState state) noexcept {
  switch (state) {
    case SlotState::kHeld:
      return "held";
    case SlotState::kAbsentConfirmed:
      return "absent";
    case SlotState::kAbsentProvisional:
      return "provisional";
    case SlotState::kMissing:
      return "missing";
  }
  return "unknown";
}

void GapIndex::add_rows(const std::vector<TimeMs>& open_times, std::string_view exchange) {
  if (open_times.empty()) return;
  const bool own = exchange == own_exchange_;
  RangeSet slots;
  add_slots(interval_, open_times, slots);
  for (const TimeRange& run : slots.ranges()) {
    held_.add(run);
    if (own) own_.add(run);
  }
  drop_settled_answers(
      {slot_begin(interval_, open_times.front()), next_slot(interval_, open_times.back())});
}

void GapIndex::add_held(const HeldSlots& slots) {
  if (slots.all.empty()) return;
  held_.add(slots.all);
  own_.add(slots.by_others.empty() ? slots.all : slots.by_own());
  drop_settled_answers({slots.all.ranges().front().from, slots.all.ranges().back().to});
}

bool GapIndex::is_settled(const Answer& answer) const {
  const RangeSet& held = answer.exchange == own_exchange_ ? own_ : held_;
  return held.covers(slots_in(interval_, answer.asked));
}

void GapIndex::add_answer(const Answer& answer) {
  if (slots_in(interval_, answer.asked).empty() || is_settled(answer)) return;
  answers_.push_back(answer);
}

void GapIndex::drop_settled_answers(TimeRange changed) {
  std::erase_if(answers_, [&](const Answer& answer) {
    // Only what meets the rows that came can have become settled.
    if (answer.asked.to < changed.from || changed.to < answer.asked.from) return false;
    return is_settled(answer);
  });
}

std::vector<StateRange> GapIndex::states(TimeRange wanted) const {
  return states_over(wanted, held_);
}

std::vector<StateRange> GapIndex::states_over(TimeRange wanted, const RangeSet& rows) const {
  wanted = slots_in(interval_, wanted);
  if (wanted.empty()) return {};
  // What the own exchange's answers say is held against its own rows.
  const std::vector<StateRange> without_rows = states_without_rows(
      wanted, changes_in(wanted, answers_, own_exchange_, interval_, own_.ranges()));

  // Held ranges laid over it.
  std::vector<StateRange> states;
  auto held = first_behind(rows.ranges(), wanted.from);
  const auto held_end = rows.ranges().end();
  for (const StateRange& piece : without_rows) {
    TimeMs from = piece.range.from;
    while (from < piece.range.to) {
      if (held == held_end || piece.range.to <= held->from) {
        append_joined(states, {{from, piece.range.to}, piece.state, piece.due});
        break;
      }
      append_joined(states, {{from, held->from}, piece.state, piece.due});
      const TimeMs held_to = std::min(held->to, piece.range.to);
      append_joined(states, {{std::max(from, held->from), held_to}, SlotState::kHeld, 0});
      from = held_to;
      if (held->to <= piece.range.to) ++held;
    }
  }
  return states;
}

SlotCounts GapIndex::count(TimeRange wanted) const {
  SlotCounts counts;
  for (const StateRange& piece : states(wanted)) {
    const std::int64_t slots = slot_count(interval_, piece.range);
    switch (piece.state) {
      case SlotState::kHeld:
        counts.held += slots;
        break;
      case SlotState::kAbsentConfirmed:
        counts.absent_confirmed += slots;
        break;
      case SlotState::kAbsentProvisional:
        counts.absent_provisional += slots;
        if (counts.next_due == 0 || piece.due < counts.next_due) counts.next_due = piece.due;
        break;
      case SlotState::kMissing:
        counts.missing += slots;
        break;
    }
  }
  return counts;
}

RangeSet GapIndex::to_fetch(TimeRange wanted, TimeMs now) const {
  RangeSet ranges;
  for (const StateRange& piece : states_over(wanted, own_)) {
    const bool due = piece.state == SlotState::kAbsentProvisional && piece.due <= now;
    if (piece.state == SlotState::kMissing || due) ranges.add(piece.range);
  }
  return ranges;
}

RangeSet GapIndex::to_ask_of(std::string_view exchange, const RangeSet& wanted, TimeMs now) const {
  RangeSet ranges = wanted;
  ranges.subtract(held_);
  for (const Answer& answer : answers_) {
    if (answer.exchange != exchange || answer.channel != Channel::kRest) continue;
    TimeRange covered = slots_in(interval_, answer.asked);
    const bool lately = answer.asked_at > now - kAskAgainMs;
    if (!lately)
      covered.to = std::min(covered.to, slot_begin(interval_, answer.asked_at - kConfirmMs));
    if (!covered.empty()) ranges.subtract(covered);
  }
  return ranges;
}

}  // namespace bf::store
