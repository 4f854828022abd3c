// Goal: the quick reading of a page says what simdjson's says, and takes every page that Binance writes.
// Method: generated pages of the exact shape, and the same with a space in front, which the quick reading
// leaves to simdjson; numbers of every length, ended by every byte that may stand there.
#include "engine/exchange/kline_scan.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/exchange/exchange_support.h"

namespace bf::exchange::binance {
namespace {

std::string digits(std::mt19937_64& random, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text.push_back(static_cast<char>('0' + random() % 10));
  return text;
}

/// A page of prices with `places` and amounts of many lengths.
std::string page_of(std::mt19937_64& random, std::size_t rows, std::size_t places) {
  const auto quoted = [&random](std::size_t whole, std::size_t behind) {
    std::string text = "\"" + digits(random, whole);
    if (behind > 0) text += "." + digits(random, behind);
    return text + "\"";
  };
  std::string body = "[";
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t whole = 1 + random() % 10;  // the same for the prices of a row
    body += (row == 0 ? "[" : ",[") + std::to_string(1'600'000'020'000 + 60'000 * row);
    for (int i = 0; i < 4; ++i) body += "," + quoted(whole, places);
    body += "," + quoted(1 + random() % 9, random() % 9);
    const bool odd = random() % 10 == 0;
    body += "," + std::to_string(1'600'000'079'999 + 60'000 * row - (odd ? 1 : 0));
    body +=
        "," + quoted(1 + random() % 9, 1 + random() % 9) + "," + digits(random, 1 + random() % 7);
    body += "," + quoted(1 + random() % 9, 8) + "," + quoted(1 + random() % 9, 8) + ",\"0\"]";
  }
  return body + "]";
}

bool scan(std::string_view body, ColumnSet columns, CandleBatch& out) {
  CandleWriter writer(Interval::k1m, columns, out);
  const Padded padded(body);
  return scan_klines(padded.view(), columns, writer);
}

TEST(KlineScan, ReadsWhatSimdjsonReads) {
  const Series series = series_of("um", "BTCUSDT");
  std::mt19937_64 random(20'261'121);
  for (int round = 0; round < 400; ++round) {
    const std::string body = page_of(random, 1 + random() % 30, random() % 9);
    CandleBatch quick;
    ASSERT_TRUE(scan(body, kCandleColumns, quick)) << body;
    CandleBatch slow;
    const std::string spaced = " " + body;
    const Padded padded(spaced);
    ASSERT_FALSE(scan(spaced, kCandleColumns, slow));
    ASSERT_TRUE(market_of("um").parse_candles(series, padded.view(), slow));
    ASSERT_EQ(quick.row_count(), slow.row_count());
    for (std::size_t row = 0; row < slow.row_count(); ++row) {
      ASSERT_TRUE(same_row(quick, row, slow, row)) << body;
    }
  }
}

TEST(KlineScan, TakesTheRecordedPages) {
  for (const char* name :
       {"binance-http_spot_market_klines.json", "binance-klines_response.json"}) {
    std::string body = read_fixture("api/" + std::string(name));
    std::erase_if(body, [](char byte) { return byte == ' ' || byte == '\n'; });
    CandleBatch batch;
    EXPECT_TRUE(scan(body, kCandleColumns, batch)) << name;
    EXPECT_GT(batch.row_count(), 0U);
  }
}

TEST(KlineScan, PassesOverColumnsThatAreNotKept) {
  constexpr ColumnSet kPrices = {Column::kOpen, Column::kHigh, Column::kLow, Column::kClose};
  std::mt19937_64 random(7);
  CandleBatch batch;
  ASSERT_TRUE(scan(page_of(random, 3, 2), kPrices, batch));
  EXPECT_EQ(batch.row_count(), 3U);
  EXPECT_EQ(batch.column(Column::kClose).values.size(), 3U);
  EXPECT_TRUE(batch.column(Column::kVolume).values.empty());
}

TEST(KlineScan, LeavesEveryOtherShapeAlone) {
  std::mt19937_64 random(8);
  const std::string page = page_of(random, 2, 2);
  ASSERT_TRUE(page.ends_with("]]"));
  for (const std::string& other :
       {std::string(), std::string("[]"), page + " ", page + "]", page.substr(0, page.size() - 1),
        "[" + page + "]", page.substr(0, page.size() - 2) + ",\"0\"]]",
        page.substr(0, page.size() - 1) + ",]"}) {
    CandleBatch batch;
    EXPECT_FALSE(scan(other, kCandleColumns, batch)) << other;
  }
  for (std::size_t at = 0; at < page.size(); ++at) {
    std::string broken = page;
    broken[at] = 'x';
    CandleBatch batch;
    EXPECT_FALSE(scan(broken, kCandleColumns, batch)) << broken;
    EXPECT_FALSE(scan(page.substr(0, at), kCandleColumns, batch)) << "cut at " << at;
  }
}

TEST(NumberScan, ReadsEveryLengthTheSameWithAndWithoutRoomToLookAhead) {
  std::mt19937_64 random(9);
  for (std::size_t whole = 0; whole <= 20; ++whole) {
    for (std::size_t places = 0; places <= 20; ++places) {
      for (const char ended_by : {'"', ',', 'e', '.', '/', ':', '\0', '\x80', '\xff'}) {
        const std::string number =
            digits(random, whole) + (places > 0 ? "." + digits(random, places) : "");
        const std::string text = number + ended_by;
        const std::string roomy = text + std::string(40, '9');
        PlainNumber quick;
        PlainNumber slow;
        const char* const quick_end =
            scan_plain_number(roomy.data(), roomy.data() + roomy.size(), quick);
        const char* const slow_end =
            scan_plain_number(text.data(), text.data() + text.size(), slow);
        ASSERT_EQ(quick_end == nullptr, slow_end == nullptr) << text;
        std::int64_t quick_count = -1;
        std::int64_t slow_count = -1;
        const char* const quick_stop =
            scan_whole_number(roomy.data(), roomy.data() + roomy.size(), quick_count);
        const char* const slow_stop =
            scan_whole_number(text.data(), text.data() + text.size(), slow_count);
        ASSERT_EQ(quick_stop == nullptr, slow_stop == nullptr) << text;
        ASSERT_EQ(quick_count, slow_count) << text;
        if (slow_end == nullptr) continue;
        ASSERT_EQ(quick_end - roomy.data(), slow_end - text.data()) << text;
        ASSERT_EQ(quick.mantissa, slow.mantissa) << text;
        ASSERT_EQ(quick.scale, slow.scale) << text;
      }
    }
  }
}

}  // namespace
}  // namespace bf::exchange::binance
