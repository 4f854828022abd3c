// Goal: OKX's list of instruments loses nobody silently, and each error answer means what reliability
// asks of it. Method: a good list and one fault at a time; a table of answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/exchange/exchange_support.h"

namespace bf::exchange {
namespace {

using testing::HasSubstr;

constexpr TimeMs kNow = 1'700'000'000'000;

const MarketApi& okx_market(std::string_view market) { return **find_market("okx", market); }

Result<InstrumentList> parse(std::string_view market, std::string_view rows) {
  const Padded padded(R"({"code":"0","data":[)" + std::string(rows) + R"(],"msg":""})");
  return okx_market(market).parse_instruments("", padded.view());
}

constexpr std::string_view kSwapRow =
    R"({"alias":"","baseCcy":"","category":"1","ctMult":"1","ctType":"linear","ctVal":"0.01",
        "ctValCcy":"BTC","expTime":"","instFamily":"BTC-USDT","instId":"BTC-USDT-SWAP",
        "instType":"SWAP","lever":"100","listTime":"1573557408000","lotSz":"0.1","minSz":"0.1",
        "quoteCcy":"","ruleType":"normal","settleCcy":"USDT","state":"live","tickSz":"0.1",
        "uly":"BTC-USDT","auctionEndTime":"","new":[{"x":1}]})";
constexpr std::string_view kInverseRow =
    R"({"instId":"ETH-USD_UM-SWAP","instType":"SWAP","uly":"ETH-USD","instFamily":"ETH-USD_UM",
        "ctVal":"10","ctMult":"0.5","settleCcy":"ETH","state":"suspend","listTime":"","expTime":"0"})";
constexpr std::string_view kSpotRow =
    R"({"instId":"BTC-USDT","instType":"SPOT","baseCcy":"BTC","quoteCcy":"USDT","listTime":"1548133413000",
        "ctVal":"","ctMult":"","settleCcy":"","state":"live","tickSz":"0.1","lotSz":"0.00000001","uly":""})";

TEST(OkxInstruments, AreAskedForByType) {
  EXPECT_EQ(okx_market("swap").instruments_request("").target,
            "/api/v5/public/instruments?instType=SWAP");
  EXPECT_EQ(okx_market("futures").instruments_request("").target,
            "/api/v5/public/instruments?instType=FUTURES");
  EXPECT_EQ(okx_market("spot").instruments_request("").endpoint, "instruments");
}

TEST(OkxInstruments, ReadsSwaps) {
  const Result<InstrumentList> list =
      parse("swap", std::string(kSwapRow) + "," + std::string(kInverseRow));
  ASSERT_TRUE(list) << list.error().message();
  EXPECT_TRUE(list->next.empty());
  ASSERT_EQ(list->instruments.size(), 2U);
  const InstrumentInfo& swap = list->instruments[0];
  EXPECT_EQ(swap.symbol, "BTC-USDT-SWAP");
  EXPECT_TRUE(swap.trading);
  EXPECT_EQ(swap.listed, 1573557408000);
  EXPECT_EQ(swap.delisted, 0);
  EXPECT_EQ(swap.base_asset, "BTC");
  EXPECT_EQ(swap.quote_asset, "USDT");
  EXPECT_EQ(swap.settle_asset, "USDT");
  EXPECT_EQ(swap.contract_type, "PERPETUAL");
  EXPECT_EQ(swap.contract_size, "0.01");
  EXPECT_EQ(swap.price_tick, "0.1");
  EXPECT_EQ(swap.quantity_step, "0.1");
  EXPECT_EQ(swap.multiplier, "1");
  const InstrumentInfo& inverse = list->instruments[1];
  EXPECT_FALSE(inverse.trading);
  EXPECT_EQ(inverse.quote_asset, "USD");
  EXPECT_EQ(inverse.contract_size, "5") << "value times multiplier";
  EXPECT_EQ(inverse.listed, 0);
}

TEST(OkxInstruments, ReadsFuturesWithTheirExpiry) {
  const Result<InstrumentList> list = parse(
      "futures",
      R"({"instId":"BTC-USDT-241227","instType":"FUTURES","instFamily":"BTC-USDT","uly":"","state":"live",
          "listTime":"1711094400000","expTime":"1735286400000","ctVal":"0.01","ctMult":"1","ruleType":"normal"},
         {"instId":"ETH-USD_UM_XPERP-310404","instType":"FUTURES","instFamily":"ETH-USD_UM_XPERP",
          "state":"live","ruleType":"xperp"})");
  ASSERT_TRUE(list) << list.error().message();
  EXPECT_EQ(list->instruments[0].delisted, 1735286400000);
  EXPECT_EQ(list->instruments[0].base_asset, "BTC");
  EXPECT_EQ(list->instruments[0].contract_type, "FUTURES");
  EXPECT_EQ(list->instruments[1].contract_type, "XPERP");
  EXPECT_EQ(list->instruments[1].quote_asset, "USD");
}

TEST(OkxInstruments, TheDateOfTheMoveToThisSystemIsNoListing) {
  const Result<InstrumentList> list = parse("spot", kSpotRow);
  ASSERT_TRUE(list) << list.error().message();
  EXPECT_EQ(list->instruments[0].listed, 0) << "the first candle tells it";
  EXPECT_EQ(list->instruments[0].contract_type, "");
  EXPECT_EQ(list->instruments[0].contract_size, "");
}

TEST(OkxInstruments, PreOpenRowsThatSayNothingArePassedOver) {
  const Result<InstrumentList> list =
      parse("swap", std::string(kSwapRow) +
                        R"(,{"instId":"","instType":"SWAP","state":"preopen"},
                      {"instId":"NEW-USDT-SWAP","instType":"SWAP","state":"preopen"})");
  ASSERT_TRUE(list) << list.error().message();
  EXPECT_EQ(list->instruments.size(), 1U);
}

TEST(OkxInstruments, OneBrokenRowFailsTheListAndIsNamed) {
  struct Case {
    std::string_view row;
    std::string_view named;
  };
  const Case cases[] = {
      {R"({"instId":"A-B-SWAP","instType":"SWAP","state":"live"})", "instrument 2 (A-B-SWAP)"},
      {R"({"instId":"A-B-SWAP","instType":"SPOT","uly":"A-B","state":"live"})", "instType"},
      {R"({"instId":"A-B-SWAP","instType":"SWAP","uly":"A-B"})", "state"},
      {R"({"instId":"A-B-SWAP","instType":"SWAP","uly":null,"state":"live"})", "\"uly\""},
      {R"({"instId":"A-B-SWAP","listTime":"x","uly":"A-B","state":"live"})", "\"listTime\""},
      {R"({"instId":"A-B-SWAP","listTime":17,"uly":"A-B","state":"live"})", "\"listTime\""},
      {R"({"instId":"A-B-SWAP","expTime":{},"uly":"A-B","state":"live"})", "\"expTime\""},
      {R"({"instId":"A\u0007B","uly":"A-B","state":"live"})", "instrument 2"},
      {R"({"instId":"","uly":"A-B","state":"live"})", "instrument 2"},
      {kSwapRow, "listed twice"},
      {"7", "not a list"},
  };
  for (const Case& test : cases) {
    const Result<InstrumentList> list =
        parse("swap", std::string(kSwapRow) + "," + std::string(test.row));
    ASSERT_FALSE(list) << test.row;
    EXPECT_EQ(list.error().code(), Code::kProtocol);
    EXPECT_THAT(list.error().message(), HasSubstr(std::string(test.named))) << test.row;
  }
}

TEST(OkxTime, ReadsTheTimeAndNothingElse) {
  const auto time_of = [](std::string_view body) {
    const Padded padded(body);
    return okx_market("swap").parse_server_time(padded.view());
  };
  EXPECT_EQ(*time_of(R"({"code":"0","msg":"","data":[{"ts":"1700000000123"}]})"), 1700000000123);
  for (const std::string_view body :
       {"", "{}", R"({"code":"0","data":[]})", R"({"code":"0","data":[{"ts":""}]})",
        R"({"code":"0","data":[{"ts":"1"}]})", R"({"code":"0","data":[{"ts":"x"}]})",
        R"({"code":"1","data":[{"ts":"1700000000123"}]})",
        R"({"code":"0","data":[{"ts":"1700000000123"},{"ts":"1700000000123"}]})"}) {
    EXPECT_FALSE(time_of(body)) << body;
  }
  EXPECT_EQ(okx_market("spot").server_time_request()->target, "/api/v5/public/time");
}

TEST(OkxFailures, StatusAndCodeTellWhatToDo) {
  struct Case {
    int status;
    std::string_view body;
    Code code;
  };
  const Case cases[] = {
      {200, R"({"code":"50001","msg":"maintenance","data":[]})", Code::kUnavailable},
      {200, R"({"code":"50004","msg":"timeout","data":[]})", Code::kUnavailable},
      {200, R"({"code":"50005","msg":"x","data":[]})", Code::kUnavailable},
      {200, R"({"code":"50011","msg":"Too Many Requests","data":[]})", Code::kLimited},
      {429, R"({"code":"50011","msg":"Too Many Requests","data":[]})", Code::kLimited},
      {429, "", Code::kLimited},
      {200, R"({"data":[],"msg":"busy","code":"50013"})", Code::kUnavailable},
      {500, R"({"code":"50026","msg":"x"})", Code::kUnavailable},
      {400, R"({"code":"50014","msg":"missing","data":[]})", Code::kRejected},
      {400, R"({"code":"51000","msg":"Parameter bar error","data":[]})", Code::kRejected},
      {200, R"({"code":"51001","msg":"Instrument ID does not exist","data":[]})",
       Code::kUnknownName},
      {400, R"({"code":51001,"msg":"Instrument ID does not exist","data":[]})", Code::kUnknownName},
      {200, R"({"code":"51014","msg":"Index does not exist","data":[]})", Code::kUnknownName},
      {200, R"({"code":"51027","msg":"expired","data":[]})", Code::kRejected},
      {200, R"({"code":"51155","msg":"local compliance","data":[]})", Code::kBlocked},
      {200, R"({"code":"odd","msg":"x","data":[]})", Code::kRejected},
      {500, R"({"code":"51000","msg":"x"})", Code::kUnavailable},
      {502, "<html>Bad Gateway</html>", Code::kUnavailable},
      {403, "<html>403 Forbidden</html>", Code::kBlocked},
      {451, "", Code::kBlocked},
      {404, "<html>", Code::kRejected},
      {200, "", Code::kUnavailable},
      {200, "[]", Code::kUnavailable},
      {200, "{}", Code::kUnavailable},
      {200, R"({"code":null,"data":[]})", Code::kUnavailable},
      {200, R"({"code":"0)", Code::kUnavailable},
      {200, "<html>log in to the hotel's network</html>", Code::kUnavailable},
      {204, "", Code::kUnavailable},
      {302, "moved", Code::kProtocol},
      {500, R"({"code":"0","msg":"","data":[]})", Code::kUnavailable},
  };
  for (const Case& test : cases) {
    const Padded padded(test.body);
    const std::optional<ApiFailure> seen =
        okx_market("swap").failure(ApiResponse{test.status, padded.view(), {}}, kNow);
    ASSERT_TRUE(seen) << test.status << " " << test.body;
    EXPECT_EQ(seen->error.code(), test.code) << test.status << " " << test.body;
    EXPECT_THAT(seen->error.message(), HasSubstr("okx/swap answered HTTP"));
    const bool limited = test.code == Code::kLimited;
    EXPECT_EQ(seen->retry_after_ms, limited ? 4'000 : 0) << test.status << " " << test.body;
  }
  const Padded good(R"({"code":"0","msg":"","data":[]})");
  EXPECT_FALSE(okx_market("swap").failure(ApiResponse{200, good.view(), {}}, kNow));
}

TEST(OkxFailures, ARetryAfterIsBelievedAndTextIsMadeSafe) {
  const Padded body("{\"code\":\"50011\",\"msg\":\"a\\u001b[2Jb\"}");
  const std::optional<ApiFailure> seen =
      okx_market("spot").failure(ApiResponse{429, body.view(), {{"retry-after", "7"}}}, kNow);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->retry_after_ms, 7'000);
  EXPECT_THAT(seen->error.message(), HasSubstr("code 50011 \"a\\x1B[2Jb\""));
}

TEST(OkxLimits, AreKeptForEachEndpoint) {
  const limits::LimitRules rules = okx_market("swap").limit_rules();
  EXPECT_EQ(okx_market("swap").default_share_percent(), 90);
  const std::set<std::string> slow = {"history-index-candles", "time", "funding-rate-history"};
  std::vector<std::string> endpoints;
  for (const limits::LimitRule& rule : rules) {
    endpoints.push_back(rule.endpoint);
    EXPECT_EQ(rule.window_ms, 2'000);
    EXPECT_EQ(rule.shape, limits::Shape::kSlidingWindow);
    EXPECT_EQ(rule.capacity, slow.contains(rule.endpoint) ? 10 : 20);
  }
  EXPECT_THAT(endpoints, testing::ElementsAre("history-candles", "history-mark-price-candles",
                                              "history-index-candles", "funding-rate-history",
                                              "instruments", "time"));
}

}  // namespace
}  // namespace bf::exchange
