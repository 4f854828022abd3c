// tests/cli/text_test.cpp
//
// Goal: what people read is true: nothing is rounded into something that it is not, nothing foreign
// moves the cursor.
#include "tools/cli/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/base/clock.h"
#include "tools/cli/candle_checks.h"
#include "tools/cli/output.h"
#include "tools/cli/progress.h"
#include "tools/cli/report_json.h"
#include "tools/cli/report_text.h"

namespace bf::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(FormatSlots, OfEventsAreTimes) {
  EXPECT_EQ(format_slots(Interval::k1m, 1'234), "1,234");
  EXPECT_EQ(format_slots(Interval::kEvents, 0), "0");
  EXPECT_EQ(format_slots(Interval::kEvents, 76 * kHourMs), "3 d 4 h");
  SlotTotal total;
  EXPECT_FALSE(total.any());
  EXPECT_EQ(total.text(), "0 slots");
  total.add(Interval::kEvents, 76 * kHourMs);
  EXPECT_EQ(total.text(), "3 d 4 h of events");
  total.add(Interval::k1m, 1);
  EXPECT_EQ(total.text(), "1 slot and 3 d 4 h of events");
}

TEST(Text, FormatsCounts) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1'000), "1,000");
  EXPECT_EQ(format_count(-1'234'567), "-1,234,567");
  EXPECT_EQ(format_counted(1, "candle"), "1 candle");
  EXPECT_EQ(format_counted(2'000, "candle"), "2,000 candles");
}

TEST(Text, FormatsSizesAndTimes) {
  EXPECT_EQ(format_bytes(1'023), "1023 B");
  EXPECT_EQ(format_bytes(1'536), "1.5 KiB");
  EXPECT_EQ(format_seconds(0.44), "0.4 s");
  EXPECT_EQ(format_seconds(200), "3 min 20 s");
  EXPECT_EQ(format_seconds(7'020), "1 h 57 min");
  EXPECT_EQ(format_seconds(200'000), "2 d 7 h");
  EXPECT_EQ(format_seconds(-1), "unknown");
  EXPECT_EQ(format_rate(950), "950/s");
  EXPECT_EQ(format_rate(1'530'000), "1.53 M/s");
}

TEST(Text, NeverRoundsAHoleAway) {
  EXPECT_EQ(format_share(10, 10), "100 %");
  EXPECT_EQ(format_share(0, 0), "100 %");
  EXPECT_EQ(format_share(999'999, 1'000'000), "99.99 %");
  EXPECT_EQ(format_share(0, 7), "0.00 %");
}

TEST(Text, SplitsWords) {
  EXPECT_THAT(split(" a, b ,,c", ','), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split("", ','), ElementsAre());
}

TEST(Text, MakesForeignTextOneHarmlessLine) {
  const std::string line = one_line("a\nb\x1b[2J\rc");
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_EQ(line.find('\r'), std::string::npos);
}

backfill::Progress sample_progress() {
  backfill::Progress progress;
  progress.pages_done = 260;
  progress.pages_planned = 1'040;
  progress.candles_stored = 130'000;
  progress.series_done = 1;
  progress.series_total = 4;
  progress.weight_used = 40;
  progress.weight_capacity = 2'400;
  progress.eta_seconds = 200;
  return progress;
}

TEST(ProgressLine, SaysPagesRateWeightAndTimeLeft) {
  EXPECT_EQ(bar_line(sample_progress(), 61'700, 200),
            "[##--------]  25 %  260 of 1,040 pages  61.7 k/s candles  3 min 20 s left  "
            "weight 40 of 2,400");
  EXPECT_THAT(plain_line(sample_progress(), 61'700), HasSubstr("1 of 4 series"));
}

TEST(ProgressLine, FitsItsTerminal) {
  for (std::size_t columns = 0; columns < 120; ++columns) {
    EXPECT_LE(bar_line(sample_progress(), 1, columns).size(), columns);
  }
}

TEST(ProgressLine, BearsAPlanThatGrewOrIsNotThere) {
  backfill::Progress progress;
  EXPECT_THAT(bar_line(progress, 0, 200), HasSubstr("[----------]   0 %"));
  progress.pages_done = 5;
  progress.pages_planned = 4;
  EXPECT_THAT(bar_line(progress, 0, 200), HasSubstr("100 %  5 of 5 pages"));
  EXPECT_THAT(bar_line(progress, 0, 200), Not(HasSubstr("left")));
}

TEST(RateMeter, FollowsTheLastSamples) {
  RateMeter rate;
  EXPECT_EQ(rate.per_second(), 0);
  constexpr std::int64_t kSecondNs = 1'000'000'000;
  for (std::int64_t i = 0; i <= 100; ++i) rate.add(i * kSecondNs, i * 10);
  EXPECT_DOUBLE_EQ(rate.per_second(), 10);
  for (std::int64_t i = 101; i <= 150; ++i) rate.add(i * kSecondNs, 1'000);
  EXPECT_DOUBLE_EQ(rate.per_second(), 0);
}

TEST(ProgressMode, IsABarOnATerminalAlone) {
  EXPECT_EQ(parse_progress("auto", true).value(), ProgressMode::kBar);
  EXPECT_EQ(parse_progress("auto", false).value(), ProgressMode::kPlain);
  EXPECT_EQ(parse_progress("none", true).value(), ProgressMode::kNone);
  EXPECT_FALSE(parse_progress("fancy", true));
}

backfill::RunReport sample_report() {
  backfill::RunReport report;
  backfill::SeriesReport series;
  series.series = {{"binance", "um", "BTCUSDT"}, Kind::kCandles, Interval::k1m};
  series.wanted = {1'704'067'200'000, 1'704'153'600'000};
  series.slots.held = 1'400;
  series.slots.missing = 40;
  backfill::Failure failure;
  failure.code = Code::kBanned;
  failure.message = "banned\x1b";
  failure.retry_at = 1'704'200'000'000;
  series.failures.push_back(failure);
  report.series.push_back(series);
  return report;
}

TEST(Report, SaysWhatIsMissingAndWhenToComeBack) {
  const std::string text = run_text(sample_report());
  EXPECT_THAT(text, HasSubstr("binance/um/BTCUSDT/candles/1m"));
  EXPECT_THAT(text, HasSubstr("40 slots missing"));
  EXPECT_THAT(text, HasSubstr("try again after 2024-01-02"));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(retry_at(sample_report()), 1'704'200'000'000);
}

TEST(Report, IsOneJsonObject) {
  ReportFrame frame;
  frame.command = "run";
  frame.exit = backfill::Exit::kTemporary;
  frame.reasons.emplace_back(backfill::Exit::kTemporary, "banned");
  const std::string text = report_json(sample_report(), frame);
  EXPECT_THAT(text, HasSubstr("\"exit\": 5"));
  EXPECT_THAT(text, HasSubstr("\"missing\": 40"));
  EXPECT_THAT(text, HasSubstr("\"retry_at\": \"2024-01-02T12:53:20Z\""));
  const std::string event = report_event(sample_report(), frame);
  EXPECT_EQ(event.find('\n'), event.size() - 1);
}

TEST(Report, BearsBytesThatAreNotUtf8) {
  backfill::Event event;
  event.text = "\xff\xfe";
  EXPECT_THAT(event_line(event, 1), HasSubstr("\"event\":\"warning\""));
}

TEST(Plan, TellsWorkFromNone) {
  backfill::RunReport report = sample_report();
  EXPECT_FALSE(has_work(report));
  EXPECT_THAT(plan_text(report), HasSubstr("no source"));
  report.planned.push_back({"binance/um rest", 3, 6, 1'440, 100, 1});
  EXPECT_TRUE(has_work(report));
  EXPECT_THAT(plan_text(report), HasSubstr("binance/um rest"));
}

CandleBatch candle(std::int64_t open, std::int64_t high, std::int64_t low, std::int64_t close,
                   std::int64_t volume, TimeMs open_time = 1'704'067'200'000) {
  CandleBatch rows;
  rows.columns = kOhlcvColumns;
  rows.append(Column::kOpenTime, Decimal{open_time, 0});
  rows.append(Column::kOpen, Decimal{open, 0});
  rows.append(Column::kHigh, Decimal{high * 10, 1});
  rows.append(Column::kLow, Decimal{low * 100, 2});
  rows.append(Column::kClose, Decimal{close, 0});
  rows.append(Column::kVolume, Decimal{volume, 0});
  return rows;
}

std::vector<std::string> found(const CandleBatch& rows) {
  CandleChecker checker(Interval::k1m);
  checker.check(rows);
  std::vector<std::string> names;
  for (const Finding& finding : checker.findings()) names.push_back(finding.check);
  return names;
}

TEST(CandleChecks, FindWhatContradictsItself) {
  EXPECT_THAT(found(candle(2, 3, 1, 2, 5)), ElementsAre());
  EXPECT_THAT(found(candle(2, 2, 2, 2, 0)), ElementsAre());
  EXPECT_THAT(found(candle(4, 3, 1, 2, 5)), ElementsAre("ohlc-order"));
  EXPECT_THAT(found(candle(2, 3, 3, 2, 5)), ElementsAre("ohlc-order"));
  EXPECT_THAT(found(candle(2, 3, 1, 2, -5)), ElementsAre("negative"));
  EXPECT_THAT(found(candle(0, 3, 0, 2, 5)), ElementsAre("zero-price"));
  EXPECT_THAT(found(candle(2, 3, 1, 2, 0)), ElementsAre("range-without-volume"));
  EXPECT_THAT(found(candle(2, 3, 1, 2, 5, 1'704'067'200'001)), ElementsAre("off-grid"));
}

TEST(CandleChecks, CountAndKeepTheFirst) {
  CandleChecker checker(Interval::k1m);
  checker.check(candle(4, 3, 1, 2, 5));
  checker.check(candle(4, 3, 1, 2, 5, 1'704'067'260'000));
  ASSERT_EQ(checker.findings().size(), 1U);
  EXPECT_EQ(checker.findings()[0].count, 2);
  EXPECT_EQ(checker.findings()[0].first, 1'704'067'200'000);
  EXPECT_THAT(checker.findings()[0].example, HasSubstr("open 4"));
  EXPECT_EQ(checker.rows(), 2);
}

TEST(CandleChecks, LeaveWideValuesUncompared) {
  CandleBatch rows = candle(2, 3, 1, 2, 5);
  rows.wide.push_back(WideValue{0, Column::kHigh, "99999999999999999999999"});
  EXPECT_THAT(found(rows), ElementsAre("not-compared"));
}

TEST(CompareDecimals, GoesByValueAtAnyScale) {
  EXPECT_EQ(compare({150, 2}, {15, 1}), 0);
  EXPECT_LT(compare({149, 2}, {15, 1}), 0);
  EXPECT_GT(compare({1, 0}, {999'999'999'999'999'999, 18}), 0);
  EXPECT_GT(compare({5'000'000'000'000'000'000, 0}, {5'000'000'000'000'000'000, 30}), 0);
  EXPECT_LT(compare({-5'000'000'000'000'000'000, 0}, {-1, 30}), 0);
  EXPECT_LT(compare({0, 0}, {1, 30}), 0);
  EXPECT_GT(compare({1, 30}, {0, 0}), 0);
  EXPECT_GT(compare({0, 0}, {-1, 30}), 0);
}

}  // namespace
}  // namespace bf::cli
