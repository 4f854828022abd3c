// Goal: Deribit is asked for exactly what is wanted, its answers give their own digits, and nothing
// hostile passes for one. Method: the recorded answer, and what is made of it by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/exchange/deribit_futures.h"
#include "tests/exchange/exchange_support.h"

namespace bf::exchange {
namespace {

using testing::HasSubstr;

constexpr TimeMs kFrom = 1'700'000'040'000;

const MarketApi& deribit() { return **find_market("deribit", "futures"); }

Series series_named(std::string symbol, Interval interval = Interval::k1m) {
  return Series{Instrument{"deribit", "futures", std::move(symbol)}, Kind::kCandles, interval};
}

Result<CandleBatch> parse(const std::string& body) {
  CandleBatch batch;
  const Padded padded(body);
  const Result<void> parsed =
      deribit().parse_candles(series_named("BTC-PERPETUAL"), padded.view(), batch);
  if (!parsed) {
    EXPECT_TRUE(batch.empty()) << "what was refused must leave nothing";
    return fail(parsed.error());
  }
  return batch;
}

/// Two candles, of which the value of one array may be replaced.
std::string chart(std::string_view name = "", std::string_view array = "") {
  const std::pair<std::string_view, std::string_view> arrays[] = {
      {"ticks", "[1700000040000,1700000100000]"},
      {"open", "[1.5,2]"},
      {"high", "[2.0,2.5]"},
      {"low", "[1.25,2]"},
      {"close", "[2.0,2.5]"},
      {"volume", "[0.001,1e-05]"},
      {"cost", "[10.0,0]"}};
  std::string body = R"({"jsonrpc":"2.0","result":{"status":"ok")";
  for (const auto& [key, value] : arrays) {
    body.append(",\"").append(key).append("\":").append(key == name ? array : value);
  }
  return body + R"(},"usIn":1700000000000000,"testnet":false})";
}

TEST(Deribit, AsksForTheWindowAndAMillisecondBeforeIt) {
  const ApiRequest request = deribit().candles_request(series_named("BTC_USDC-PERPETUAL"),
                                                       {kFrom, kFrom + 5'000 * kMinuteMs});
  EXPECT_EQ(request.target,
            "/api/v2/public/get_tradingview_chart_data?instrument_name=BTC_USDC-PERPETUAL"
            "&start_timestamp=1700000039999&end_timestamp=1700300039999&resolution=1");
  EXPECT_EQ(request.weight, 500U);
  EXPECT_TRUE(request.endpoint.empty());
  EXPECT_FALSE(deribit().next_candle_request(series_named("BTC-PERPETUAL"), kFrom));
}

TEST(Deribit, AdjacentWindowsLeaveNoHole) {
  const TimeMs middle = kFrom + 5'000 * kMinuteMs;
  const std::string first = deribit().candles_request(series_named("A-B"), {kFrom, middle}).target;
  const std::string second =
      deribit().candles_request(series_named("A-B"), {middle, middle + kMinuteMs}).target;
  EXPECT_THAT(first, HasSubstr("end_timestamp=" + std::to_string(middle - 1)));
  EXPECT_THAT(second, HasSubstr("start_timestamp=" + std::to_string(middle - 1)));
  EXPECT_THAT(second, HasSubstr("end_timestamp=" + std::to_string(middle + kMinuteMs - 1)));
}

TEST(Deribit, SpellsTheIntervalsThatItHas) {
  const auto resolution = [](Interval interval) {
    const std::string target =
        deribit().candles_request(series_named("X", interval), {kFrom, kFrom + kDayMs}).target;
    return target.substr(target.rfind('=') + 1);
  };
  EXPECT_EQ(resolution(Interval::k10m), "10");
  EXPECT_EQ(resolution(Interval::k3h), "180");
  EXPECT_EQ(resolution(Interval::k12h), "720");
  EXPECT_EQ(resolution(Interval::k1d), "1D");
  for (const Interval none : {Interval::k1s, Interval::k4h, Interval::k8h, Interval::k1w}) {
    EXPECT_FALSE(deribit().serves(Kind::kCandles, none)) << interval_name(none);
  }
  EXPECT_FALSE(deribit().serves(Kind::kMark, Interval::k1m));
}

TEST(Deribit, NoNameCanAddAParameter) {
  EXPECT_THAT(deribit().candles_request(series_named("A&b=1 #\r\n"), {kFrom, kFrom + 1}).target,
              HasSubstr("instrument_name=A%26b%3D1%20%23%0D%0A&start"));
}

TEST(Deribit, KeepsTheLimitsOfItsCredits) {
  const limits::LimitRules rules = deribit().limit_rules();
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_EQ(rules[0].capacity, 50'000);
  EXPECT_EQ(rules[0].capacity * kSecondMs / rules[0].window_ms, 10'000);
  EXPECT_EQ(deribit().instruments_request("").endpoint, rules[1].endpoint);
  EXPECT_EQ(deribit().default_share_percent(), 90);
}

TEST(DeribitChart, ReadsTheRecordedAnswer) {
  const Result<CandleBatch> page =
      parse(read_fixture("api/deribit-http_get_tradingview_chart_data.json"));
  ASSERT_TRUE(page) << page.error().message();
  ASSERT_EQ(page->row_count(), 5U);
  EXPECT_EQ(page->open_time().front(), 1766483460000);
  EXPECT_EQ(page->open_time().back(), 1766483700000);
  EXPECT_EQ(page->text_at(Column::kOpen, 0), "87451");
  EXPECT_EQ(page->text_at(Column::kHigh, 0), "87456.5");
  EXPECT_EQ(page->text_at(Column::kVolume, 0), "2.94375216");
  EXPECT_EQ(page->text_at(Column::kVolume, 4), "0.1018798");
  EXPECT_EQ(page->text_at(Column::kQuoteVolume, 0), "257490");
  EXPECT_FALSE(page->columns.contains(Column::kTrades));
}

TEST(DeribitChart, KeepsTheDigitsOfDoublesAndTakesStrings) {
  const Result<CandleBatch> page = parse(chart("open", "[\"1.50\",0.30000000000000004 ]"));
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(page->text_at(Column::kOpen, 0), "1.5");
  EXPECT_EQ(page->text_at(Column::kOpen, 1), "0.30000000000000004");
  EXPECT_EQ(page->text_at(Column::kVolume, 1), "0.00001");
}

TEST(DeribitChart, NoDataIsAnAnswerWithoutCandles) {
  for (const char* const body :
       {R"({"result":{"status":"no_data"}})", R"({"result":{"status":"no_data","ticks":[]}})",
        R"({"jsonrpc":"2.0","result":{"volume":[],"ticks":[],"open":[],"low":[],"high":[],)"
        R"("cost":[],"close":[],"status":"no_data"},"usIn":1})",
        R"({"result":{"status":"ok","volume":[],"ticks":[],"open":[],"low":[],"high":[],)"
        R"("cost":[],"close":[]}})"}) {
    const Result<CandleBatch> page = parse(body);
    ASSERT_TRUE(page) << body << ": " << page.error().message();
    EXPECT_TRUE(page->empty());
  }
}

TEST(DeribitChart, RefusesWhatIsNotAnAnswerWithCandles) {
  std::string many = "[1";
  for (int i = 0; i < 100'001; ++i) many += ",1";
  many += "]";
  const std::string bodies[] = {
      "",
      "null",
      "[]",
      "{}",
      "<html>502</html>",
      R"({"result":null})",
      R"({"result":[]})",
      R"({"result":{}})",
      R"({"result":{"status":"ok"}})",
      R"({"result":{"status":1}})",
      R"({"result":{"status":"no_data","ticks":[1700000040000]}})",
      R"({"error":{"code":10028,"message":"x"}})",
      chart() + "x",
      chart() + "{}",
      chart("open", "[1]"),
      chart("open", "[1,2,3]"),
      chart("open", "[]"),
      chart("open", "null"),
      chart("open", "{}"),
      chart("open", "[1,null]"),
      chart("open", "[1,[2]]"),
      chart("open", "[1,{}]"),
      chart("open", "[1,true]"),
      chart("open", "[1,NaN]"),
      chart("open", "[1,\"NaN\"]"),
      chart("open", "[1,\"\"]"),
      chart("open", "[1,2 3]"),
      chart("open", "[1,,2]"),
      chart("open", "[1,1e999]"),
      chart("open", "[1,2"),
      chart("open", many),
      chart("open", std::string(50'000, '[')),
      chart("ticks", "[1700000040000]"),
      chart("ticks", "[1700000040000,1]"),
      chart("ticks", "[1700000040000,1700000100]"),
      chart("ticks", "[1700000040000,-1]"),
      chart("ticks", "[1700000040000,1.7e12]"),
      chart("cost", "[1,2],\"cost\":[1,2]"),
      "{\"result\":{\"status\":\"ok\"}," + chart().substr(1),
  };
  for (const std::string& body : bodies) {
    const Result<CandleBatch> page = parse(body);
    ASSERT_FALSE(page) << body.substr(0, 300);
    EXPECT_EQ(page.error().code(), Code::kProtocol) << body.substr(0, 300);
    EXPECT_LT(page.error().message().size(), 600U);
  }
  const Result<CandleBatch> page = parse(chart("low", "[1,\"x\"]"));
  ASSERT_FALSE(page);
  EXPECT_THAT(page.error().message(), HasSubstr("candle 2: low cannot be read"));
}

TEST(DeribitChart, NoCutOfAnAnswerPassesForAWholeOne) {
  const std::string body = chart();
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(parse(body.substr(0, size))) << "cut at " << size;
  }
  EXPECT_TRUE(parse(body));
}

constexpr std::string_view kPerpetual =
    R"({"instrument_name":"BTC-PERPETUAL","kind":"future","settlement_period":"perpetual",)"
    R"("base_currency":"BTC","quote_currency":"USD","counter_currency":"USD",)"
    R"("settlement_currency":"BTC","creation_timestamp":1534242287000,"tick_size":0.5,)"
    R"("expiration_timestamp":32503708800000,"contract_size":10.0,"is_active":true})";

Result<InstrumentList> parse_list(const std::string& part, const std::string& instruments) {
  const Padded body(R"({"jsonrpc":"2.0","result":[)" + instruments +
                    R"(],"usIn":1561766400000000,"usOut":1561766400000005})");
  return deribit().parse_instruments(part, body.view());
}

TEST(DeribitInstruments, SayWhatTheListSays) {
  const Result<InstrumentList> list = parse_list("", std::string(kPerpetual));
  ASSERT_TRUE(list) << list.error().message();
  ASSERT_EQ(list->instruments.size(), 1U);
  const InstrumentInfo& info = list->instruments.front();
  EXPECT_EQ(info.symbol, "BTC-PERPETUAL");
  EXPECT_TRUE(info.trading);
  EXPECT_EQ(info.listed, 1534242287000);
  EXPECT_EQ(info.delisted, 0);
  EXPECT_EQ(info.quote_asset, "USD");
  EXPECT_EQ(info.settle_asset, "BTC");
  EXPECT_EQ(info.contract_type, "perpetual");
  EXPECT_EQ(info.price_tick, "0.5");
  EXPECT_EQ(info.contract_size, "10");
  EXPECT_EQ(list->server_time, 1561766400000);
  EXPECT_EQ(list->next, "expired");
  EXPECT_THAT(deribit().instruments_request(list->next).target, HasSubstr("expired=true"));
}

TEST(DeribitInstruments, TheCalendarAddsWhatTheListForgot) {
  // Asked on 2019-06-29: the quarterly of the day before is on the list, five months and ETH are not.
  const std::string listed =
      R"({"instrument_name":"BTC-28JUN19","kind":"future","base_currency":"BTC",)"
      R"("counter_currency":"USD","creation_timestamp":1545984000000,)"
      R"("expiration_timestamp":1561708800000,"is_active":false},)"
      R"({"instrument_name":"BTC-28JUN19-9000-C","kind":"option"})";
  const Result<InstrumentList> list = parse_list("expired", listed);
  ASSERT_TRUE(list) << list.error().message();
  ASSERT_EQ(list->instruments.size(), 12U);
  EXPECT_EQ(list->instruments.front().status, "expired");
  EXPECT_EQ(list->instruments[1].symbol, "BTC-25JAN19");
  EXPECT_EQ(list->instruments[1].status, DeribitFutures::kFromCalendar);
  EXPECT_EQ(list->instruments[1].listed, 0);
  EXPECT_EQ(list->instruments[1].delisted, 1548403200000);
  EXPECT_EQ(list->instruments.back().symbol, "ETH-28JUN19");
  EXPECT_TRUE(list->next.empty());
}

TEST(DeribitInstruments, RefusesAListThatCannotBeRead) {
  const std::string good(kPerpetual);
  const auto with = [&](std::string_view what, std::string_view instead) {
    std::string text = good;
    text.replace(text.find(what), what.size(), instead);
    return text;
  };
  const std::string lists[] = {"1",
                               "null",
                               "[]",
                               good + "," + good,
                               with("0.5", "\"x\""),
                               with("0.5", "null"),
                               with("1534242287000", "1"),
                               with("1534242287000", "\"now\""),
                               with("true", "1"),
                               with("\"BTC-PERPETUAL\"", "\"\""),
                               with("\"BTC-PERPETUAL\"", "\"A\\nB\""),
                               with("\"base_currency\":\"BTC\",", ""),
                               with("}", "")};
  for (const std::string& list : lists) {
    const Result<InstrumentList> parsed = parse_list("", list);
    ASSERT_FALSE(parsed) << list;
    EXPECT_EQ(parsed.error().code(), Code::kProtocol);
  }
  const Padded none(R"({"jsonrpc":"2.0"})");
  EXPECT_FALSE(deribit().parse_instruments("", none.view()));
}

TEST(Deribit, ReadsItsTime) {
  const Padded good(R"({"jsonrpc":"2.0","result":1550147385946,"usIn":1})");
  EXPECT_EQ(deribit().parse_server_time(good.view()).value(), 1550147385946);
  for (const char* const body : {"", "{}", R"({"result":"1550147385946"})", R"({"result":1})"}) {
    EXPECT_FALSE(deribit().parse_server_time(Padded(body).view())) << body;
  }
}

TEST(DeribitFailures, TheBodyDecides) {
  struct Case {
    int status;
    std::string_view body;
    Code code;
    DurationMs wait;
  };
  const auto error = [](int code, std::string_view data) {
    return R"({"jsonrpc":"2.0","error":{"code":)" + std::to_string(code) +
           R"(,"message":"m","data":)" + std::string(data) + "}}";
  };
  const std::string limited = error(10028, R"({"wait":3})");
  const std::string limited_long = error(10028, R"({"wait":100000})");
  const std::string not_found = error(13020, "null");
  const std::string wrong_name = error(-32602, R"({"param":"instrument_name","reason":"wrong"})");
  const std::string wrong_time = error(-32602, R"({"param":"end_timestamp","reason":"wrong"})");
  const std::string country = error(12005, "null");
  const std::string maintenance = error(11051, "{}");
  const std::string settlement = error(10041, "null");
  const std::string method = error(-32601, "null");
  const Case cases[] = {
      {400, limited, Code::kLimited, 3'000},
      {200, limited, Code::kLimited, 3'000},
      {429, limited_long, Code::kLimited, 60'000},
      {429, "slow down", Code::kLimited, 0},
      {400, not_found, Code::kUnknownName, 0},
      {200, not_found, Code::kUnknownName, 0},
      {400, wrong_name, Code::kUnknownName, 0},
      {400, wrong_time, Code::kRejected, 0},
      {400, method, Code::kRejected, 0},
      {500, method, Code::kUnavailable, 0},
      {403, country, Code::kBlocked, 0},
      {403, "<html>", Code::kBlocked, 0},
      {451, "", Code::kBlocked, 0},
      {400, maintenance, Code::kUnavailable, 0},
      {503, settlement, Code::kUnavailable, 0},
      {502, "<html>", Code::kUnavailable, 0},
      {200, "", Code::kUnavailable, 0},
      {200, "<html>sign in</html>", Code::kUnavailable, 0},
      {302, "", Code::kUnavailable, 0},
      {404, "no", Code::kRejected, 0},
  };
  for (const Case& test : cases) {
    const Padded body(test.body);
    const std::optional<ApiFailure> failure =
        deribit().failure({test.status, body.view(), {}}, kFrom);
    ASSERT_TRUE(failure) << test.status << " " << test.body;
    EXPECT_EQ(failure->error.code(), test.code) << test.status << " " << test.body;
    EXPECT_EQ(failure->retry_after_ms, test.wait) << test.body;
    EXPECT_THAT(failure->error.message(), HasSubstr("deribit/futures answered HTTP"));
  }
  const Padded good(chart());
  EXPECT_FALSE(deribit().failure({200, good.view(), {}}, kFrom));
}

}  // namespace
}  // namespace bf::exchange
