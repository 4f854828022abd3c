// tests/cli/import_rows_test.cpp
//
// Goal: a foreign file's rows arrive digit for digit or the file is refused with its line, and what is
// stored of them claims nothing that the file does not say. Method: small files of every known shape,
// and each with one thing wrong.
#include "tools/cli/import_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/row_order.h"
#include "tools/cli/import_pages.h"

namespace bf::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr TimeMs kStart = 1'700'000'040'000;  // 2023-11-14T22:14:00Z, on the minute
constexpr TimeMs kNow = kStart + kDayMs;

TimeMs minute(std::int64_t n) { return kStart + n * kMinuteMs; }

ImportOptions columns(std::vector<std::string> names) {
  ImportOptions options;
  options.columns = std::move(names);
  return options;
}

/// "TIME|OPEN,HIGH,LOW,CLOSE,VOLUME,..." of each row, in the order of the file.
std::vector<std::string> rows_of(const Result<ImportedRows>& rows) {
  if (!rows) return {"error: " + rows.error().message()};
  std::vector<std::string> texts;
  for (const ImportedRow& row : rows->order) {
    texts.push_back(std::to_string(row.open_time - kStart) + "|" +
                    store::row_values(rows->chunks[row.chunk], row.row));
  }
  return texts;
}

std::vector<std::string> parse(std::string_view text, const ImportOptions& options = {}) {
  return rows_of(parse_import(text, options));
}

/// A row of minute `n` as most files have it.
std::string line(std::int64_t n, std::string_view volume = "7") {
  return std::to_string(minute(n)) + ",1,3,0.5,2," + std::string(volume) + "\n";
}
const std::string kHeader = "timestamp,open,high,low,close,volume\n";

TEST(ImportRows, ReadsTheTwelveColumnsOfAKlineWithoutAHeader) {
  EXPECT_THAT(parse("1700000040000,1.10,3,0.5,2.0,7,1700000099999,14.5,3,4,8,0\n"),
              ElementsAre("0|1.1,3,0.5,2,7,14.5,3,4,8"));
}

TEST(ImportRows, TakesColumnsByTheNamesOfEveryKnownTool) {
  const std::string one = "0|1,3,0.5,2,7,,,,";
  EXPECT_THAT(parse("Datetime,Close,High,Low,Open,Volume\n2023-11-14 22:14:00+00:00,2,3,0.5,1,7\n"),
              ElementsAre(one));
  EXPECT_THAT(parse("MTS\tOPEN\tCLOSE\tHIGH\tLOW\tVOLUME\r\n1700000040000\t1\t2\t3\t0.5\t7\r\n"),
              ElementsAre(one));
  EXPECT_THAT(parse("date,Open,High,Low,Close,Volume,Volumenotional,Tradesdone\n"
                    "2023-11-14 22:14:00+00:00,1,3,0.5,2,7,9.5,18.0\n"),
              ElementsAre("0|1,3,0.5,2,7,9.5,18,,"));
  EXPECT_THAT(
      parse("timestamp,open,high,low,close,volume,close_time,quote_av,trades,tb_base_av,"
            "tb_quote_av,ignore\n2023-11-14 22:14:00,1,3,0.5,2,7,1700000099999,9,5,4,8,0\n"),
      ElementsAre("0|1,3,0.5,2,7,9,5,4,8"));
  EXPECT_THAT(
      parse("open_time,open,high,low,close,volume,source\n1700000040000,1,3,0.5,2,7,binance "
            "rest\n"),
      ElementsAre(one));
}

TEST(ImportRows, TakesColumnsByTheFlagInPlaceOfAHeader) {
  const ImportOptions bitfinex = columns({"time", "open", "close", "high", "low", "volume"});
  EXPECT_THAT(parse("1700000040000,1,2,3,0.5,7\r\n", bitfinex), ElementsAre("0|1,3,0.5,2,7,,,,"));
  EXPECT_THAT(parse("A\tB\tC\tD\tE\tF\n1700000040000\t1\t2\t3\t0.5\t7\n", bitfinex),
              ElementsAre("0|1,3,0.5,2,7,,,,"));
  EXPECT_THAT(parse("BTCUSD;1700000040000;1;3;0.5;2;7\n",
                    columns({"ignore", "time", "open", "high", "low", "close", "volume"})),
              ElementsAre("0|1,3,0.5,2,7,,,,"));
}

TEST(ImportRows, PassesOverBlankLinesQuotesAByteOrderMarkAndRepeatedHeaders) {
  const std::string text = "\xEF\xBB\xBF" + kHeader + "\r\n" + line(0) + "\n" + kHeader +
                           "\"1700000100000\", 1 ,3,0.5,2,7\r\n";
  const Result<ImportedRows> rows = parse_import(text, {});
  EXPECT_THAT(rows_of(rows), ElementsAre("0|1,3,0.5,2,7,,,,", "60000|1,3,0.5,2,7,,,,"));
  EXPECT_EQ(rows->repeated_headers, 1);
}

TEST(ImportRows, RefusesAnotherHeaderInTheMiddle) {
  EXPECT_THAT(parse(kHeader + line(0) + "timestamp,open,close,high,low,volume\n" + line(1)),
              ElementsAre(HasSubstr("line 3")));
}

TEST(ImportRows, ReadsJsonOfNumbersAndStringsInSeveralLists) {
  EXPECT_THAT(parse("[[1700000040000, 2.6e-05, 3E1, 1e-7, 2, 7.0]]\n[]\n"
                    "[[1700000100000,\"1\",\"3\",\"0.5\",\"2\",\"7\"]]"),
              ElementsAre("0|0.000026,30,0.0000001,2,7,,,,", "60000|1,3,0.5,2,7,,,,"));
  EXPECT_THAT(parse("[[1700000040000,\"1\",\"3\",\"0.5\",\"2\",\"7\",1700000099999,\"9\",5,\"4\","
                    "\"8\",\"0\"]]"),
              ElementsAre("0|1,3,0.5,2,7,9,5,4,8"));
}

TEST(ImportRows, KeepsEveryDigit) {
  const std::string wide = "123456789012345678901234567890.000000000000000000000000000001";
  EXPECT_THAT(parse(kHeader + line(0, "3455.7490208199997") + line(1, wide) + line(2, "8e-8")),
              ElementsAre("0|1,3,0.5,2,3455.7490208199997,,,,", "60000|1,3,0.5,2," + wide + ",,,,",
                          "120000|1,3,0.5,2,0.00000008,,,,"));
}

TEST(ImportRows, ReadsTimesInEveryUnitAndAsText) {
  for (const std::string time :
       {"1700000040", "1700000040000", "1700000040000000", "1700000040000000000", "1700000040.0",
        "1.70000004e12", "2023-11-14 22:14:00", "2023-11-14T22:14:00Z", "2023-11-14T22:14",
        "2023-11-14 22:14:00.000000", "2023-11-14 23:44:00+01:30", "2023-11-14 22:14:00 UTC"}) {
    EXPECT_THAT(parse(kHeader + time + ",1,3,0.5,2,7\n"), ElementsAre("0|1,3,0.5,2,7,,,,")) << time;
  }
}

TEST(ImportRows, RefusesATimeByItsLine) {
  for (const std::string time :
       {"", "0", "60000", "20231114", "1700000040", "1700000100000000", "17000001000001e-1",
        "2023-11-14 22:14:00", "999999999999999999999", "-1700000100000", "NaN", "0x18BCFE"}) {
    EXPECT_THAT(parse(kHeader + line(0) + time + ",1,3,0.5,2,7\n"),
                ElementsAre(HasSubstr("line 3")))
        << time;
  }
  for (const std::string time :
       {"2023-02-29 00:00", "2023-13-01 00:00", "2023-11-14 24:00", "2023-11-14 22:14:00.0001",
        "2023-11-14 22:14:00+1", "2023-11-14 22:14:00 CET", "14/11/2023", "1999-12-31",
        "2200-01-01", "2023-11-14 22:14:00."}) {
    EXPECT_THAT(parse(kHeader + time + ",1,3,0.5,2,7\n"), ElementsAre(HasSubstr("line 2"))) << time;
  }
}

TEST(ImportRows, KeepsACloseTimeThatIsNotTheUsualOne) {
  const Result<ImportedRows> rows = parse_import(
      "1700000040000000,1,3,0.5,2,7,1700000099999999,9,5,4,8,0\n"
      "1700000100000000,1,3,0.5,2,7,1700000101646000,9,5,4,8,0\n",
      {});
  EXPECT_THAT(rows_of(rows), ElementsAre("0|1,3,0.5,2,7,9,5,4,8",
                                         "60000|1,3,0.5,2,7,9,5,4,8;close_time=1700000101646"));
}

TEST(ImportRows, RefusesAValueByItsLineAndColumn) {
  for (const std::string value : {"", "NaN", "1,5", "0x1", "1.", "inf", "-", "1e999", "1 2"}) {
    EXPECT_THAT(parse(kHeader + line(0) + line(1, value)), ElementsAre(HasSubstr("line 3")))
        << value;
  }
  EXPECT_THAT(parse(kHeader + line(0, "NaN")), ElementsAre(HasSubstr("volume: \"NaN\"")));
  EXPECT_THAT(parse("1700000040000,1,3,0.5,2,7,1700000099999,9,1.5,4,8,0\n"),
              ElementsAre(HasSubstr("trades: \"1.5\" is not a count")));
  EXPECT_THAT(parse(kHeader + line(0) + "1700000100000,1,3,0.5,2\n"),
              ElementsAre(HasSubstr("line 3: 5 columns where 6 are expected")));
}

TEST(ImportRows, TakesAnEmptyCellForAValueThatTheRowDoesNotHave) {
  const std::string names = "open_time,open,high,low,close,volume,quote_volume,trades,close_time\n";
  EXPECT_THAT(parse(names + "1700000040000,1,3,0.5,2,7,9,,\n1700000100000,1,3,0.5,2,7,,4,\n"),
              ElementsAre("0|1,3,0.5,2,7,9,,,", "60000|1,3,0.5,2,7,,4,,"));
  EXPECT_THAT(parse(names + "1700000040000,1,,0.5,2,7,9,,\n"), ElementsAre(HasSubstr("high")));
}

TEST(ImportRows, RefusesColumnsThatItDoesNotKnow) {
  EXPECT_THAT(parse("time,open,high,low,close,adj close,volume\n"),
              ElementsAre(HasSubstr("adj close")));
  EXPECT_THAT(parse("time,open,high,low,close\n"), ElementsAre(HasSubstr("volume")));
  EXPECT_THAT(parse("open,high,low,close,volume\n"), ElementsAre(HasSubstr("open time")));
  EXPECT_THAT(parse("time,open,open,high,low,close,volume\n"), ElementsAre(HasSubstr("open")));
  EXPECT_THAT(parse(line(0)), ElementsAre(HasSubstr("--columns")));
  EXPECT_THAT(parse(line(0), columns({"time", "opne"})), ElementsAre(HasSubstr("opne")));
}

TEST(ImportRows, RefusesWhatIsNoTable) {
  for (const std::string_view text :
       {"", "\n\n", "[]", "{\"data\": []}", "[1,2]", "[[]]", "[[1700000040000,1,3,0.5,2,7]",
        "[[1700000040000,1,3,0.5,2,null]]", "[[1700000040000,1,3,0.5,2,7]] x",
        "[[1700000040000,1,3,0.5,\"2", "[{\"t\":1}]", "<html>", "[[1700000040000,1,3,0.5,2,7],]"}) {
    EXPECT_FALSE(parse_import(text, {})) << text;
  }
  EXPECT_THAT(parse("[[1700000040000,1,3,0.5,2,7],[1700000100000,1,3,0.5,2,true]]"),
              ElementsAre(HasSubstr("row 2: volume: \"true\"")));
}

TEST(ImportRows, RefusesAFileThatIsCutAnywhereOrReadsAPart) {
  const std::string whole = "[[1700000040000,1,3,0.5,2,7],[1700000100000,\"1\",3,0.5,2,7]]";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_import(whole.substr(0, size), {})) << whole.substr(0, size);
  }
}

// What becomes of the rows.

ImportFindings settle(ImportedRows& rows, Interval interval = Interval::k1m) {
  const Result<ImportFindings> found = settle_rows(rows, interval, kNow);
  EXPECT_TRUE(found) << found.error().message();
  return found.value_or(ImportFindings{});
}

ImportedRows parsed(const std::string& text) {
  Result<ImportedRows> rows = parse_import(text, {});
  EXPECT_TRUE(rows) << rows.error().message();
  return std::move(rows).value_or(ImportedRows{});
}

TEST(ImportPages, SortAndKeepTheLastRowOfAnOpenTime) {
  ImportedRows rows = parsed(kHeader + line(2) + line(0, "1") + line(0, "2") + line(1) +
                             line(0, "2") + line(1, "7.0"));
  const ImportFindings found = settle(rows);
  EXPECT_THAT(rows_of(rows),
              ElementsAre("0|1,3,0.5,2,2,,,,", "60000|1,3,0.5,2,7,,,,", "120000|1,3,0.5,2,7,,,,"));
  EXPECT_EQ(found.rows_read, 6);
  EXPECT_EQ(found.repeats, 2);
  EXPECT_EQ(found.conflicts, 1);
  EXPECT_EQ(found.first_conflict, minute(0));
  EXPECT_EQ(found.range, (TimeRange{minute(0), minute(3)}));
}

TEST(ImportPages, CountHolesAndRowsOffTheGrid) {
  ImportedRows rows = parsed(kHeader + line(0) + line(3) + line(4) + std::to_string(minute(6) + 5) +
                             ",1,3,0.5,2,7\n");
  const ImportFindings found = settle(rows);
  EXPECT_EQ(found.holes, 2);
  EXPECT_EQ(found.missing_slots, 3);
  EXPECT_EQ(found.off_grid, 1);
}

TEST(ImportPages, DropWhatIsNotClosedYet) {
  const std::int64_t now = kDayMs / kMinuteMs;
  ImportedRows rows = parsed(kHeader + line(now - 1) + line(now) + line(now + 1));
  EXPECT_EQ(settle(rows).open_candles, 2);
  EXPECT_EQ(rows.order.size(), 1U);
  ImportedRows future = parsed(kHeader + line(now));
  EXPECT_FALSE(settle_rows(future, Interval::k1m, kNow));
}

TEST(ImportPages, RefuseRowsOfAnotherInterval) {
  std::string text = kHeader;
  for (int i = 0; i < 30; ++i) text += line(i * 15);
  ImportedRows rows = parsed(text);
  EXPECT_FALSE(settle_rows(rows, Interval::k1m, kNow));
  EXPECT_FALSE(settle_rows(rows, Interval::k1h, kNow));
  EXPECT_TRUE(settle_rows(rows, Interval::k15m, kNow));
}

std::vector<store::AnsweredRows> pages_of(const ImportedRows& rows) {
  const Series series{{"bitfinex", "spot", "BTCUSD"}, Kind::kCandles, Interval::k1m};
  ImportPages pages(rows, series, kNow);
  std::vector<store::AnsweredRows> all;
  for (auto group = pages.next(); !group.empty(); group = pages.next()) {
    all.insert(all.end(), std::make_move_iterator(group.begin()),
               std::make_move_iterator(group.end()));
  }
  return all;
}

TEST(ImportPages, CoverNothingButTheirOwnRows) {
  ImportedRows rows = parsed(kHeader + line(0) + line(1) + line(4) + std::to_string(minute(5) + 5) +
                             ",1,3,0.5,2,7\n" + line(6));
  settle(rows);
  store::GapIndex gaps(Interval::k1m, "bitfinex");
  for (const store::AnsweredRows& page : pages_of(rows)) {
    EXPECT_EQ(page.answer.exchange, "bitfinex");
    EXPECT_EQ(page.answer.channel, store::Channel::kImport);
    EXPECT_EQ(page.answer.asked_at, kNow);
    gaps.add_answer(page.answer);
  }
  std::vector<TimeRange> covered;
  for (const auto& answer : gaps.answers()) covered.push_back(answer.asked);
  EXPECT_THAT(covered,
              ElementsAre(TimeRange{minute(0), minute(2)}, TimeRange{minute(4), minute(7)}));
}

TEST(ImportPages, HaveOneSetOfColumnsEach) {
  ImportedRows rows = parsed(
      "open_time,open,high,low,close,volume,trades\n1700000040000,1,3,0.5,2,7,4\n"
      "1700000100000,1,3,0.5,2,7,\n1700000160000,1,3,0.5,2,7,4\n");
  settle(rows);
  EXPECT_EQ(pages_of(rows).size(), 3U);
}

TEST(ImportPages, HoldEveryRowOnceWhateverTheOrder) {
  std::string text = kHeader;
  constexpr std::int64_t kRows = 10'000;  // several chunks and pages; 7 and 10,000 have no divisor
  for (std::int64_t i = 0; i < kRows; ++i) text += line(i * 7 % kRows - kRows, std::to_string(i));
  ImportedRows rows = parsed(text);
  settle(rows);
  std::int64_t next = -kRows;
  for (const store::AnsweredRows& page : pages_of(rows)) {
    EXPECT_LE(page.rows.row_count(), ImportPages::kPageRowsMax);
    for (std::size_t i = 0; i < page.rows.row_count(); ++i, ++next) {
      ASSERT_EQ(page.rows.open_time()[i], minute(next));
      const std::int64_t volume = std::stoll(page.rows.text_at(Column::kVolume, i));
      ASSERT_EQ(volume * 7 % kRows, next + kRows);
    }
  }
  EXPECT_EQ(next, 0);
}

}  // namespace
}  // namespace bf::cli
