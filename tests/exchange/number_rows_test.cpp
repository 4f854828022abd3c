// Goal: rows that are read many at a time say what reading them one by one says, in JSON and in CSV, and
// whatever is no such row is left to others.
// Method: generated pages whose numbers keep their places, as the exchange writes them; then each byte of one
// replaced by each that may be taken for something else. JSON is held against simdjson, which a space in
// front leaves it to; CSV against its lines read alone, of which the first is never read this way.
#include "engine/exchange/number_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/exchange/kline_csv.h"
#include "engine/exchange/kline_scan.h"
#include "tests/exchange/exchange_support.h"

namespace bf::exchange::binance {
namespace {

constexpr TimeMs kBegin = 1'600'000'020'000;

/// The numbers of rows with as many places behind the point in every row.
std::vector<std::array<std::string, kRowNumbers>> rows_of(std::mt19937_64& random,
                                                          std::size_t count) {
  const auto number = [&random](std::size_t whole, std::size_t places) {
    std::string text;
    for (std::size_t i = 0; i < whole + places; ++i) {
      if (i == whole) text.push_back('.');
      text.push_back(static_cast<char>('0' + random() % 10));
    }
    return text;
  };
  std::array<std::size_t, kRowNumbers> places{};
  for (const std::size_t i : {1U, 5U, 7U, 9U, 10U}) places[i] = random() % 9;
  for (const std::size_t i : {2U, 3U, 4U}) places[i] = places[1];
  std::vector<std::array<std::string, kRowNumbers>> rows(count);
  for (std::size_t row = 0; row < count; ++row) {
    const TimeMs open_time = kBegin + 60'000 * static_cast<TimeMs>(row);
    for (const std::size_t i : {1U, 2U, 3U, 4U, 5U, 7U, 9U, 10U}) {
      rows[row][i] = number(1 + random() % 7, places[i]);
    }
    rows[row][0] = std::to_string(open_time);
    rows[row][6] = std::to_string(open_time + 59'999 - (random() % 20 == 0 ? 1 : 0));
    rows[row][8] = number(1 + random() % 9, 0);
    rows[row][11] = "0";
  }
  return rows;
}

std::string json_of(const std::vector<std::array<std::string, kRowNumbers>>& rows) {
  std::string body = "[";
  for (const auto& row : rows) {
    if (body.size() > 1) body.push_back(',');
    for (std::size_t i = 0; i < kRowNumbers; ++i) {
      const bool quoted = i != 0 && i != 6 && i != 8;
      body.append(i == 0 ? "[" : ",").append(quoted ? "\"" : "").append(row[i]);
      if (quoted) body.push_back('"');
    }
    body.push_back(']');
  }
  return body + "]";
}

std::string csv_of(const std::vector<std::array<std::string, kRowNumbers>>& rows) {
  std::string csv;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < kRowNumbers; ++i) csv.append(i == 0 ? "" : ",").append(row[i]);
    csv.push_back('\n');
  }
  return csv;
}

bool scan(const std::string& body, CandleBatch& out) {
  CandleWriter writer(Interval::k1m, kCandleColumns, out);
  const Padded padded(body);
  return scan_klines(padded.view(), kCandleColumns, writer);
}

Result<CandleBatch> read_by_simdjson(const std::string& body) {
  CandleBatch batch;
  const Padded padded(" " + body);
  const Result<void> read =
      market_of("um").parse_candles(series_of("um", "BTCUSDT"), padded.view(), batch);
  if (!read) return fail(read.error());
  return batch;
}

Result<CandleBatch> read_csv(std::string_view csv) {
  return parse_kline_csv(Interval::k1m, kCandleColumns, csv);
}

Result<CandleBatch> read_line_by_line(const std::string& csv) {
  CandleBatch all;
  all.columns = kCandleColumns;
  for (std::size_t begin = 0; begin < csv.size();) {
    const std::size_t end = std::min(csv.find('\n', begin), csv.size() - 1) + 1;
    const Result<CandleBatch> line = read_csv(std::string_view(csv).substr(begin, end - begin));
    if (!line) return fail(line.error());
    all.append_rows(*line, 0, line->row_count());
    begin = end;
  }
  return all;
}

void expect_same(const CandleBatch& batch, const CandleBatch& other, const std::string& text) {
  ASSERT_EQ(batch.row_count(), other.row_count()) << text;
  for (std::size_t row = 0; row < batch.row_count(); ++row) {
    ASSERT_TRUE(same_row(batch, row, other, row)) << "row " << row << " of " << text;
  }
}

TEST(NumberRows, ReadsManyRowsAtATime) {
  if (!has_lanes()) GTEST_SKIP() << "this processor has not the instructions";
  std::mt19937_64 random(1);
  for (const RowText form : {RowText::kJson, RowText::kCsv}) {
    const auto rows = rows_of(random, 300);
    const std::string text = form == RowText::kJson ? json_of(rows) : csv_of(rows);
    NumberRowReader reader(text, form);
    NumberRows read;
    const char* at = text.data() + (form == RowText::kJson ? 1 : 0);
    std::size_t count = 0;
    std::size_t left = 0;
    // What it leaves is stepped over here.
    for (std::size_t row = 0; row < rows.size(); row = count + left) {
      at = reader.read(at, read);
      count += read.count;
      if (read.count > 0) continue;
      ++left;
      at = std::find(at, text.data() + text.size(), form == RowText::kJson ? ']' : '\n');
      at += form == RowText::kJson ? 2 : 1;
    }
    EXPECT_LE(left, 3U) << "the first one, the one that is learned from, and the last one";
    EXPECT_EQ(count + left, rows.size());
  }
}

TEST(NumberRows, SayWhatRowsOneByOneSay) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 200; ++round) {
    auto rows = rows_of(random, 1 + random() % 200);
    // Some change places, as where the last digits are zeros that are not written.
    for (auto& row : rows) {
      if (random() % 16 == 0) row[1 + random() % 5] = std::to_string(random() % 1'000);
    }
    const std::string body = json_of(rows);
    CandleBatch quick;
    ASSERT_TRUE(scan(body, quick)) << body;
    const Result<CandleBatch> slow = read_by_simdjson(body);
    ASSERT_TRUE(slow) << slow.error().message();
    expect_same(quick, *slow, body);

    const std::string csv = csv_of(rows);
    const Result<CandleBatch> whole = read_csv(csv);
    ASSERT_TRUE(whole) << whole.error().message();
    expect_same(*whole, quick, csv);
  }
}

constexpr std::string_view kBytes = "09.,\"[]- \n\r/:ex\x80";

TEST(NumberRows, WhateverByteOfJsonIsAnother) {
  std::mt19937_64 random(3);
  const std::string body = json_of(rows_of(random, 6));
  std::size_t taken = 0;
  for (std::size_t at = 0; at < body.size(); ++at) {
    for (const char byte : kBytes) {
      std::string other = body;
      other[at] = byte;
      CandleBatch quick;
      if (!scan(other, quick)) continue;
      const Result<CandleBatch> slow = read_by_simdjson(other);
      ASSERT_TRUE(slow) << slow.error().message() << ": " << other;
      expect_same(quick, *slow, other);
      ++taken;
    }
  }
  EXPECT_GT(taken, body.size()) << "digits by digits";
}

TEST(NumberRows, WhateverByteOfCsvIsAnother) {
  std::mt19937_64 random(4);
  const std::string csv = csv_of(rows_of(random, 6));
  std::size_t refused = 0;
  for (std::size_t at = 0; at < csv.size(); ++at) {
    for (const char byte : kBytes) {
      std::string other = csv;
      other[at] = byte;
      const Result<CandleBatch> whole = read_csv(other);
      const Result<CandleBatch> lines = read_line_by_line(other);
      // A line alone says less of its unit, and its error has another line's number.
      if (!lines) {
        ++refused;
        ASSERT_FALSE(whole) << other;
      } else if (whole) {
        expect_same(*whole, *lines, other);
      } else {
        ASSERT_EQ(whole.error().code(), Code::kDataQuality) << whole.error().message();
      }
    }
  }
  EXPECT_GT(refused, csv.size());
}

TEST(NumberRows, ALineThatIsWrongAmongManyIsNamed) {
  std::mt19937_64 random(5);
  auto rows = rows_of(random, 150);
  rows[120][0] = "16000000200000000";
  const Result<CandleBatch> unit = read_csv(csv_of(rows));
  ASSERT_FALSE(unit);
  EXPECT_EQ(unit.error().code(), Code::kDataQuality);
  EXPECT_NE(unit.error().message().find("csv line 121:"), std::string::npos)
      << unit.error().message();
  rows[120][0] = "0000000000001";
  const Result<CandleBatch> early = read_csv(csv_of(rows));
  ASSERT_FALSE(early);
  EXPECT_NE(early.error().message().find("csv line 121:"), std::string::npos)
      << early.error().message();
}

}  // namespace
}  // namespace bf::exchange::binance
