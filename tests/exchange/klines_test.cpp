// Goal: every digit of a page arrives, and no page that is broken in any way passes for a good one.
// Method: recorded answers, hostile ones, and generated ones held against a slow plain reader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/exchange/exchange_support.h"

namespace bf::exchange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Series kSpot1m = series_of("spot", "BTCUSDT");
constexpr std::string_view kRow =
    R"([1634943780000,"60685.22000000","60729.84","60670.9","60719.27","21.63272",1634943839999,"1313200.0134041",617,"12.28492","745719.4102284","0"])";

Result<CandleBatch> parse(const Series& series, std::string_view body) {
  CandleBatch batch;
  const Padded padded(body);
  const MarketApi& market = market_of(series.instrument.market);
  const Result<void> parsed = market.parse_candles(series, padded.view(), batch);
  if (!parsed) {
    EXPECT_TRUE(batch.empty()) << "a broken page leaves rows behind";
    return fail(parsed.error());
  }
  return batch;
}

/// kRow with its field `index` replaced.
std::string row_with(std::size_t index, std::string_view field) {
  std::string row = "[";
  std::string_view rest = kRow.substr(1, kRow.size() - 2);
  for (std::size_t i = 0; i < 12; ++i) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (i != 0) row.push_back(',');
    row.append(i == index ? field : rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return row + "]";
}

TEST(Klines, ReadsARecordedSpotPage) {
  const Result<CandleBatch> page =
      parse(kSpot1m, read_fixture("api/binance-http_spot_market_klines.json"));
  ASSERT_TRUE(page) << page.error().message();
  ASSERT_EQ(page->row_count(), 10U);
  EXPECT_EQ(page->columns, kCandleColumns);
  EXPECT_EQ(page->open_time().front(), 1634943780000);
  EXPECT_EQ(page->open_time().back(), 1634944320000);
  EXPECT_EQ(page->text_at(Column::kOpen, 0), "60685.22");
  EXPECT_EQ(page->text_at(Column::kHigh, 1), "60780.41");
  EXPECT_EQ(page->text_at(Column::kLow, 2), "60745.24");
  EXPECT_EQ(page->text_at(Column::kClose, 3), "60786.56");
  EXPECT_EQ(page->text_at(Column::kVolume, 9), "0.04734");
  EXPECT_EQ(page->text_at(Column::kQuoteVolume, 9), "2875.424499");
  EXPECT_EQ(page->text_at(Column::kTrades, 0), "617");
  EXPECT_EQ(page->text_at(Column::kTakerBuyBase, 8), "2.80953");
  EXPECT_EQ(page->text_at(Column::kTakerBuyQuote, 8), "170666.0522168");
  EXPECT_TRUE(page->wide.empty());
  EXPECT_TRUE(page->odd_close_times.empty());
}

TEST(Klines, ReadsTheDocumentedExampleAsAWeekThatDoesNotBeginOnMonday) {
  const Result<CandleBatch> page = parse(series_of("spot", "ETHBTC", Kind::kCandles, Interval::k1w),
                                         read_fixture("api/binance-klines_response.json"));
  ASSERT_TRUE(page) << page.error().message();
  ASSERT_EQ(page->row_count(), 1U);
  EXPECT_EQ(page->text_at(Column::kVolume, 0), "148976.11427815");
  EXPECT_TRUE(page->odd_close_times.empty());  // seven days after its open time, less 1 ms
}

TEST(Klines, AnEmptyListIsAPageWithoutRows) {
  const Result<CandleBatch> page = parse(kSpot1m, " [ ] ");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->row_count(), 0U);
}

TEST(Klines, KeepsACloseTimeThatIsNotTheUsualOne) {
  const std::string body = "[" + std::string(kRow) + "," + row_with(6, "1634943781646") + "]";
  const Result<CandleBatch> page = parse(kSpot1m, body);
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_THAT(page->odd_close_times, ElementsAre(OddCloseTime{1, 1634943781646}));
}

TEST(Klines, AMonthClosesAtItsOwnEnd) {
  const std::string body =
      R"([[1706745600000,"1","1","1","1","1",1709251199999,"1",1,"1","1","0"]])";  // 2024-02
  const Result<CandleBatch> page =
      parse(series_of("um", "BTCUSDT", Kind::kCandles, Interval::k1mo), body);
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_TRUE(page->odd_close_times.empty());
}

TEST(Klines, MarkIndexAndPremiumHavePricesAlone) {
  for (const Kind kind : {Kind::kMark, Kind::kIndex, Kind::kPremium}) {
    const Result<CandleBatch> page = parse(
        series_of("um", "BTCUSDT", kind),
        R"([[1634943780000,"-0.00012","0.0001","-0.0002","0","0",1634943839999,"0",12,"x","y","0"]])");
    ASSERT_TRUE(page) << page.error().message();
    EXPECT_EQ(page->columns,
              (ColumnSet{Column::kOpen, Column::kHigh, Column::kLow, Column::kClose}));
    EXPECT_EQ(page->text_at(Column::kOpen, 0), "-0.00012");
    EXPECT_TRUE(page->column(Column::kVolume).values.empty());
  }
}

TEST(Klines, AcceptsNumbersForStringsAndStringsForNumbers) {
  const Result<CandleBatch> page = parse(
      kSpot1m,
      R"([["1634943780000",60685.22,60729.84,60670.9 ,60719.27,21.6,"1634943839999",1.5,"617",1,2,0]])");
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(page->open_time().front(), 1634943780000);
  EXPECT_EQ(page->text_at(Column::kOpen, 0), "60685.22");
  EXPECT_EQ(page->text_at(Column::kLow, 0), "60670.9");
  EXPECT_EQ(page->text_at(Column::kTrades, 0), "617");
}

TEST(Klines, ReusesABatchWithoutATraceOfThePageBefore) {
  CandleBatch batch;
  const MarketApi& market = market_of("spot");
  const Padded first("[" + row_with(1, "\"1e-40\"") + "," + row_with(6, "1634943781646") + "]");
  ASSERT_TRUE(market.parse_candles(kSpot1m, first.view(), batch));
  ASSERT_EQ(batch.wide.size(), 1U);
  const Padded second("[" + std::string(kRow) + "]");
  ASSERT_TRUE(market.parse_candles(kSpot1m, second.view(), batch));
  EXPECT_EQ(batch.row_count(), 1U);
  EXPECT_TRUE(batch.wide.empty());
  EXPECT_TRUE(batch.odd_close_times.empty());
  EXPECT_EQ(batch.text_at(Column::kOpen, 0), "60685.22");
}

TEST(Klines, ReadsUnusualNumbersExactly) {
  struct Case {
    std::string_view sent;
    std::string_view stored;
  };
  const Case cases[] = {
      {"\"1E-8\"", "0.00000001"},
      {"1.5e3", "1500"},
      {"\"-0\"", "0"},
      {"\"0.000\"", "0"},
      {"\"9223372036854775807\"", "9223372036854775807"},
      {"\"9223372036854775808\"", "9223372036854775808"},
      {"\"1234567890123456789012345\"", "1234567890123456789012345"},
      {"\"0.123456789012345678901234567890123456\"", "0.123456789012345678901234567890123456"},
      {"\"12345678901234567890.50000000\"", "12345678901234567890.5"},
      {"1e25", "10000000000000000000000000"},
  };
  for (const Case& test : cases) {
    const std::string body =
        "[" + std::string(kRow) + "," + row_with(5, test.sent) + "," + std::string(kRow) + "]";
    const Result<CandleBatch> page = parse(kSpot1m, body);
    ASSERT_TRUE(page) << test.sent << ": " << page.error().message();
    EXPECT_EQ(page->text_at(Column::kVolume, 0), "21.63272") << test.sent;
    EXPECT_EQ(page->text_at(Column::kVolume, 1), test.stored);
    EXPECT_EQ(page->text_at(Column::kVolume, 2), "21.63272") << test.sent;
  }
}

TEST(Klines, DropsTrailingZerosBeforeItGivesUpOnAMantissa) {
  // At 8 decimal places 1e12 has no int64 mantissa; at the places that are used it has.
  const std::string body = "[" + row_with(7, "\"0.50000000\"") + "," +
                           row_with(7, "\"1000000000000.25000000\"") + "," +
                           row_with(7, "\"2000000000000.00000000\"") + "]";
  const Result<CandleBatch> page = parse(kSpot1m, body);
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_TRUE(page->wide.empty());
  EXPECT_EQ(page->text_at(Column::kQuoteVolume, 0), "0.5");
  EXPECT_EQ(page->text_at(Column::kQuoteVolume, 1), "1000000000000.25");
  EXPECT_EQ(page->text_at(Column::kQuoteVolume, 2), "2000000000000");
}

TEST(Klines, RefusesWhatIsNotAPage) {
  const std::string row(kRow);
  const std::string bodies[] = {
      "",
      " ",
      "null",
      "17",
      "\"klines\"",
      "{}",
      "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}",
      "[",
      "]",
      "[[",
      "[" + row,
      "[" + row + ",",
      "[" + row + ",]",
      "[" + row + row + "]",
      "[" + row + "]]",
      "[" + row + "][]",
      "[" + row + "] x",
      "[" + row + "]1",
      "[" + row + ",17]",
      "[" + row + ",{}]",
      "[" + row + ",null]",
      "[[]]",
      "\xEF\xBB\xBF[" + row + "]",
      "[" + row_with(11, "\"\xFF\xFE\"") + "]",
      "<html>502</html>",
      std::string(100'000, '['),
      std::string(100'000, '[') + std::string(100'000, ']'),
      "[" + row.substr(0, row.size() - 5) + "]",         // 11 columns
      "[" + row.substr(0, row.size() - 1) + ",\"0\"]]",  // 13 columns
      "[" + row.substr(0, row.size() - 1) + ",]]",
  };
  for (const std::string& body : bodies) {
    const Result<CandleBatch> page = parse(kSpot1m, body);
    ASSERT_FALSE(page) << body.substr(0, 200);
    EXPECT_EQ(page.error().code(), Code::kProtocol) << body.substr(0, 200);
    EXPECT_LT(page.error().message().size(), 600U);
  }
}

TEST(Klines, RefusesAFieldThatCannotBeReadAndNamesItsRow) {
  struct Case {
    std::size_t field;
    std::string_view value;
  };
  const Case cases[] = {
      {0, "\"\""},
      {0, "null"},
      {0, "-1"},
      {0, "1.5e12"},
      {0, "1634943780"},
      {0, "0"},
      {0, "1634943780000000"},
      {0, "1634943780000.0"},
      {0, "9999999999999999999999"},
      {0, "1634943780000x"},
      {1, "\"\""},
      {1, "null"},
      {1, "true"},
      {1, "\"NaN\""},
      {1, "NaN"},
      {1, "\"Infinity\""},
      {1, "-Infinity"},
      {1, "\"1,5\""},
      {1, "\"0x1\""},
      {1, "\"1.2.3\""},
      {1, "\" 1\""},
      {1, "\"1 \""},
      {1, "\"+1\""},
      {1, "\".5\""},
      {1, "\"5.\""},
      {1, "\"--1\""},
      {1, "\"1e\""},
      {1, "\"1e+-5\""},
      {1, "\"1e999\""},
      {1, "1e999"},
      {1, "[1]"},
      {1, "{\"a\":1}"},
      {1, "\"\\u0031\""},
      {1, "\"1\\u0000\""},
      {1, "1 2"},
      {1, "1\"2\""},
      {1, "\"1\"2"},
      {4, "\"1\n\""},
      {6, "\"\""},
      {6, "1e12"},
      {6, "99"},
      {8, "-1"},
      {8, "1.5"},
      {8, "\"1e3\""},
      {8, "null"},
      {10, "\"\xC0\x80\""},
  };
  for (const Case& test : cases) {
    const std::string body = "[" + std::string(kRow) + "," + row_with(test.field, test.value) + "]";
    const Result<CandleBatch> page = parse(kSpot1m, body);
    ASSERT_FALSE(page) << "field " << test.field << ": " << test.value;
    EXPECT_EQ(page.error().code(), Code::kProtocol);
  }
  const Result<CandleBatch> page =
      parse(kSpot1m, "[" + std::string(kRow) + "," + row_with(3, "\"1,5\"") + "]");
  ASSERT_FALSE(page);
  EXPECT_THAT(page.error().message(), HasSubstr("row 2: low cannot be read: \"1,5\""));
}

TEST(Klines, RefusesANumberOfAMegabyte) {
  const std::string digits = "\"" + std::string(1'000'000, '7') + "\"";
  EXPECT_FALSE(parse(kSpot1m, "[" + row_with(1, digits) + "]"));
}

TEST(Klines, NoCutOfAPagePassesForAWholeOne) {
  const std::string body = "[" + std::string(kRow) + "," + std::string(kRow) + "]";
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(parse(kSpot1m, body.substr(0, size))) << "cut at " << size;
  }
  EXPECT_TRUE(parse(kSpot1m, body));
}

// The differential test: numbers of many spellings, read by the fast parser and by canonical_decimal.

std::string random_digits(std::mt19937_64& random, std::size_t count) {
  std::string digits;
  for (std::size_t i = 0; i < count; ++i) digits.push_back(static_cast<char>('0' + random() % 10));
  return digits;
}

std::string random_number(std::mt19937_64& random) {
  const std::uint64_t form = random() % 100;
  std::string text = random() % 8 == 0 ? "-" : "";
  if (form < 60)
    return text + random_digits(random, 1 + random() % 6) + "." + random_digits(random, 8);
  if (form < 75) return text + random_digits(random, 1 + random() % 12);
  if (form < 90) {
    return text + random_digits(random, 1 + random() % 12) + "." +
           random_digits(random, 1 + random() % 13);
  }
  if (form < 95) return text + random_digits(random, 1 + random() % 40);
  text += random_digits(random, 1 + random() % 20) + "." + random_digits(random, 1 + random() % 20);
  return text + (random() % 2 == 0 ? "e-" : "E+") + std::to_string(random() % 60);
}

TEST(Klines, AgreesWithASlowReaderOnGeneratedPages) {
  constexpr Column kNumbers[] = {Column::kOpen,         Column::kHigh,         Column::kLow,
                                 Column::kClose,        Column::kVolume,       Column::kQuoteVolume,
                                 Column::kTakerBuyBase, Column::kTakerBuyQuote};
  std::mt19937_64 random(20'261'120);
  for (int round = 0; round < 400; ++round) {
    const std::size_t rows = 1 + random() % 40;
    std::vector<std::array<std::string, 8>> values(rows);
    std::string body = "[";
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::string& value : values[row]) value = random_number(random);
      const auto& v = values[row];
      const std::string open = std::to_string(1'600'000'020'000 + 60'000 * row);
      const std::string close = std::to_string(1'600'000'079'999 + 60'000 * row);
      body += (row == 0 ? "[" : ",[") + open;
      for (std::size_t i = 0; i < 5; ++i) body += ",\"" + v[i] + "\"";
      body += "," + close + ",\"" + v[5] + "\"," + std::to_string(row) + ",\"" + v[6] + "\",\"" +
              v[7] + "\",\"0\"]";
    }
    body += "]";
    const Result<CandleBatch> page = parse(kSpot1m, body);
    ASSERT_TRUE(page) << page.error().message();
    ASSERT_EQ(page->row_count(), rows);
    EXPECT_TRUE(page->odd_close_times.empty());
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t i = 0; i < 8; ++i) {
        const Result<std::string> plain = canonical_decimal(values[row][i]);
        ASSERT_TRUE(plain) << values[row][i];
        ASSERT_EQ(page->text_at(kNumbers[i], row), *plain) << values[row][i];
      }
    }
  }
}

}  // namespace
}  // namespace bf::exchange
