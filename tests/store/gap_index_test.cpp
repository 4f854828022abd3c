// tests/store/gap_index_test.cpp
//
// Goal: what is held, absent, provisional and missing follows the rules of gap_index.h, to the slot and
// to the millisecond. Method: each rule at its edges; then random rows and answers against a model that
// asks the rules of each slot alone.
#include "store/gap_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

#include "tests/support/sim_disk.h"

namespace bf::store {

/// For failure messages.
void PrintTo(const StateRange& state, std::ostream* out) {
  *out << format_range(state.range) << " " << slot_state_name(state.state);
  if (state.due != 0) *out << " due " << format_time(state.due);
}

namespace {

using test::Random;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr TimeMs kStart = 1'704'067'200'000;  // 2024-01-01, a Monday
constexpr DurationMs kMin = kMinuteMs;
constexpr TimeMs kLater = kStart + 30 * kDayMs;  // long after every slot here has closed

TimeMs slot(std::int64_t n) { return kStart + n * kMin; }
TimeRange slots(std::int64_t from, std::int64_t to) { return {slot(from), slot(to)}; }

Answer answer(Channel channel, TimeRange asked, TimeMs asked_at) {
  Answer out;
  out.exchange = "binance";
  out.channel = channel;
  out.asked = asked;
  out.asked_at = asked_at;
  return out;
}

/// A REST answer about slots [from, to) whose rows reach from slot `first` to slot `last`.
Answer rest(std::int64_t from, std::int64_t to, std::int64_t first, std::int64_t last,
            TimeMs asked_at = kLater) {
  Answer out = answer(Channel::kRest, slots(from, to), asked_at);
  out.first_row = slot(first);
  out.last_row = slot(last);
  return out;
}
Answer empty_rest(std::int64_t from, std::int64_t to, TimeMs asked_at = kLater) {
  return answer(Channel::kRest, slots(from, to), asked_at);
}
Answer archive(std::int64_t from, std::int64_t to, TimeMs asked_at = kLater) {
  return answer(Channel::kArchiveDaily, slots(from, to), asked_at);
}

/// An index with rows at these slots.
GapIndex holding(std::initializer_list<std::int64_t> rows) {
  std::vector<TimeMs> times;
  for (const std::int64_t row : rows) times.push_back(slot(row));
  GapIndex gaps(Interval::k1m, "binance");
  gaps.add_rows(times, "binance");
  return gaps;
}

StateRange held(std::int64_t from, std::int64_t to) {
  return {slots(from, to), SlotState::kHeld, 0};
}
StateRange confirmed(std::int64_t from, std::int64_t to) {
  return {slots(from, to), SlotState::kAbsentConfirmed, 0};
}
StateRange provisional(std::int64_t from, std::int64_t to, TimeMs due) {
  return {slots(from, to), SlotState::kAbsentProvisional, due};
}
StateRange missing(std::int64_t from, std::int64_t to) {
  return {slots(from, to), SlotState::kMissing, 0};
}

TEST(GapIndex, KnowsNothingAtFirst) {
  const GapIndex gaps(Interval::k1m, "binance");
  EXPECT_THAT(gaps.states(slots(0, 5)), ElementsAre(missing(0, 5)));
  EXPECT_THAT(gaps.states({kStart, kStart}), IsEmpty());
  EXPECT_THAT(gaps.states({kStart + 1, kStart + kMin}), IsEmpty());  // no open time lies in it
}

TEST(GapIndex, HoldsTheSlotsOfRowsInAnyOrderOfCommits) {
  GapIndex gaps = holding({5, 6, 7});
  gaps.add_rows({slot(1), slot(2)}, "binance");
  gaps.add_rows({slot(3), slot(4), slot(5)}, "binance");
  EXPECT_THAT(gaps.states(slots(0, 9)), ElementsAre(missing(0, 1), held(1, 8), missing(8, 9)));
  EXPECT_THAT(gaps.held().ranges(), SizeIs(1));
}

TEST(GapIndex, HoldsTheSlotThatAnOffGridRowLiesIn) {
  GapIndex gaps(Interval::k1m, "binance");
  gaps.add_rows({slot(1) + 17, slot(2), slot(2) + 1, slot(3) + 59'999, slot(5) + 1}, "binance");
  EXPECT_THAT(gaps.states(slots(0, 7)),
              ElementsAre(missing(0, 1), held(1, 4), missing(4, 5), held(5, 6), missing(6, 7)));
}

TEST(GapIndex, TakesHeldRangesOfSegments) {
  GapIndex gaps = holding({3});
  RangeSet segment(slots(4, 10));
  segment.add(slots(12, 14));
  gaps.add_held({segment, {}});
  EXPECT_THAT(gaps.states(slots(3, 14)), ElementsAre(held(3, 10), missing(10, 12), held(12, 14)));
}

TEST(GapIndex, CutsStatesToTheWantedSlots) {
  const GapIndex gaps = holding({0, 1, 2, 3});
  EXPECT_THAT(gaps.states({slot(1) - 1, slot(2) + 1}), ElementsAre(held(1, 3)));
}

// One answer that spans the hole.

TEST(GapIndex, ConfirmsAHoleThatOneAnswerSpans) {
  GapIndex gaps = holding({0, 1, 4, 5});
  gaps.add_answer(rest(0, 6, 0, 5));
  EXPECT_THAT(gaps.states(slots(0, 6)), ElementsAre(held(0, 2), confirmed(2, 4), held(4, 6)));
}

TEST(GapIndex, ConfirmsAHoleThatBeginsWithTheAnswerRightBehindAHeldSlot) {
  GapIndex gaps = holding({0, 1, 4, 5});
  gaps.add_answer(rest(2, 6, 4, 5));
  EXPECT_THAT(gaps.states(slots(2, 4)), ElementsAre(confirmed(2, 4)));
}

TEST(GapIndex, LeavesAHoleProvisionalWhenItBeginsBeforeTheAnswer) {
  GapIndex gaps = holding({0, 1, 4, 5});
  gaps.add_answer(rest(3, 6, 4, 5));
  EXPECT_THAT(gaps.states(slots(2, 4)),
              ElementsAre(missing(2, 3), provisional(3, 4, kLater + kHourMs)));
}

TEST(GapIndex, LeavesAHoleAtThePageEdgeProvisional) {
  // The page ends with the hole: slot 4 is held by the next page, and neither page spans it.
  GapIndex gaps = holding({0, 1, 4, 5});
  gaps.add_answer(rest(0, 4, 0, 1));
  gaps.add_answer(rest(4, 6, 4, 5));
  EXPECT_THAT(gaps.states(slots(0, 6)),
              ElementsAre(held(0, 2), provisional(2, 4, kLater + kHourMs), held(4, 6)));
}

TEST(GapIndex, LeavesAHoleOverTheSeamOfTwoPagesProvisional) {
  GapIndex gaps = holding({0, 1, 4, 5});
  gaps.add_answer(rest(0, 3, 0, 1));
  gaps.add_answer(rest(3, 6, 4, 5));
  EXPECT_THAT(gaps.states(slots(2, 4)), ElementsAre(provisional(2, 4, kLater + kHourMs)));
}

TEST(GapIndex, LeavesAHoleBeforeTheFirstRowProvisional) {
  GapIndex gaps = holding({4, 5});
  gaps.add_answer(rest(0, 6, 4, 5));
  EXPECT_THAT(gaps.states(slots(0, 4)), ElementsAre(provisional(0, 4, kLater + kHourMs)));
}

TEST(GapIndex, LeavesAHoleBehindTheLastRowOfTheAnswerProvisional) {
  GapIndex gaps = holding({0, 1});
  gaps.add_answer(rest(0, 6, 0, 1));
  EXPECT_THAT(gaps.states(slots(2, 6)), ElementsAre(provisional(2, 6, kLater + kHourMs)));
  gaps.add_rows({slot(6)}, "binance");  // held now, but not by that answer's own rows
  EXPECT_THAT(gaps.states(slots(2, 6)), ElementsAre(provisional(2, 6, kLater + kHourMs)));
}

TEST(GapIndex, ConfirmsEachHoleWithinOneAnswer) {
  GapIndex gaps = holding({0, 2, 5, 6});
  gaps.add_answer(rest(0, 8, 0, 6));
  EXPECT_THAT(gaps.states(slots(0, 8)),
              ElementsAre(held(0, 1), confirmed(1, 2), held(2, 3), confirmed(3, 5), held(5, 7),
                          provisional(7, 8, kLater + kHourMs)));
}

TEST(GapIndex, ConfirmsASpannedSlotFrom24HoursAfterItClosed) {
  for (const DurationMs late : {-1, 0}) {
    GapIndex gaps = holding({0, 3});
    const TimeMs asked_at = slot(2) + kDayMs + late;  // slot 1 closes at slot(2), slot 2 at slot(3)
    gaps.add_answer(rest(0, 4, 0, 3, asked_at));
    const StateRange young = provisional(late < 0 ? 1 : 2, 3, asked_at + kHourMs);
    if (late < 0) {
      EXPECT_THAT(gaps.states(slots(1, 3)), ElementsAre(young));
    } else {
      EXPECT_THAT(gaps.states(slots(1, 3)), ElementsAre(confirmed(1, 2), young));
    }
  }
}

TEST(GapIndex, LetsOnlyRestSpan) {
  for (const Channel channel :
       {Channel::kArchiveDaily, Channel::kArchiveMonthly, Channel::kStream, Channel::kImport}) {
    GapIndex gaps = holding({0, 3});
    Answer spanning = rest(0, 4, 0, 3);
    spanning.channel = channel;
    gaps.add_answer(spanning);
    EXPECT_THAT(gaps.states(slots(1, 3)), ElementsAre(provisional(1, 3, kLater)))
        << channel_name(channel);
  }
}

TEST(GapIndex, BelievesNoLastRowThatIsNotHeld) {
  GapIndex gaps = holding({0, 5});
  gaps.add_answer(rest(0, 6, 0, 3));  // says that slot 3 has a row: nobody stored it
  EXPECT_THAT(gaps.states(slots(1, 5)), ElementsAre(provisional(1, 5, kLater + kHourMs)));
}

TEST(GapIndex, TakesAnOffGridLastRowForItsSlot) {
  GapIndex gaps(Interval::k1m, "binance");
  gaps.add_rows({slot(0), slot(3) + 5}, "binance");
  Answer spanning = rest(0, 4, 0, 3);
  spanning.last_row = slot(3) + 5;
  gaps.add_answer(spanning);
  EXPECT_THAT(gaps.states(slots(0, 4)), ElementsAre(held(0, 1), confirmed(1, 3), held(3, 4)));
}

// Two answers.

TEST(GapIndex, ConfirmsByTwoRestAnswersFrom24HoursApart) {
  for (const DurationMs apart : {kDayMs - 1, kDayMs, kDayMs + 1}) {
    GapIndex gaps(Interval::k1m, "binance");
    gaps.add_answer(empty_rest(0, 6, kLater + apart));  // the order of commits does not matter
    gaps.add_answer(empty_rest(2, 8, kLater));
    const TimeMs first_due = kLater + kHourMs;
    const StateRange both = apart < kDayMs ? provisional(2, 6, kLater + kDayMs) : confirmed(2, 6);
    EXPECT_THAT(gaps.states(slots(0, 8)), ElementsAre(provisional(0, 2, first_due + apart), both,
                                                      provisional(6, 8, first_due)));
  }
}

TEST(GapIndex, ConfirmsByRestAndArchiveAtOnce) {
  GapIndex gaps(Interval::k1m, "binance");
  gaps.add_answer(archive(0, 6));
  gaps.add_answer(empty_rest(2, 8, kLater + 1));
  EXPECT_THAT(gaps.states(slots(0, 8)), ElementsAre(provisional(0, 2, kLater), confirmed(2, 6),
                                                    provisional(6, 8, kLater + 1 + kHourMs)));
}

TEST(GapIndex, NeverConfirmsByArchivesAlone) {
  GapIndex gaps(Interval::k1m, "binance");
  gaps.add_answer(archive(0, 6, kLater + 2 * kDayMs));
  Answer monthly = archive(0, 6, kLater);
  monthly.channel = Channel::kArchiveMonthly;
  gaps.add_answer(monthly);
  EXPECT_THAT(gaps.states(slots(0, 6)), ElementsAre(provisional(0, 6, kLater)));
  EXPECT_EQ(gaps.to_fetch(slots(0, 6), kLater), RangeSet(slots(0, 6)));  // due at once
}

TEST(GapIndex, ConfirmsNothingByRestWithAStreamOrAnImport) {
  for (const Channel channel : {Channel::kStream, Channel::kImport}) {
    GapIndex gaps(Interval::k1m, "binance");
    gaps.add_answer(answer(channel, slots(0, 6), kLater - 3 * kDayMs));
    gaps.add_answer(empty_rest(0, 6, kLater));
    EXPECT_THAT(gaps.states(slots(0, 6)), ElementsAre(provisional(0, 6, kLater + kHourMs)));
  }
}

// When a provisional slot is due.

TEST(GapIndex, AsksAgainAfterAnHourAndAfterADay) {
  GapIndex gaps(Interval::k1m, "binance");
  gaps.add_answer(empty_rest(0, 2, kLater));
  EXPECT_THAT(gaps.to_fetch(slots(0, 2), kLater + kHourMs - 1).ranges(), IsEmpty());
  EXPECT_EQ(gaps.to_fetch(slots(0, 2), kLater + kHourMs), RangeSet(slots(0, 2)));

  gaps.add_answer(empty_rest(0, 2, kLater + kHourMs - 1));  // too early to count as the second
  EXPECT_THAT(gaps.states(slots(0, 2)), ElementsAre(provisional(0, 2, kLater + kHourMs)));
  gaps.add_answer(empty_rest(0, 2, kLater + kHourMs));
  EXPECT_THAT(gaps.states(slots(0, 2)), ElementsAre(provisional(0, 2, kLater + kDayMs)));
  EXPECT_THAT(gaps.to_fetch(slots(0, 2), kLater + kDayMs - 1).ranges(), IsEmpty());
  gaps.add_answer(empty_rest(0, 2, kLater + kDayMs));
  EXPECT_THAT(gaps.states(slots(0, 2)), ElementsAre(confirmed(0, 2)));
  EXPECT_THAT(gaps.to_fetch(slots(0, 2), kLater + 9 * kDayMs).ranges(), IsEmpty());
}

TEST(GapIndex, FetchesMissingAndDueSlotsAsOneRange) {
  GapIndex gaps = holding({0});
  gaps.add_answer(archive(1, 3));
  EXPECT_EQ(gaps.to_fetch(slots(0, 9), kLater), RangeSet(slots(1, 9)));
}

TEST(GapIndex, CountsSlotsByState) {
  GapIndex gaps = holding({0, 1, 4});
  gaps.add_answer(rest(0, 8, 0, 4));
  gaps.add_answer(empty_rest(9, 10, kLater - kMin));
  const SlotCounts counts = gaps.count(slots(0, 12));
  EXPECT_EQ(counts.held, 3);
  EXPECT_EQ(counts.absent_confirmed, 2);
  EXPECT_EQ(counts.absent_provisional, 4);
  EXPECT_EQ(counts.missing, 3);
  EXPECT_EQ(counts.wanted(), 12);
  EXPECT_EQ(counts.next_due, kLater - kMin + kHourMs);
  EXPECT_EQ(gaps.count(slots(0, 2)).next_due, 0);
}

// What answers are kept.

TEST(GapIndex, DropsAnswersAboutHeldSlotsAlone) {
  GapIndex gaps = holding({0, 1, 2});
  gaps.add_answer(rest(0, 3, 0, 2));
  EXPECT_THAT(gaps.answers(), IsEmpty());
  gaps.add_answer(rest(2, 5, 2, 2));
  gaps.add_answer(empty_rest(4, 6));
  EXPECT_THAT(gaps.answers(), SizeIs(2));
  gaps.add_rows({slot(3), slot(4) + 30'000}, "binance");
  EXPECT_THAT(gaps.answers(), SizeIs(1));
  gaps.add_held({RangeSet(slots(5, 7)), {}});
  EXPECT_THAT(gaps.answers(), IsEmpty());
}

TEST(GapIndex, IgnoresAnswersAboutNoSlot) {
  GapIndex gaps(Interval::k1m, "binance");
  gaps.add_answer(answer(Channel::kRest, {slot(1) + 1, slot(2)}, kLater));
  gaps.add_answer(answer(Channel::kRest, {slot(2), slot(1)}, kLater));
  EXPECT_THAT(gaps.answers(), IsEmpty());
}

TEST(GapIndex, StaysSmallOverManyPages) {
  constexpr std::int64_t kPages = 7'000;
  constexpr std::int64_t kRows = 1'000;
  GapIndex gaps(Interval::k1m, "binance");
  std::vector<TimeMs> rows(kRows);
  for (std::int64_t page = 0; page < kPages; ++page) {
    const std::int64_t first = page * kRows;
    for (std::int64_t i = 0; i < kRows; ++i) rows[static_cast<std::size_t>(i)] = slot(first + i);
    gaps.add_rows(rows, "binance");
    gaps.add_answer(rest(first, first + kRows, first, first + kRows - 1));
  }
  EXPECT_THAT(gaps.held().ranges(), SizeIs(1));
  EXPECT_THAT(gaps.answers(), IsEmpty());
  EXPECT_EQ(gaps.count(slots(0, kPages * kRows)).held, kPages * kRows);
}

// Weeks begin on Monday, months on the 1st.

TEST(GapIndex, KnowsWeeksAndMonths) {
  const auto at = [](int year, int month, int day) {
    CivilTime civil;
    civil.year = year;
    civil.month = month;
    civil.day = day;
    return from_civil(civil);
  };
  GapIndex months(Interval::k1mo, "binance");
  months.add_rows({at(2023, 12, 1), at(2024, 1, 1), at(2024, 2, 15), at(2024, 4, 1)}, "binance");
  Answer spanning = answer(Channel::kRest, {at(2023, 12, 1), at(2024, 5, 1)}, at(2024, 6, 1));
  spanning.first_row = at(2023, 12, 1);
  spanning.last_row = at(2024, 4, 1);
  months.add_answer(spanning);
  EXPECT_THAT(
      months.states({at(2023, 12, 1), at(2024, 6, 1)}),
      ElementsAre(StateRange{{at(2023, 12, 1), at(2024, 3, 1)}, SlotState::kHeld, 0},
                  StateRange{{at(2024, 3, 1), at(2024, 4, 1)}, SlotState::kAbsentConfirmed, 0},
                  StateRange{{at(2024, 4, 1), at(2024, 5, 1)}, SlotState::kHeld, 0},
                  StateRange{{at(2024, 5, 1), at(2024, 6, 1)}, SlotState::kMissing, 0}));
  EXPECT_EQ(months.count({at(2023, 12, 1), at(2024, 6, 1)}).wanted(), 6);

  GapIndex weeks(Interval::k1w, "binance");
  weeks.add_rows({at(2024, 1, 1), at(2024, 1, 10)}, "binance");  // a Monday, a Wednesday
  EXPECT_THAT(weeks.states({at(2023, 12, 31), at(2024, 1, 22)}),
              ElementsAre(StateRange{{at(2024, 1, 1), at(2024, 1, 15)}, SlotState::kHeld, 0},
                          StateRange{{at(2024, 1, 15), at(2024, 1, 22)}, SlotState::kMissing, 0}));
}

TEST(GapIndex, AFallbackIsNoEvidence) {
  GapIndex gaps = holding({0, 5});
  Answer fallback = rest(0, 6, 0, 5);
  fallback.exchange = "okx";
  gaps.add_answer(fallback);
  EXPECT_EQ(gaps.count(slots(0, 6)).missing, 4);
  Answer later = fallback;
  later.asked_at += 3 * kDayMs;
  gaps.add_answer(later);
  EXPECT_EQ(gaps.count(slots(0, 6)).missing, 4);
  EXPECT_EQ(gaps.to_fetch(slots(0, 6), kLater), RangeSet(slots(1, 5)));
}

TEST(GapIndex, ARowOfAFallbackHoldsItsSlotAndLeavesTheOwnExchangeToBeAsked) {
  GapIndex gaps = holding({0, 5});
  gaps.add_rows({slot(1), slot(2)}, "okx");
  EXPECT_EQ(gaps.count(slots(0, 6)).held, 4);
  EXPECT_EQ(gaps.held_by_own().ranges().size(), 2U);
  EXPECT_EQ(gaps.to_fetch(slots(0, 6), kLater), RangeSet(slots(1, 5)));
  // Once its own answer has confirmed that it has none, it is not asked any more.
  gaps.add_answer(rest(0, 6, 0, 5));
  EXPECT_EQ(gaps.count(slots(0, 6)).absent_confirmed, 2);
  EXPECT_TRUE(gaps.to_fetch(slots(0, 6), kLater).empty());
  EXPECT_THAT(gaps.answers(), SizeIs(1));
  gaps.add_rows({slot(3), slot(4)}, "okx");
  EXPECT_EQ(gaps.count(slots(0, 6)).held, 6);
  EXPECT_TRUE(gaps.to_fetch(slots(0, 6), kLater).empty()) << "the own answer still counts";
  gaps.add_rows({slot(1), slot(2), slot(3), slot(4)}, "binance");
  EXPECT_THAT(gaps.answers(), IsEmpty());
}

TEST(GapIndex, AFallbackIsAskedOnceForWhatItLacks) {
  GapIndex gaps = holding({0, 5});
  EXPECT_EQ(gaps.to_ask_of("okx", RangeSet(slots(0, 6)), kLater), RangeSet(slots(1, 5)));
  // Asked when the slots had just closed: not at once again, but later.
  Answer soon = rest(0, 3, 0, 0, slot(4));
  soon.exchange = "okx";
  gaps.add_answer(soon);
  EXPECT_EQ(gaps.to_ask_of("okx", RangeSet(slots(0, 6)), slot(5)), RangeSet(slots(3, 5)));
  EXPECT_EQ(gaps.to_ask_of("okx", RangeSet(slots(0, 6)), kLater), RangeSet(slots(1, 5)));
  EXPECT_EQ(gaps.to_ask_of("bybit", RangeSet(slots(0, 6)), slot(5)), RangeSet(slots(1, 5)));
  Answer settled = rest(0, 3, 0, 0, kLater);
  settled.exchange = "okx";
  gaps.add_answer(settled);
  EXPECT_EQ(gaps.to_ask_of("okx", RangeSet(slots(0, 6)), kLater + 9 * kDayMs),
            RangeSet(slots(3, 5)));
}

// The rules once more, asked of each slot alone.

class Model {
 public:
  explicit Model(Interval interval) : interval_(interval) {}

  void add_row(TimeMs open_time) { held_.insert(slot_begin(interval_, open_time)); }
  void add_answer(const Answer& answer) { answers_.push_back(answer); }
  [[nodiscard]] bool holds(TimeMs open) const { return held_.count(open) != 0; }

  [[nodiscard]] StateRange state(TimeMs open) const {
    const TimeRange range{open, next_slot(interval_, open)};
    if (holds(open)) return {range, SlotState::kHeld, 0};
    std::vector<Answer> rest;
    std::vector<Answer> others;
    bool any_archive = false;
    for (const Answer& answer : answers_) {
      if (!answer.asked.contains(open)) continue;
      (answer.channel == Channel::kRest ? rest : others).push_back(answer);
      any_archive = any_archive || answer.channel == Channel::kArchiveDaily ||
                    answer.channel == Channel::kArchiveMonthly;
    }
    const auto earlier = [](const Answer& a, const Answer& b) { return a.asked_at < b.asked_at; };
    std::sort(rest.begin(), rest.end(), earlier);
    std::sort(others.begin(), others.end(), earlier);
    if (rest.empty() && others.empty()) return {range, SlotState::kMissing, 0};
    if (rest.empty()) return {range, SlotState::kAbsentProvisional, others.front().asked_at};

    bool sure = any_archive;
    const TimeMs first = rest.front().asked_at;
    TimeMs due = first + kHourMs;
    for (const Answer& answer : rest) {
      sure = sure || answer.asked_at - first >= 24 * kHourMs || spans(answer, open);
      if (answer.asked_at >= first + kHourMs) due = first + 24 * kHourMs;
    }
    if (sure) return {range, SlotState::kAbsentConfirmed, 0};
    return {range, SlotState::kAbsentProvisional, due};
  }

 private:
  [[nodiscard]] bool spans(const Answer& answer, TimeMs open) const {
    const auto next = held_.upper_bound(open);
    if (next == held_.begin() || next == held_.end() || !answer.has_rows()) return false;
    const TimeMs hole_begin = next_slot(interval_, *std::prev(next));
    return answer.asked.from <= hole_begin && answer.asked.contains(hole_begin) &&
           slot_begin(interval_, answer.last_row) >= *next &&
           answer.asked_at >= next_slot(interval_, open) + 24 * kHourMs;
  }

  Interval interval_;
  std::set<TimeMs> held_;
  std::vector<Answer> answers_;
};

class GapIndexModel : public ::testing::TestWithParam<Interval> {};

Channel any_channel(Random& random) {
  constexpr Channel kChannels[] = {
      Channel::kRest,   Channel::kRest,         Channel::kRest,           Channel::kRest,
      Channel::kStream, Channel::kArchiveDaily, Channel::kArchiveMonthly, Channel::kImport};
  return kChannels[random.below(8)];
}

/// An answer about a random range of `grid`, and rows that came with it.
AnsweredRows any_page(const std::vector<TimeMs>& grid, Random& random) {
  const std::size_t from = random.below(grid.size() - 1);
  const std::size_t to = from + 1 + random.below(std::min<std::size_t>(grid.size() - from - 1, 12));
  AnsweredRows page;
  page.answer = answer(any_channel(random), {grid[from], grid[to]}, 0);
  page.answer.asked.from -= random.chance(20) ? 1 : 0;
  // Around the slots' own times and a few days later, often exactly on the hour.
  const auto hours = static_cast<DurationMs>(random.below(72));
  page.answer.asked_at =
      grid[to] + hours * kHourMs + (random.chance(50) ? 0 : 1) - (random.chance(50) ? 0 : 1);
  const unsigned density = random.chance(30) ? 0 : 70;
  for (std::size_t i = from; i < to; ++i) {
    if (!random.chance(density)) continue;
    const TimeMs off_grid = random.chance(5) ? 1 + static_cast<TimeMs>(random.below(999)) : 0;
    page.rows.data[0].values.push_back(grid[i] + off_grid);
  }
  if (!page.rows.empty()) {
    page.answer.first_row = page.rows.open_time().front();
    page.answer.last_row = page.rows.open_time().back();
  }
  return page;
}

TEST_P(GapIndexModel, AgreesForEachSlotWithTheRules) {
  const Interval interval = GetParam();
  std::vector<TimeMs> grid = {slot_begin(interval, kStart)};
  while (grid.size() < 60) grid.push_back(next_slot(interval, grid.back()));
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    Model model(interval);
    GapIndex gaps(interval, "binance");
    const std::uint64_t pages = 1 + random.below(14);
    for (std::uint64_t i = 0; i < pages; ++i) {
      const AnsweredRows page = any_page(grid, random);
      for (const TimeMs open : page.rows.open_time()) model.add_row(open);
      model.add_answer(page.answer);
      const bool answer_first = random.chance(50);
      if (answer_first) gaps.add_answer(page.answer);
      gaps.add_rows(page.rows.open_time(), "binance");
      if (!answer_first) gaps.add_answer(page.answer);
    }

    const std::size_t from = random.below(30);
    const std::size_t to = from + random.below(30);
    std::vector<StateRange> expected;
    SlotCounts counts;
    RangeSet fetch;
    const TimeMs now = grid[from] + static_cast<TimeMs>(random.below(96)) * kHourMs;
    for (std::size_t i = from; i < to; ++i) {
      const StateRange state = model.state(grid[i]);
      counts.held += state.state == SlotState::kHeld ? 1 : 0;
      counts.absent_confirmed += state.state == SlotState::kAbsentConfirmed ? 1 : 0;
      counts.absent_provisional += state.state == SlotState::kAbsentProvisional ? 1 : 0;
      counts.missing += state.state == SlotState::kMissing ? 1 : 0;
      const bool due = state.state == SlotState::kAbsentProvisional && state.due <= now;
      if (due || state.state == SlotState::kMissing) fetch.add(state.range);
      if (!expected.empty() && expected.back().state == state.state &&
          expected.back().due == state.due) {
        expected.back().range.to = state.range.to;
      } else {
        expected.push_back(state);
      }
    }
    const TimeRange wanted{grid[from], grid[to]};
    ASSERT_EQ(gaps.states(wanted), expected) << "seed " << seed;
    ASSERT_EQ(gaps.to_fetch(wanted, now), fetch) << "seed " << seed;
    const SlotCounts counted = gaps.count(wanted);
    ASSERT_EQ(counted.held, counts.held) << "seed " << seed;
    ASSERT_EQ(counted.absent_confirmed, counts.absent_confirmed) << "seed " << seed;
    ASSERT_EQ(counted.absent_provisional, counts.absent_provisional) << "seed " << seed;
    ASSERT_EQ(counted.missing, counts.missing) << "seed " << seed;
    for (const Answer& kept : gaps.answers()) {
      const TimeRange asked{slot_ceil(interval, kept.asked.from), kept.asked.to};
      ASSERT_FALSE(gaps.held().covers(asked)) << "seed " << seed;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Intervals, GapIndexModel,
                         ::testing::Values(Interval::k1m, Interval::k1h, Interval::k12h,
                                           Interval::k1d, Interval::k1w, Interval::k1mo),
                         [](const auto& tested) {
                           return "Of" + std::string(interval_name(tested.param));
                         });

}  // namespace
}  // namespace bf::store
