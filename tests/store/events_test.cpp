// tests/store/events_test.cpp
//
// Goal: a series of events is held as any other: each instant a slot, what lies between known by range,
// and no more of it kept than there are events. Method: years of funding through gap index, log, segment
// and compaction.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/store/golden_store.h"

namespace bf::store::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr DurationMs kEvery = 8 * kHourMs;
constexpr TimeMs kLater = kStart + 4'000 * kDayMs;

TimeMs event(std::int64_t n) { return kStart + n * kEvery; }

/// Events [begin, end), asked for from right behind the one before.
AnsweredRows events(std::int64_t begin, std::int64_t end, TimeMs asked_at = kLater,
                    ColumnSet columns = {Column::kFundingRate}) {
  AnsweredRows page;
  page.rows.columns = columns;
  for (std::int64_t n = begin; n < end; ++n) {
    page.rows.append(Column::kOpenTime, Decimal{event(n), 0});
    page.rows.append(Column::kFundingRate, Decimal{n % 77 - 30, 6});
    if (columns.contains(Column::kMarkPrice)) {
      page.rows.append(Column::kMarkPrice, Decimal{4'000'000 + n, 2});
    }
  }
  page.answer = answer_for({event(begin - 1) + 1, event(end - 1) + 1}, page.rows, asked_at);
  return page;
}

GapIndex index_of(std::initializer_list<AnsweredRows> pages) {
  GapIndex gaps(kFundingSeries);
  for (const AnsweredRows& page : pages) {
    gaps.add_rows(page.rows.open_time(), "binance");
    gaps.add_answer(page.answer);
  }
  return gaps;
}

TEST(GapIndexOfEvents, HoldsInstantsAndKnowsWhatLiesBetween) {
  const GapIndex gaps = index_of({events(1, 4)});
  EXPECT_THAT(gaps.states({event(1), event(4)}),
              ElementsAre(StateRange{{event(1), event(1) + 1}, SlotState::kHeld, 0},
                          StateRange{{event(1) + 1, event(2)}, SlotState::kAbsentConfirmed, 0},
                          StateRange{{event(2), event(2) + 1}, SlotState::kHeld, 0},
                          StateRange{{event(2) + 1, event(3)}, SlotState::kAbsentConfirmed, 0},
                          StateRange{{event(3), event(3) + 1}, SlotState::kHeld, 0},
                          StateRange{{event(3) + 1, event(4)}, SlotState::kMissing, 0}));
  const SlotCounts counts = gaps.count({event(1), event(4)});
  EXPECT_EQ(counts.held, 3);
  EXPECT_EQ(counts.absent_confirmed, 2 * (kEvery - 1));
  EXPECT_EQ(counts.missing, kEvery - 1);
}

TEST(GapIndexOfEvents, LeavesNothingOpenBetweenAnswersThatGoOnBehindAnEvent) {
  const GapIndex gaps = index_of({events(1, 1'001), events(1'001, 2'001), events(2'001, 2'500)});
  const TimeRange all = {event(1), event(2'499) + 1};
  EXPECT_THAT(gaps.to_fetch(all, kLater + kDayMs).ranges(), IsEmpty());
  EXPECT_EQ(gaps.count(all).absent_provisional, 0);
}

TEST(GapIndexOfEvents, AsksAgainForWhatWasAskedEarly) {
  const TimeMs asked_at = event(3) + kHourMs;
  const GapIndex gaps = index_of({events(1, 4, asked_at)});
  const TimeRange all = {event(1), event(3) + 1};
  EXPECT_THAT(gaps.to_fetch(all, asked_at + 1).ranges(), IsEmpty());
  EXPECT_THAT(gaps.to_fetch(all, asked_at + kHourMs).ranges(), SizeIs(2)) << "between three events";
  // What is asked a day later confirms it, also where it begins in the middle.
  GapIndex later = gaps;
  later.add_answer(events(2, 4, asked_at + kDayMs).answer);
  EXPECT_THAT(later.to_fetch(all, asked_at + 9 * kDayMs).ranges(), IsEmpty());
}

TEST(GapIndexOfEvents, KeepsNoMoreThanTheEvents) {
  constexpr std::int64_t kPages = 50;
  GapIndex gaps(kFundingSeries);
  for (std::int64_t page = 0; page < kPages; ++page) {
    const AnsweredRows rows = events(1 + page * 100, 101 + page * 100);
    gaps.add_rows(rows.rows.open_time(), "binance");
    gaps.add_answer(rows.answer);
  }
  EXPECT_THAT(gaps.held().ranges(), SizeIs(kPages * 100));
  EXPECT_THAT(gaps.answers(), SizeIs(kPages));
  EXPECT_LE(gaps.states({kTimeMin, kTimeMax}).size(), 2 * kPages * 100 + 2U);
}

class EventStore : public testing::Test {
 protected:
  void open() {
    writing_.reset();
    auto writing = open_writing(files_, kFundingSeries);
    ASSERT_TRUE(writing) << writing.error().message();
    writing_.emplace(std::move(*writing));
  }
  SeriesWriter& writer() { return *writing_->writer; }
  void commit_page(const AnsweredRows& page) {
    const Result<void> done = commit(writer(), page);
    ASSERT_TRUE(done) << done.error().message();
    add_rows(expected_, page.rows);
  }
  std::unique_ptr<SeriesSnapshot> snapshot() {
    auto read = writing_->store->read(kFundingSeries);
    EXPECT_TRUE(read) << read.error().message();
    return *std::move(read);
  }
  void expect_whole() {
    const Result<void> sound = snapshot()->verify();
    EXPECT_TRUE(sound) << sound.error().message();
    EXPECT_EQ(scan_all(*snapshot(), {0, kTimeMax}, kAllColumns, {.live = true}).value(), expected_);
  }

  SimFileSystem files_;
  std::optional<Writing> writing_;
  Rows expected_;
};

TEST_F(EventStore, SealsYearsIntoOneSegmentAndReadsThemBack) {
  open();
  for (std::int64_t page = 0; page < 11; ++page) {
    commit_page(events(1 + page * 1'000, 1'001 + page * 1'000, kLater,
                       page < 3 ? ColumnSet{Column::kFundingRate}
                                : ColumnSet{Column::kFundingRate, Column::kMarkPrice}));
  }
  expect_whole();
  const auto hash = snapshot()->content_hash().value();
  ASSERT_TRUE(writer().seal());
  expect_whole();
  EXPECT_EQ(snapshot()->content_hash().value(), hash);
  const SeriesStats stats = snapshot()->stats().value();
  EXPECT_EQ(stats.rows, 11'000U);
  EXPECT_EQ(stats.segments, 1U) << "events have one span";
  EXPECT_LT(stats.segment_bytes, 11'000U * 16) << "coverage included";
  open();  // another life
  expect_whole();
}

TEST_F(EventStore, CompactsWhatDaysHaveAdded) {
  open();
  for (std::int64_t day = 0; day < 30; ++day) {
    commit_page(events(1 + day * 3, 4 + day * 3, event(3 + day * 3) + kHourMs));
    ASSERT_TRUE(writer().seal());
  }
  const auto hash = snapshot()->content_hash().value();
  const auto report = writer().compact();
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->segments_after, 1U);
  expect_whole();
  EXPECT_EQ(snapshot()->content_hash().value(), hash);
}

TEST_F(EventStore, RefusesColumnsOfCandles) {
  open();
  AnsweredRows mixed = events(1, 3);
  mixed.rows.columns.insert(Column::kClose);
  mixed.rows.column(Column::kClose).values = {1, 2};
  EXPECT_EQ(commit(writer(), mixed).error().code(), Code::kDataQuality);
}

TEST_F(EventStore, RefusesASeriesOfEventsWithAnInterval) {
  open();
  Series wrong = kFundingSeries;
  wrong.interval = Interval::k8h;
  const auto opened = writing_->store->writer(wrong);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::kUsage);
}

}  // namespace
}  // namespace bf::store::test
