// Goal: each digit of an OKX page arrives in its column, no row is asked for twice or never, and nothing
// but a good answer passes for one. Method: recorded answers, synthetic ones, one fault at a time.
#include "engine/exchange/okx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exchange/exchange_support.h"

namespace bf::exchange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr TimeMs kFrom = 1'700'000'040'000;

const MarketApi& okx_market(std::string_view market) { return **find_market("okx", market); }

Series okx_series(std::string market, std::string symbol, Kind kind = Kind::kCandles,
                  Interval interval = Interval::k1m) {
  return Series{Instrument{"okx", std::move(market), std::move(symbol)}, kind, interval};
}

Result<CandleBatch> parse(const Series& series, std::string_view body) {
  CandleBatch batch;
  const Padded padded(body);
  const Result<void> parsed =
      okx_market(series.instrument.market).parse_candles(series, padded.view(), batch);
  if (!parsed) {
    EXPECT_TRUE(batch.empty()) << "a broken page leaves rows behind";
    return fail(parsed.error());
  }
  return batch;
}

const Series kSwap = okx_series("swap", "BTC-USDT-SWAP");
const Series kSpot = okx_series("spot", "BTC-USDT");

std::string envelope_of(std::string_view rows) {
  return R"({"code":"0","msg":"","data":[)" + std::string(rows) + "]}";
}
std::string row_at(TimeMs time, std::string_view confirm = "1") {
  return "[\"" + std::to_string(time) + R"(","2","4","1","3","500","5.00","12.5",")" +
         std::string(confirm) + "\"]";
}

TEST(Okx, AsksBesideTheGridForExactlyTheWindow) {
  const TimeRange window = {kFrom, kFrom + 300 * kMinuteMs};
  const ApiRequest request = okx_market("swap").candles_request(kSwap, window);
  EXPECT_EQ(request.target,
            "/api/v5/market/history-candles?instId=BTC-USDT-SWAP&bar=1m&before=1700000039999"
            "&after=1700018039999&limit=300");
  EXPECT_EQ(request.endpoint, "history-candles");
  EXPECT_EQ(request.weight, 1U);
}

TEST(Okx, AdjacentWindowsHaveNeitherHoleNorDouble) {
  // A row at T is asked for by the window whose before < T < after.
  const TimeMs middle = kFrom + 300 * kMinuteMs;
  const std::string first = okx_market("swap").candles_request(kSwap, {kFrom, middle}).target;
  const std::string second =
      okx_market("swap").candles_request(kSwap, {middle, middle + kMinuteMs}).target;
  EXPECT_THAT(first, HasSubstr("&after=" + std::to_string(middle - 1) + "&"));
  EXPECT_THAT(second, HasSubstr("&before=" + std::to_string(middle - 1) + "&"));
  EXPECT_THAT(second, HasSubstr("&limit=1"));
}

TEST(Okx, AsksForMarkAndIndexWhereTheyAre) {
  const auto ask = [](Kind kind, std::string symbol) {
    return okx_market("futures").candles_request(
        okx_series("futures", std::move(symbol), kind, Interval::k1d),
        {kFrom - kFrom % kDayMs, kFrom - kFrom % kDayMs + 2 * kDayMs});
  };
  const ApiRequest mark = ask(Kind::kMark, "BTC-USDT-241227");
  EXPECT_THAT(mark.target, HasSubstr("/history-mark-price-candles?instId=BTC-USDT-241227&"
                                     "bar=1Dutc&before=1699919999999&after=1700092799999&limit=2"));
  EXPECT_EQ(mark.endpoint, "history-mark-price-candles");
  const ApiRequest index = ask(Kind::kIndex, "BTC-USDT-241227");
  EXPECT_THAT(index.target, HasSubstr("/history-index-candles?instId=BTC-USDT&"));
  EXPECT_EQ(index.endpoint, "history-index-candles");
  EXPECT_EQ(okx::candles_id(Kind::kIndex, "BTC-USD-SWAP"), "BTC-USD");
  EXPECT_EQ(okx::candles_id(Kind::kIndex, "ETH-USD_UM-SWAP"), "ETH-USD");
  EXPECT_EQ(okx::candles_id(Kind::kIndex, "ETH-USD_UM_XPERP-310404"), "ETH-USD");
  EXPECT_EQ(okx::candles_id(Kind::kIndex, "ODD"), "ODD");
  EXPECT_EQ(okx::candles_id(Kind::kMark, "ETH-USD_UM-SWAP"), "ETH-USD_UM-SWAP");
}

TEST(Okx, NoSymbolCanAddAParameter) {
  const ApiRequest request = okx_market("spot").candles_request(
      okx_series("spot", "A&limit=1#/ \r\nB"), {kFrom, kFrom + kMinuteMs});
  EXPECT_THAT(request.target, HasSubstr("instId=A%26limit%3D1%23%2F%20%0D%0AB&bar="));
}

TEST(Okx, ServesBarsThatOpenOnUtcDays) {
  const MarketApi& swap = okx_market("swap");
  for (const Interval interval : {Interval::k1m, Interval::k4h, Interval::k1mo}) {
    EXPECT_TRUE(swap.serves(Kind::kCandles, interval));
    EXPECT_TRUE(swap.serves(Kind::kIndex, interval));
  }
  for (const Interval interval :
       {Interval::k1s, Interval::k10m, Interval::k3h, Interval::k8h, Interval::k3d}) {
    EXPECT_FALSE(swap.serves(Kind::kCandles, interval));
  }
  EXPECT_FALSE(swap.serves(Kind::kPremium, Interval::k1m));
  EXPECT_FALSE(okx_market("spot").serves(Kind::kMark, Interval::k1m));
  EXPECT_EQ(okx::bar_of(Interval::k30m), "30m");
  EXPECT_EQ(okx::bar_of(Interval::k2h), "2H");
  EXPECT_EQ(okx::bar_of(Interval::k6h), "6Hutc");
  EXPECT_EQ(okx::bar_of(Interval::k1mo), "1Mutc");
  EXPECT_EQ(swap.page_bands(Kind::kCandles).back().rows_max, 300U);
  EXPECT_EQ(swap.page_bands(Kind::kMark).back().rows_max, 100U);
  EXPECT_FALSE(swap.next_candle_request(kSwap, 0));
}

TEST(Okx, ReadsARecordedPageOfASwap) {
  const Result<CandleBatch> page =
      parse(kSwap, read_fixture("api/okx-http_get_candlesticks_full.json"));
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_THAT(page->open_time(), ElementsAre(1747094040000, 1747093980000));
  EXPECT_EQ(page->text_at(Column::kOpen, 1), "102806");
  EXPECT_EQ(page->text_at(Column::kHigh, 0), "102820.4");
  EXPECT_EQ(page->text_at(Column::kLow, 1), "102783.1");
  EXPECT_EQ(page->text_at(Column::kClose, 1), "102806.1");
  EXPECT_EQ(page->text_at(Column::kVolume, 0), "10.4037") << "base units, not contracts";
  EXPECT_EQ(page->text_at(Column::kQuoteVolume, 1), "7364701.57952");
}

TEST(Okx, LeavesOutWhatTheExchangeSaysIsForming) {
  // Recorded at the turn of a minute: neither row is confirmed.
  const Result<CandleBatch> recorded =
      parse(kSpot, read_fixture("api/okx-http_get_candlesticks.json"));
  ASSERT_TRUE(recorded) << recorded.error().message();
  EXPECT_TRUE(recorded->empty());

  const std::string forming = row_at(kFrom + kMinuteMs, "0") + "," + row_at(kFrom);
  const Result<CandleBatch> page = parse(kSwap, envelope_of(forming));
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_THAT(page->open_time(), ElementsAre(kFrom));
}

TEST(Okx, ACandleThatALaterOneFollowedIsClosedWhateverItsFlag) {
  const std::string rows = row_at(kFrom + kMinuteMs) + "," + row_at(kFrom, "0");
  const Result<CandleBatch> page = parse(kSwap, envelope_of(rows));
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(page->row_count(), 2U);
}

TEST(Okx, ManyFormingCandlesAreNone) {
  const std::string rows = row_at(kFrom + 2 * kMinuteMs, "0") + "," +
                           row_at(kFrom + kMinuteMs, "0") + "," + row_at(kFrom, "0");
  const Result<CandleBatch> page = parse(kSwap, envelope_of(rows));
  ASSERT_FALSE(page);
  EXPECT_THAT(page.error().message(), HasSubstr("3 rows are flagged as forming"));
}

TEST(Okx, SpotCountsItsOwnCoins) {
  const Result<CandleBatch> page = parse(kSpot, envelope_of(row_at(kFrom)));
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(page->text_at(Column::kVolume, 0), "500");
  EXPECT_EQ(page->text_at(Column::kQuoteVolume, 0), "12.5");
}

TEST(Okx, MarkAndIndexRowsArePricesAlone) {
  const Series mark = okx_series("swap", "BTC-USDT-SWAP", Kind::kMark);
  const Result<CandleBatch> page =
      parse(mark, envelope_of(R"(["1700000040000","2","4","1","3","1"])"));
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(page->columns, (ColumnSet{Column::kOpen, Column::kHigh, Column::kLow, Column::kClose}));
  EXPECT_EQ(page->text_at(Column::kHigh, 0), "4");
  EXPECT_FALSE(parse(mark, envelope_of(row_at(kFrom)))) << "nine fields";
}

TEST(Okx, AcceptsNumbersForStringsAndAnyOrderOfMembers) {
  const Result<CandleBatch> page = parse(
      kSwap,
      R"( {"data":[ [1700000040000, 2.50, 4, 1e0, 3, 500, 5, 12.5, 1] ],"x":{"y":[1]},"msg":"","code":0} )");
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(page->text_at(Column::kOpen, 0), "2.5");
  EXPECT_EQ(page->text_at(Column::kLow, 0), "1");
}

TEST(Okx, AnEmptyPageIsOneOnlyInItsEnvelope) {
  ASSERT_TRUE(parse(kSwap, envelope_of("")));
  for (const std::string_view body :
       {"", "[]", "{}", R"({"code":"0","msg":""})", R"({"msg":"","data":[]})",
        R"({"code":"51001","msg":"x","data":[]})", R"({"code":"0","data":[],"data":[]})",
        R"({"code":"0","code":"0","data":[]})", R"({"code":"0","data":null})",
        R"({"code":"0","data":{}})", R"({"code":"0","data":[]}x)", R"({"code":null,"data":[]})",
        R"({"code":"0","data":[]}{"code":"0","data":[]})"}) {
    const Result<CandleBatch> page = parse(kSwap, body);
    ASSERT_FALSE(page) << body;
    EXPECT_EQ(page.error().code(), Code::kProtocol) << body;
  }
}

TEST(Okx, OneBrokenFieldFailsThePageAndIsNamed) {
  struct Case {
    std::string_view row;
    std::string_view named;
  };
  const Case cases[] = {
      {R"(["x","2","4","1","3","5","5","5","1"])", "open time"},
      {R"(["-1","2","4","1","3","5","5","5","1"])", "open time"},
      {R"(["1","2","4","1","3","5","5","5","1"])", "open time"},
      {R"(["99999999999999999","2","4","1","3","5","5","5","1"])", "open time"},
      {R"([null,"2","4","1","3","5","5","5","1"])", "open time"},
      {R"(["1700000040000","NaN","4","1","3","5","5","5","1"])", "open"},
      {R"(["1700000040000","2","","1","3","5","5","5","1"])", "high"},
      {R"(["1700000040000","2","4",null,"3","5","5","5","1"])", "low"},
      {R"(["1700000040000","2","4","1",["3"],"5","5","5","1"])", "close"},
      {R"(["1700000040000","2","4","1","3","5",{},"5","1"])", "volCcy"},
      {R"(["1700000040000","2","4","1","3","5","5","5 5","1"])", "volCcyQuote"},
      {R"(["1700000040000","2","4","1","3","5","5","5","2"])", "confirm"},
      {R"(["1700000040000","2","4","1","3","5","5","5",true])", "confirm"},
      {R"(["1700000040000","2","4","1","3","5","5","5"])", "8 fields, not 9"},
      {R"(["1700000040000","2","4","1","3","5","5","5","1","1"])", "more than 9 fields"},
      {R"([])", "0 fields"},
      {R"({"ts":"1"})", "row 2"},
      {R"(null)", "row 2"},
  };
  for (const Case& test : cases) {
    const std::string rows = row_at(kFrom + kMinuteMs) + "," + std::string(test.row);
    const Result<CandleBatch> page = parse(kSwap, envelope_of(rows));
    ASSERT_FALSE(page) << test.row;
    EXPECT_EQ(page.error().code(), Code::kProtocol);
    EXPECT_THAT(page.error().message(), HasSubstr(std::string(test.named))) << test.row;
    EXPECT_THAT(page.error().message(), HasSubstr("candle row 2")) << test.row;
  }
}

TEST(Okx, NoCutOfAPagePassesForAWholeOne) {
  const std::string good = envelope_of(row_at(kFrom + kMinuteMs) + "," + row_at(kFrom));
  ASSERT_TRUE(parse(kSwap, good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse(kSwap, std::string_view(good).substr(0, size))) << "cut at " << size;
  }
}

TEST(Okx, NumbersOfAnySizeStayExact) {
  const Result<CandleBatch> page = parse(
      kSwap,
      envelope_of(
          R"(["1700000040000","0.000000000123456789","4","1","3","5","123456789012345678901234.5","0","1"])"));
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(page->text_at(Column::kOpen, 0), "0.000000000123456789");
  EXPECT_EQ(page->text_at(Column::kVolume, 0), "123456789012345678901234.5");
}

}  // namespace
}  // namespace bf::exchange
