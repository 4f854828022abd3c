// Goal: Bitunix is asked for exactly what is wanted, every digit of its answers arrives where it belongs,
// whatever its volumes are called, and no broken or foreign answer passes for a good one. Method: answers
// of the documented and the measured shapes (there is no recorded one), and one fault at a time.
#include "engine/exchange/bitunix_futures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/exchange/exchange_support.h"

namespace bf::exchange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr TimeMs kFrom = 1'700'000'040'000;
constexpr TimeMs kNow = 1'700'000'000'000;

const MarketApi& bitunix() { return **find_market("bitunix", "futures"); }

Series bitunix_series(Kind kind = Kind::kCandles, Interval interval = Interval::k1m) {
  return Series{Instrument{"bitunix", "futures", "BTCUSDT"}, kind, interval};
}

std::string page(std::string_view rows) {
  return R"({"code":0,"data":[)" + std::string(rows) + R"(],"msg":"Success"})";
}

std::string row(std::string_view base, std::string_view quote) {
  return R"({"open":"64000","high":"64100.10","low":"63990.5","close":"64045","quoteVol":")" +
         std::string(quote) + R"(","baseVol":")" + std::string(base) +
         R"(","time":"1700000100000","type":"LAST_PRICE"})";
}

Result<CandleBatch> parse(std::string_view body, const MarketApi& market = bitunix(),
                          Kind kind = Kind::kCandles) {
  CandleBatch batch;
  const Padded padded(body);
  const Result<void> parsed = market.parse_candles(bitunix_series(kind), padded.view(), batch);
  if (parsed) return batch;
  EXPECT_TRUE(batch.empty()) << "a broken page leaves rows behind";
  return fail(parsed.error());
}

/// The volume and the quote volume that the first row is taken to have.
std::vector<std::string> volumes(std::string_view body, const MarketApi& market = bitunix()) {
  const Result<CandleBatch> read = parse(body, market);
  if (!read) return {read.error().message()};
  return {read->text_at(Column::kVolume, 0), read->text_at(Column::kQuoteVolume, 0)};
}

TEST(Bitunix, AsksWithRoomForWhatItsUnclearEndsMayBring) {
  const ApiRequest request =
      bitunix().candles_request(bitunix_series(), {kFrom, kFrom + 198 * kMinuteMs});
  EXPECT_EQ(request.target,
            "/api/v1/futures/market/kline?symbol=BTCUSDT&interval=1m&startTime=1700000039999"
            "&endTime=1700011920000&limit=200&type=LAST_PRICE");
  EXPECT_EQ(request.weight, 1U);
  ASSERT_EQ(bitunix().page_bands(Kind::kCandles).size(), 1U);
  EXPECT_EQ(bitunix().page_bands(Kind::kCandles)[0].rows_max, 198U);
  EXPECT_EQ(bitunix().truncation(), Truncation::kOldest);
  EXPECT_FALSE(bitunix().next_candle_request(bitunix_series(), 0));
  EXPECT_FALSE(bitunix().server_time_request());
}

TEST(Bitunix, AdjacentWindowsHaveNeitherHoleNorDouble) {
  const auto target = [](TimeMs from) {
    return bitunix().candles_request(bitunix_series(), {from, from + 2 * kMinuteMs}).target;
  };
  EXPECT_THAT(target(kFrom), HasSubstr("&startTime=1700000039999&endTime=1700000160000&limit=4&"));
  EXPECT_THAT(target(kFrom + 2 * kMinuteMs),
              HasSubstr("&startTime=1700000159999&endTime=1700000280000&limit=4&"));
}

TEST(Bitunix, EachKindAndIntervalIsSpelledAsDocumented) {
  const TimeRange month = {1'704'067'200'000, 1'706'745'600'000};
  Series series = bitunix_series(Kind::kMark, Interval::k1mo);
  series.instrument.symbol = "A&b=1";
  const std::string mark = bitunix().candles_request(series, month).target;
  EXPECT_THAT(mark, HasSubstr("?symbol=A%26b%3D1&interval=1M&startTime=1704067199999&"));
  EXPECT_THAT(mark, HasSubstr("&type=MARK_PRICE"));
  for (const Interval interval : {Interval::k1m, Interval::k8h, Interval::k1w, Interval::k1mo}) {
    EXPECT_TRUE(bitunix().serves(Kind::kCandles, interval));
    EXPECT_TRUE(bitunix().serves(Kind::kMark, interval));
    EXPECT_FALSE(bitunix().serves(Kind::kIndex, interval));
    EXPECT_FALSE(bitunix().serves(Kind::kPremium, interval));
  }
  // Answered though undocumented, empty, or of a day that may be another.
  for (const Interval interval : {Interval::k3m, Interval::k10m, Interval::k1s, Interval::k3d}) {
    EXPECT_FALSE(bitunix().serves(Kind::kCandles, interval));
  }
}

TEST(Bitunix, KeepsItsLimitAndItsName) {
  const limits::LimitRules rules = bitunix().limit_rules();
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(rules[0].capacity, 10);
  EXPECT_EQ(rules[0].window_ms, kSecondMs);
  EXPECT_EQ(rules[0].shape, limits::Shape::kSlidingWindow);
  EXPECT_EQ(bitunix().default_share_percent(), 90);
  EXPECT_THAT(std::string(bitunix().user_agent()), StartsWith("Mozilla/"));
}

TEST(Bitunix, ReadsRowsInTheOrderThatTheyCame) {
  const std::string older =
      R"({"time":"1700000040000","close":"64000","open":"63999.10","low":"63990","high":"64001",)"
      R"("baseVol":"0","quoteVol":"0","type":"LAST_PRICE","new":{"a":[1]}})";
  const Result<CandleBatch> read = parse(page(row("16.0341", "1026789.5") + "," + older));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_THAT(read->open_time(), ElementsAre(1'700'000'100'000, kFrom));
  EXPECT_EQ(read->text_at(Column::kOpen, 0), "64000");
  EXPECT_EQ(read->text_at(Column::kHigh, 0), "64100.1");
  EXPECT_EQ(read->text_at(Column::kLow, 0), "63990.5");
  EXPECT_EQ(read->text_at(Column::kClose, 0), "64045");
  EXPECT_EQ(read->text_at(Column::kVolume, 0), "16.0341");
  EXPECT_EQ(read->text_at(Column::kQuoteVolume, 0), "1026789.5");
  EXPECT_EQ(read->text_at(Column::kOpen, 1), "63999.1");
  EXPECT_EQ(read->text_at(Column::kVolume, 1), "0");
  EXPECT_FALSE(read->columns.contains(Column::kTrades));
  const Result<CandleBatch> none = parse(page(""));
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
}

TEST(Bitunix, NumbersMayComeWithoutQuotesAndMarkRowsHaveNoVolume) {
  // The example of the documents, whose volumes are the wrong way round.
  const std::string bare =
      R"({"open":60000,"high":60001,"close":60000,"low":59989.99,"time":1700000100000,)"
      R"("quoteVol":1,"baseVol":60000,"type":"LAST_PRICE"})";
  EXPECT_THAT(volumes(page(bare)), ElementsAre("1", "60000"));
  const Result<CandleBatch> mark = parse(page(bare), bitunix(), Kind::kMark);
  ASSERT_TRUE(mark) << mark.error().message();
  EXPECT_EQ(mark->text_at(Column::kLow, 0), "59989.99");
  EXPECT_EQ(mark->columns, (ColumnSet{Column::kOpen, Column::kHigh, Column::kLow, Column::kClose}));
}

TEST(Bitunix, SizesTellWhichVolumeIsWhich) {
  EXPECT_THAT(volumes(page(row("16.0341", "1026789"))), ElementsAre("16.0341", "1026789"));
  EXPECT_THAT(volumes(page(row("1026789", "16.0341"))), ElementsAre("16.0341", "1026789"));
  // Volumes of a few units are rounded by much.
  EXPECT_THAT(volumes(page(row("100000", "1"))), ElementsAre("1", "100000"));
  // The page decides as a whole: a row that nothing was traded in says nothing.
  EXPECT_THAT(volumes(page(row("0", "0") + "," + row("1026789", "16.0341"))),
              ElementsAre("0", "0"));
}

TEST(Bitunix, WhereSizesDoNotTellTheNamesHold) {
  const BitunixFutures swapped(BitunixFutures::Volumes::kSwapped);
  const std::string near_one =
      R"({"open":"1","high":"1.001","low":"0.999","close":"1","quoteVol":"10.5","baseVol":"10.4",)"
      R"("time":"1700000100000","type":"LAST_PRICE"})";
  for (const std::string& unclear : {near_one, row("0", "7"), row("3", "4")}) {
    std::vector<std::string> named = volumes(page(unclear));
    std::reverse(named.begin(), named.end());
    EXPECT_EQ(volumes(page(unclear), swapped), named) << unclear;
  }
  EXPECT_THAT(volumes(page(near_one)), ElementsAre("10.4", "10.5"));
  EXPECT_THAT(volumes(page(row("16.0341", "1026789")), swapped), ElementsAre("16.0341", "1026789"));
}

TEST(Bitunix, ValuesThatNoMantissaHoldsAreExchangedWithTheOthers) {
  const std::string wide = "123456789012345678901234567890.5";
  EXPECT_THAT(volumes(page(row("1026789", "16.0341") + "," + row(wide, "1"))),
              ElementsAre("16.0341", "1026789"));
  const Result<CandleBatch> read = parse(page(row("1026789", "16.0341") + "," + row(wide, "1")));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text_at(Column::kQuoteVolume, 1), wide);
  EXPECT_EQ(read->text_at(Column::kVolume, 1), "1");
}

TEST(Bitunix, RefusesWhatIsNoPage) {
  const std::string good = page(row("1", "64000"));
  std::vector<std::string> bodies = {
      "",
      "[]",
      "{}",
      "null",
      R"({"code":0,"msg":"Success"})",
      R"({"code":0,"data":null,"msg":"Success"})",
      R"({"code":0,"data":{},"msg":"Success"})",
      R"({"data":[],"msg":"Success"})",
      R"({"code":10006,"data":[],"msg":"request too frequently"})",
      R"({"code":0,"data":[],"data":[]})",
      page("17"),
      page("null"),
      page("[]"),
      page("{}"),
      page(row("1", "2") + row("1", "2")),
      page(row("x", "2")),
      page(row("", "2")),
      page(row("1", R"(2","close":"5)")),  // a member twice
      good + "x",
      good + good,
      std::string(100'000, '{'),
      "<html>",
  };
  // Each member of the row, away.
  for (const std::string_view name :
       {"open", "high", "low", "close", "quoteVol", "baseVol", "time"}) {
    std::string without = row("1", "64000");
    without.replace(without.find('"' + std::string(name) + '"') + 1, 1, "X");
    bodies.push_back(page(without));
  }
  for (const std::string& body : bodies) {
    const Result<CandleBatch> read = parse(body);
    ASSERT_FALSE(read) << body.substr(0, 200);
    EXPECT_EQ(read.error().code(), Code::kProtocol);
    EXPECT_LT(read.error().message().size(), 600U);
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse(good.substr(0, size))) << size;
  }
  EXPECT_TRUE(parse(good));
}

Result<InstrumentList> parse_list(std::string_view pairs) {
  const Padded padded(page(pairs));
  return bitunix().parse_instruments("", padded.view());
}
constexpr std::string_view kPair =
    R"({"symbol":"1000BONKUSDT","base":"1000BONK","quote":"USDT","minTradeVolume":"0.1",
        "basePrecision":1,"quotePrecision":6,"maxLeverage":50,"minLeverage":1,
        "symbolStatus":"OPEN","isApiSupported":true,"risk":{"levels":[1,{"a":2}]}})";

TEST(Bitunix, ReadsInstrumentsWithoutThoseThatAreAnnouncedOnly) {
  EXPECT_EQ(bitunix().instruments_request("").target, "/api/v1/futures/market/trading_pairs");
  const Result<InstrumentList> read =
      parse_list(std::string(kPair) +
                 R"(,{"symbol":"NEWUSDT","base":"NEW","quote":"USDT","symbolStatus":"PREVIEW"},
         {"symbol":"OLDUSDT","base":"OLD","quote":"USDT","basePrecision":0,"symbolStatus":"STOP"})");
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->instruments.size(), 2U);
  EXPECT_EQ(read->next, "");
  const InstrumentInfo& bonk = read->instruments[0];
  EXPECT_EQ(bonk.symbol, "1000BONKUSDT");
  EXPECT_TRUE(bonk.trading);
  EXPECT_EQ(bonk.base_asset, "1000BONK");
  EXPECT_EQ(bonk.multiplier, "1000");
  EXPECT_EQ(bonk.settle_asset, "USDT");
  EXPECT_EQ(bonk.contract_type, "PERPETUAL");
  EXPECT_EQ(bonk.quantity_step, "0.1");
  EXPECT_EQ(bonk.price_tick, "0.000001");
  EXPECT_EQ(bonk.listed, 0) << "the list does not say";
  EXPECT_FALSE(read->instruments[1].trading);
  EXPECT_EQ(read->instruments[1].quantity_step, "1");
  EXPECT_EQ(bitunix().listing(), Listing::kWhole);
}

TEST(Bitunix, OneBrokenPairFailsTheListAndIsNamed) {
  for (const std::string_view broken :
       {R"({"symbol":"ETHUSDT","base":"ETH","symbolStatus":"OPEN"})",
        R"({"symbol":"ETHUSDT","base":"ETH","quote":"USDT"})",
        R"({"symbol":"ETHUSDT","base":7,"quote":"USDT","symbolStatus":"OPEN"})",
        R"({"symbol":"ETHUSDT","base":"E","quote":"U","symbolStatus":"OPEN","basePrecision":31})",
        R"({"symbol":"ETHUSDT","base":"E","quote":"U","symbolStatus":"OPEN","quotePrecision":"x"})",
        R"({"symbol":"A\u0007B","base":"E","quote":"U","symbolStatus":"OPEN"})",
        R"({"symbol":"","base":"E","quote":"U","symbolStatus":"OPEN"})",
        R"({"symbol":"1000BONKUSDT","base":"E","quote":"U","symbolStatus":"OPEN"})"}) {
    const Result<InstrumentList> read = parse_list(std::string(kPair) + "," + std::string(broken));
    ASSERT_FALSE(read) << broken;
    EXPECT_EQ(read.error().code(), Code::kProtocol);
    EXPECT_THAT(read.error().message(), HasSubstr("trading pair 2"));
    EXPECT_THAT(read.error().message(), Not(HasSubstr("\a")));
  }
}

TEST(Bitunix, StatusAndCodeTellWhatToDo) {
  struct Case {
    int status;
    std::string_view body;
    Code code;
    DurationMs wait;
  };
  const Case cases[] = {
      {200, R"({"code":10006,"data":null,"msg":"request too frequently"})", Code::kLimited, 10'000},
      {200, R"({"code":"10005","msg":"too many requests"})", Code::kLimited, 10'000},
      {429, "", Code::kLimited, 10'000},
      {200, R"({"code":10001,"data":null,"msg":"Network Error"})", Code::kUnavailable, 0},
      {200, R"({"code":10002,"data":null,"msg":"Parameter error"})", Code::kRejected, 0},
      {200, R"({"code":10008,"msg":"bad value"})", Code::kRejected, 0},
      {200, R"({"code":20001,"data":null,"msg":"Market not exists"})", Code::kUnknownName, 0},
      {200, R"({"code":99999,"msg":"new"})", Code::kRejected, 0},
      {200, "<html>", Code::kUnavailable, 0},
      {200, "[]", Code::kUnavailable, 0},
      {200, R"({"data":[]})", Code::kUnavailable, 0},
      {200, "", Code::kUnavailable, 0},
      {403, "<html><title>Attention Required! | Cloudflare</title></html>", Code::kBlocked, 0},
      {451, "", Code::kBlocked, 0},
      {404, "", Code::kRejected, 0},
      {500, R"({"code":99999,"msg":"?"})", Code::kUnavailable, 0},
      {502, "<html>", Code::kUnavailable, 0},
  };
  for (const Case& test : cases) {
    const Padded padded(test.body);
    const std::optional<ApiFailure> seen =
        bitunix().failure(ApiResponse{test.status, padded.view(), {}}, kNow);
    ASSERT_TRUE(seen) << test.status << " " << test.body;
    EXPECT_EQ(seen->error.code(), test.code) << test.status << " " << test.body;
    EXPECT_EQ(seen->retry_after_ms, test.wait) << test.status << " " << test.body;
    EXPECT_THAT(seen->error.message(), StartsWith("bitunix/futures answered HTTP "));
  }
  const Padded good(page(""));
  EXPECT_FALSE(bitunix().failure(ApiResponse{200, good.view(), {}}, kNow));
}

}  // namespace
}  // namespace bf::exchange
