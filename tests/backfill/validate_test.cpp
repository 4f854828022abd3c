// tests/backfill/validate_test.cpp
//
// Goal: no wrong row of an answer is stored, and no slot of one counts as answered. Method: answers of
// a few rows each, with one thing wrong.
#include "engine/backfill/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string_view>

namespace bf::backfill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr TimeMs kBegin = 1'704'067'200'000;  // 2024-01-01
constexpr TimeMs kLater = kBegin + kDayMs;    // everything asked for is closed by then

constexpr TimeMs at(std::int64_t minute) { return kBegin + minute * kMinuteMs; }

Series minutes_of(Kind kind = Kind::kCandles) {
  Series series;
  series.instrument = {"binance", "um", "BTCUSDT"};
  series.kind = kind;
  series.interval = Interval::k1m;
  return series;
}

store::Answer answer_to(TimeRange asked) {
  store::Answer answer;
  answer.exchange = "binance";
  answer.asked = asked;
  answer.asked_at = kLater;
  return answer;
}

void append_text(CandleBatch& rows, Column column, std::string_view text) {
  Decimal value;
  const DecimalStatus status = parse_decimal(text, value);
  if (status == DecimalStatus::kExact) {
    rows.append(column, value);
    return;
  }
  ASSERT_EQ(status, DecimalStatus::kWide) << text;
  const Result<std::string> wide = canonical_decimal(text);
  ASSERT_TRUE(wide);
  rows.append_wide(column, *wide);
}

/// Open, high, low, close, volume.
using Values = std::array<std::string_view, 5>;
constexpr Values kGood = {"10", "12", "9", "11", "5"};

class Page {
 public:
  explicit Page(ColumnSet columns = kOhlcvColumns) { rows_.columns = columns; }
  Page& row(TimeMs open_time, const Values& values = kGood) {
    rows_.append(Column::kOpenTime, Decimal{open_time, 0});
    constexpr std::array kColumns = {Column::kOpen, Column::kHigh, Column::kLow, Column::kClose,
                                     Column::kVolume};
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      if (rows_.columns.contains(kColumns[i])) append_text(rows_, kColumns[i], values[i]);
    }
    return *this;
  }
  Page& good_rows(std::int64_t from, std::int64_t to) {
    for (std::int64_t minute = from; minute < to; ++minute) row(at(minute));
    return *this;
  }
  [[nodiscard]] const CandleBatch& rows() const { return rows_; }

 private:
  CandleBatch rows_;
};

Judged judge(const Page& page, TimeRange asked, TimeMs closed_by = kLater,
             Kind kind = Kind::kCandles) {
  const Result<Judged> judged =
      judge_rows(minutes_of(kind), answer_to(asked), page.rows(), closed_by);
  EXPECT_TRUE(judged) << judged.error().message();
  return judged ? *judged : Judged();
}

std::vector<TimeMs> stored_times(const Judged& judged) {
  std::vector<TimeMs> times;
  for (const store::AnsweredRows& part : judged.parts) {
    const std::vector<TimeMs>& rows = part.rows.open_time();
    times.insert(times.end(), rows.begin(), rows.end());
  }
  return times;
}

std::vector<TimeRange> answered_ranges(const Judged& judged) {
  std::vector<TimeRange> ranges;
  for (const store::AnsweredRows& part : judged.parts) ranges.push_back(part.answer.asked);
  return ranges;
}

TEST(JudgeRows, KeepsAGoodPageWhole) {
  const Judged judged = judge(Page().good_rows(0, 5), {at(0), at(5)});
  EXPECT_EQ(judged.rows, 5);
  ASSERT_EQ(judged.parts.size(), 1U);
  EXPECT_EQ(judged.parts[0].answer.asked, (TimeRange{at(0), at(5)}));
  EXPECT_EQ(judged.parts[0].answer.first_row, at(0));
  EXPECT_EQ(judged.parts[0].answer.last_row, at(4));
  EXPECT_EQ(judged.parts[0].rows.text_at(Column::kClose, 4), "11");
  EXPECT_THAT(judged.rejected, IsEmpty());
}

TEST(JudgeRows, AnEmptyPageAnswersItsRangeWithoutRows) {
  const Judged judged = judge(Page(), {at(0), at(5)});
  ASSERT_EQ(judged.parts.size(), 1U);
  EXPECT_FALSE(judged.parts[0].answer.has_rows());
  EXPECT_EQ(judged.parts[0].answer.asked, (TimeRange{at(0), at(5)}));
}

TEST(JudgeRows, DropsAndCountsRowsThatWereNotAskedFor) {
  const Judged judged = judge(Page().good_rows(-2, 6), {at(0), at(4)});
  EXPECT_EQ(judged.outside, 4);
  EXPECT_THAT(stored_times(judged), ElementsAre(at(0), at(1), at(2), at(3)));
  EXPECT_THAT(answered_ranges(judged), ElementsAre(TimeRange{at(0), at(4)}));
}

TEST(JudgeRows, DropsTheFormingCandleAndLeavesItsSlotUnanswered) {
  const TimeMs closed_by = at(3) + 59'999;  // minute 3 has one millisecond to go
  const Judged judged = judge(Page().good_rows(0, 5), {at(0), at(5)}, closed_by);
  EXPECT_EQ(judged.not_closed, 2);
  EXPECT_EQ(judged.outside, 0);
  EXPECT_THAT(stored_times(judged), ElementsAre(at(0), at(1), at(2)));
  EXPECT_THAT(answered_ranges(judged), ElementsAre(TimeRange{at(0), at(3)}));
}

TEST(JudgeRows, AnswersNothingOfARangeThatIsNotClosed) {
  const Judged judged = judge(Page().good_rows(0, 2), {at(0), at(5)}, at(0));
  EXPECT_THAT(judged.parts, IsEmpty());
  EXPECT_EQ(judged.not_closed, 2);
}

TEST(JudgeRows, TheOrderOfTheRowsDoesNotMatter) {
  Page page;
  page.row(at(3)).row(at(1)).row(at(0)).row(at(2));
  const Judged judged = judge(page, {at(0), at(4)});
  EXPECT_THAT(stored_times(judged), ElementsAre(at(0), at(1), at(2), at(3)));
}

TEST(JudgeRows, OfTwoRowsOfOneTimeTheFullerOneIsKeptInAnyOrder) {
  constexpr Values kEarly = {"10", "11", "10", "11", "2"};
  for (const bool early_first : {true, false}) {
    Page page;
    page.row(at(0), early_first ? kEarly : kGood).row(at(0), early_first ? kGood : kEarly);
    const Judged judged = judge(page, {at(0), at(1)});
    EXPECT_EQ(judged.repeated, 1);
    ASSERT_EQ(judged.rows, 1) << "early first: " << early_first;
    EXPECT_EQ(judged.parts[0].rows.text_at(Column::kVolume, 0), "5");
  }
}

TEST(JudgeRows, ARowOffTheGridIsKeptAtItsOwnTime) {
  const Judged judged = judge(Page().row(at(0)).row(at(1) + 1).row(at(2)), {at(0), at(3)});
  EXPECT_THAT(stored_times(judged), ElementsAre(at(0), at(1) + 1, at(2)));
}

struct BadRow {
  std::string_view what;
  Values values;
  std::string_view reason;
};
class JudgeBadRow : public ::testing::TestWithParam<BadRow> {};

TEST_P(JudgeBadRow, IsKeptAsideAndItsSlotStaysUnanswered) {
  Page page;
  page.good_rows(0, 2).row(at(2), GetParam().values).good_rows(3, 5);
  const Judged judged = judge(page, {at(0), at(5)});
  EXPECT_EQ(judged.rows, 4);
  EXPECT_THAT(stored_times(judged), ElementsAre(at(0), at(1), at(3), at(4)));
  EXPECT_THAT(answered_ranges(judged),
              ElementsAre(TimeRange{at(0), at(2)}, TimeRange{at(3), at(5)}));
  EXPECT_EQ(judged.parts[0].answer.last_row, at(1));
  EXPECT_EQ(judged.parts[1].answer.first_row, at(3));
  ASSERT_EQ(judged.rejected.size(), 1U);
  EXPECT_EQ(judged.rejected[0].open_time, at(2));
  EXPECT_THAT(judged.rejected[0].reason, HasSubstr(GetParam().reason));
  EXPECT_THAT(judged.rejected[0].values, HasSubstr(std::string(GetParam().values[1])));
}

INSTANTIATE_TEST_SUITE_P(
    Values, JudgeBadRow,
    ::testing::Values(
        BadRow{"HighBelowClose", {"10", "10.5", "9", "11", "5"}, "bound"},
        BadRow{"HighBelowOpen", {"12", "11", "9", "10", "5"}, "bound"},
        BadRow{"LowAboveOpen", {"10", "12", "10.5", "11", "5"}, "bound"},
        BadRow{"HighBelowLow", {"10", "9", "12", "11", "5"}, "bound"},
        BadRow{"FinerByALongWay", {"10", "12", "10.000000000000001", "11", "5"}, "bound"},
        BadRow{"ZeroPrice", {"0", "12", "0", "11", "5"}, "above zero"},
        BadRow{"NegativePrice", {"10", "12", "-9", "11", "5"}, "above zero"},
        BadRow{"NegativeVolume", {"10", "12", "9", "11", "-0.5"}, "negative"}),
    [](const auto& test) { return std::string(test.param.what); });

TEST(JudgeRows, ABadRowAtEitherEndShortensWhatIsAnswered) {
  constexpr Values kBad = {"10", "9", "12", "11", "5"};
  const Judged first = judge(Page().row(at(0), kBad).good_rows(1, 3), {at(0), at(3)});
  EXPECT_THAT(answered_ranges(first), ElementsAre(TimeRange{at(1), at(3)}));
  const Judged last = judge(Page().good_rows(0, 2).row(at(2), kBad), {at(0), at(3)});
  EXPECT_THAT(answered_ranges(last), ElementsAre(TimeRange{at(0), at(2)}));
}

TEST(JudgeRows, ABadRowOffTheGridLeavesItsWholeSlotUnanswered) {
  const Judged judged = judge(
      Page().row(at(0)).row(at(1) + 500, {"10", "9", "12", "11", "5"}).row(at(2)), {at(0), at(3)});
  EXPECT_THAT(answered_ranges(judged),
              ElementsAre(TimeRange{at(0), at(1)}, TimeRange{at(2), at(3)}));
}

TEST(JudgeRows, ComparesPricesOfDifferentScalesExactly) {
  // One value of 25 decimal places raises a column's scale far above that of the others.
  Page page(ColumnSet{Column::kOpen, Column::kHigh, Column::kLow, Column::kClose});
  page.row(at(0), {"0.0000000000000000000000002", "1", "0.0000000000000000000000001", "0.5"});
  page.row(at(1), {"0.0000000000000000000000002", "1", "0.0000000000000000000000003", "0.5"});
  const Judged judged = judge(page, {at(0), at(2)});
  EXPECT_THAT(stored_times(judged), ElementsAre(at(0)));
  ASSERT_EQ(judged.rejected.size(), 1U);
  EXPECT_EQ(judged.rejected[0].open_time, at(1));
}

TEST(JudgeRows, ARowWithAValueThatNoInt64HoldsIsKept) {
  constexpr std::string_view kHuge = "123456789012345678901234567890.5";
  const Judged judged =
      judge(Page().row(at(0)).row(at(1), {"10", kHuge, "9", "11", "5"}), {at(0), at(2)});
  EXPECT_EQ(judged.rows, 2);
  EXPECT_EQ(judged.parts[0].rows.text_at(Column::kHigh, 1), kHuge);
}

TEST(JudgeRows, APremiumMayBeNegativeAndAPriceMayNot) {
  constexpr ColumnSet kPrices = {Column::kOpen, Column::kHigh, Column::kLow, Column::kClose};
  Page page(kPrices);
  page.row(at(0), {"-0.001", "0", "-0.002", "-0.001"});
  EXPECT_EQ(judge(page, {at(0), at(1)}, kLater, Kind::kPremium).rows, 1);
  EXPECT_EQ(judge(page, {at(0), at(1)}, kLater, Kind::kMark).rejected.size(), 1U);
}

TEST(JudgeRows, RefusesAPageWhoseRowsMostlyContradictThemselves) {
  // Columns in another order: low, high, open, close, as one exchange has them.
  constexpr Values kSwapped = {"9", "12", "10", "11", "5"};
  Page page;
  for (int minute = 0; minute < 12; ++minute) page.row(at(minute), kSwapped);
  const Result<Judged> judged =
      judge_rows(minutes_of(), answer_to({at(0), at(12)}), page.rows(), kLater);
  ASSERT_FALSE(judged);
  EXPECT_EQ(judged.error().code(), Code::kDataQuality);
  EXPECT_THAT(judged.error().message(), HasSubstr("12 of 12 rows"));
}

TEST(JudgeRows, RefusesAPageOfAWiderInterval) {
  const auto judged_of = [](const Page& page) {
    return judge_rows(minutes_of(), answer_to({at(0), at(60)}), page.rows(), kLater);
  };
  Page page;
  for (int row = 0; row < 7; ++row) page.row(at(5 * row), kGood);
  EXPECT_TRUE(judged_of(page)) << "so few rows may be all that was traded";
  page.row(at(35), kGood);
  const Result<Judged> wider = judged_of(page);
  ASSERT_FALSE(wider);
  EXPECT_EQ(wider.error().code(), Code::kDataQuality);
  EXPECT_THAT(wider.error().message(), HasSubstr("5m"));
  page.row(at(41), kGood);
  EXPECT_TRUE(judged_of(page));
}

TEST(JudgeRows, AFewBadRowsDoNotRefuseTheOthers) {
  Page page;
  for (int minute = 0; minute < 24; ++minute) {
    page.row(at(minute), minute % 2 == 0 ? kGood : Values{"10", "9", "12", "11", "5"});
  }
  const Judged judged = judge(page, {at(0), at(24)});
  EXPECT_EQ(judged.rows, 12);
  EXPECT_EQ(judged.rejected.size(), 12U);
}

TEST(JudgeRows, MonthsAreSlotsOfTheirOwnLength) {
  Series series = minutes_of();
  series.interval = Interval::k1mo;
  const TimeMs january = from_civil({.year = 2024});
  const TimeMs february = from_civil({.year = 2024, .month = 2});
  const TimeMs march = from_civil({.year = 2024, .month = 3});
  Page page;
  page.row(january).row(february, {"10", "9", "12", "11", "5"});
  const Result<Judged> judged =
      judge_rows(series, answer_to({january, march}), page.rows(), march + kDayMs);
  ASSERT_TRUE(judged);
  EXPECT_THAT(answered_ranges(*judged), ElementsAre(TimeRange{january, february}));
}

Judged judge_funding(std::initializer_list<std::array<std::string_view, 2>> events, TimeRange asked,
                     TimeMs closed_by = kLater) {
  Series series = minutes_of(Kind::kFunding);
  series.interval = Interval::kEvents;
  CandleBatch rows;
  rows.columns = {Column::kFundingRate, Column::kMarkPrice};
  TimeMs time = at(0);
  for (const auto& [rate, mark] : events) {
    rows.append(Column::kOpenTime, Decimal{time, 0});
    append_text(rows, Column::kFundingRate, rate);
    append_text(rows, Column::kMarkPrice, mark);
    time += kMinuteMs;
  }
  const Result<Judged> judged = judge_rows(series, answer_to(asked), rows, closed_by);
  EXPECT_TRUE(judged) << judged.error().message();
  return judged ? *judged : Judged();
}

TEST(JudgeEvents, TakesRatesOfEitherSignAndRefusesWhatNoneCanBe) {
  const Judged judged = judge_funding(
      {{"0.0001", "43000"}, {"-0.9999", "1"}, {"1", "1"}, {"-1.0", "1"}, {"0", "0"}, {"0", "-1"}},
      {at(0), at(6)});
  EXPECT_THAT(stored_times(judged), ElementsAre(at(0), at(1)));
  ASSERT_EQ(judged.rejected.size(), 4U);
  EXPECT_THAT(judged.rejected.front().reason, "the rate is not between -1 and 1");
  EXPECT_EQ(judged.rejected.front().values, "1,1");
  // The instant of a refused event alone is not answered.
  EXPECT_EQ(answered_ranges(judged)[0], (TimeRange{at(0), at(2)}));
  EXPECT_EQ(answered_ranges(judged)[1], (TimeRange{at(2) + 1, at(3)}));
}

TEST(JudgeEvents, AnswersNothingThatIsStillToCome) {
  const Judged judged =
      judge_funding({{"0.0001", "43000"}, {"0.0001", "43000"}}, {at(0), at(9)}, at(1));
  EXPECT_EQ(judged.not_closed, 1);
  EXPECT_THAT(stored_times(judged), ElementsAre(at(0)));
  EXPECT_THAT(answered_ranges(judged), ElementsAre(TimeRange{at(0), at(1)}));
}

}  // namespace
}  // namespace bf::backfill
