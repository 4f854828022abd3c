// Goal: the exchange as a client meets it: limits with headers and bans, the ledger, its clock; the
// same over real sockets as behind the simulated transport.
#include "engine/sim/sim_exchange.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "engine/net/real_transport.h"
#include "engine/sim/client_limits.h"
#include "engine/sim/file_truth.h"
#include "engine/sim/generated_truth.h"
#include "engine/sim/text_file.h"
#include "store/base/http_date.h"
#include "tests/sim/sim_support.h"

namespace bf::sim {
namespace {

using ::testing::HasSubstr;

constexpr TimeMs kFrom = 1'696'118'400'000;  // 2023-10-01

GeneratedTruth small_truth() {
  GeneratedOptions options;
  options.symbols = 2;
  options.life = {kFrom, kTimeMax};
  options.outage_every_days = 0;
  return GeneratedTruth(options);
}

std::string page(TimeMs start, int limit, const std::string& symbol = "S000USDT") {
  return "/fapi/v1/klines?symbol=" + symbol + "&interval=1m&startTime=" + std::to_string(start) +
         "&limit=" + std::to_string(limit);
}

TEST(SimExchange, CountsWeightInItsHeaderPerMarketAndMinute) {
  const GeneratedTruth truth = small_truth();
  Rig rig(truth, SimOptions{});
  const auto used = [&](const std::string& target) {
    const Result<net::HttpResponse> response = rig.get(target);
    EXPECT_TRUE(response && response->status == 200);
    return std::string(response->header("x-mbx-used-weight-1m").value_or("none"));
  };
  EXPECT_EQ(used(page(kFrom, 499)), "2");
  EXPECT_EQ(used(page(kFrom, 1'500)), "12");
  EXPECT_EQ(used("/api/v3/exchangeInfo"), "20");
  EXPECT_EQ(used("/fapi/v1/time"), "13");
  rig.pass(kMinuteMs);
  EXPECT_EQ(used(page(kFrom, 10)), "1");
}

TEST(SimExchange, ClimbsFromRefusalToBanForAClientThatDoesNotListen) {
  const GeneratedTruth truth = small_truth();
  Rig rig(truth, SimOptions{});
  for (int i = 0; i < 240; ++i) ASSERT_EQ(rig.get(page(kFrom, 1'500))->status, 200);
  const Result<net::HttpResponse> refused = rig.get(page(kFrom, 1));
  ASSERT_EQ(refused->status, 429);
  EXPECT_EQ(refused->header("retry-after"), "60");
  EXPECT_THAT(refused->body, HasSubstr("\"code\":-1003"));
  rig.pass(kGraceMs);
  for (int i = 0; i < 4; ++i) ASSERT_EQ(rig.get(page(kFrom, 1))->status, 429);
  const Result<net::HttpResponse> banned = rig.get(page(kFrom, 1));
  ASSERT_EQ(banned->status, 418);
  EXPECT_EQ(banned->header("retry-after"), "120");
  const TimeMs until = rig.exchange.now() + kBanMsMin;
  EXPECT_THAT(banned->body, HasSubstr("banned until " + std::to_string(until)));
  // The other market has a limit of its own.
  EXPECT_EQ(rig.get("/api/v3/time")->status, 200);
  rig.pass(kBanMsMin - 1);
  EXPECT_EQ(rig.get("/fapi/v1/time")->status, 418);
  rig.pass(1);
  EXPECT_EQ(rig.get("/fapi/v1/time")->status, 200);
  const LedgerCounters& counters = rig.exchange.ledger().counters();
  EXPECT_EQ(counters.limited, 5U);
  EXPECT_EQ(counters.banned, 2U);
  EXPECT_EQ(counters.out_of_turn, 6U);
}

TEST(SimExchange, RefusesNothingWithoutLimits) {
  const GeneratedTruth truth = small_truth();
  SimOptions options;
  options.limits = false;
  Rig rig(truth, std::move(options));
  for (int i = 0; i < 300; ++i) ASSERT_EQ(rig.get(page(kFrom, 1'500))->status, 200);
}

TEST(SimExchange, HoldsTheClientToAPauseThatAFaultTold) {
  const GeneratedTruth truth = small_truth();
  SimOptions options;
  ASSERT_TRUE(options.faults.add_lines("klines nth=1 status=418 retry_after=300"));
  Rig rig(truth, std::move(options));
  EXPECT_EQ(rig.get(page(kFrom, 1))->status, 418);
  rig.pass(2 * kGraceMs);
  EXPECT_EQ(rig.get(page(kFrom, 1))->status, 200);
  EXPECT_EQ(rig.exchange.ledger().counters().out_of_turn, 1U);
  rig.pass(300 * kSecondMs);
  EXPECT_EQ(rig.get(page(kFrom, 1))->status, 200);
  EXPECT_EQ(rig.exchange.ledger().counters().out_of_turn, 1U);
}

TEST(SimExchange, LedgerKnowsWhatWasServedTwice) {
  const GeneratedTruth truth = small_truth();
  Rig rig(truth, SimOptions{});
  ASSERT_TRUE(rig.get(page(0, 1)));  // when was it listed?
  ASSERT_TRUE(rig.get(page(kFrom, 100)));
  ASSERT_TRUE(rig.get(page(kFrom + 100 * kMinuteMs, 100)));
  ASSERT_TRUE(rig.get(page(kFrom, 100, "S001USDT")));
  EXPECT_EQ(rig.exchange.ledger().counters().rows_again, 0U);
  ASSERT_TRUE(rig.get(page(kFrom + 190 * kMinuteMs, 20)));
  const LedgerCounters& counters = rig.exchange.ledger().counters();
  EXPECT_EQ(counters.rows_again, 10U);
  EXPECT_EQ(counters.klines, 5U);
  EXPECT_EQ(counters.rows, 321U);
  const LedgerEntry& last = rig.exchange.ledger().entries().back();
  EXPECT_EQ(last.symbol, "S000USDT");
  EXPECT_EQ(last.start, kFrom + 190 * kMinuteMs);
  EXPECT_EQ(last.end, -1);
  EXPECT_EQ(last.limit, 20U);
  EXPECT_EQ(last.rows.first_open, kFrom + 190 * kMinuteMs);
}

TEST(SimExchange, LedgerIsWrittenAsLinesWhileItRuns) {
  const GeneratedTruth truth = small_truth();
  const TemporaryFolder folder;
  Rig rig(truth, SimOptions{});
  const std::string path = folder.path() + "/ledger.ndjson";
  ASSERT_TRUE(rig.exchange.ledger().write_to(path));
  ASSERT_TRUE(rig.get(page(kFrom, 3)));
  ASSERT_TRUE(rig.get("/fapi/v1/klines?symbol=%22%0A&interval=1m"));
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(),
            "{\"at\":1700000040000,\"number\":1,\"connection\":1,\"market\":\"binance/um\","
            "\"endpoint\":\"klines\",\"symbol\":\"S000USDT\",\"interval\":\"1m\","
            "\"start\":1696118400000,\"end\":-1,\"limit\":3,\"rows\":3,\"weight\":1,"
            "\"status\":200,\"bytes\":399}\n"
            "{\"at\":1700000040000,\"number\":2,\"connection\":1,\"market\":\"binance/um\","
            "\"endpoint\":\"klines\",\"symbol\":\"??\",\"interval\":\"1m\",\"start\":-1,"
            "\"end\":-1,\"limit\":500,\"rows\":0,\"weight\":5,\"status\":400,\"bytes\":38}\n");
  const Result<void> nowhere = rig.exchange.ledger().write_to(folder.path() + "/no/such/folder");
  EXPECT_FALSE(nowhere);
}

TEST(SimExchange, RunsOnItsOwnClock) {
  const GeneratedTruth truth = small_truth();
  SimOptions options;
  options.clock_offset_ms = 365 * kDayMs;
  Rig rig(truth, std::move(options));
  const TimeMs now = Rig::kStart + 365 * kDayMs;
  const Result<net::HttpResponse> time = rig.get("/fapi/v1/time");
  ASSERT_TRUE(time) << time.error().message();
  EXPECT_EQ(time->body, "{\"serverTime\":" + std::to_string(now) + "}");
  const std::optional<TimeMs> date = parse_http_date(std::string(*time->header("date")));
  ASSERT_TRUE(date);
  EXPECT_EQ(*date, now);
  const Result<net::HttpResponse> newest =
      rig.get("/fapi/v1/klines?symbol=S000USDT&interval=1m&limit=1");
  EXPECT_EQ(open_times(newest->body), times(now, 1));
}

TEST(SimExchange, AnswersWhatPublicClientsAskBeside) {
  const GeneratedTruth truth = small_truth();
  Rig rig(truth, SimOptions{});
  EXPECT_EQ(rig.get("/dapi/v1/exchangeInfo")->body, R"({"symbols":[]})");
  EXPECT_EQ(rig.get("/fapi/v1/ping")->body, "{}");
  EXPECT_EQ(rig.get("/nothing")->status, 404);
}

/// Every row of a series, asked for page by page.
std::string fetch_csv(Rig& rig, const std::string& base, TimeRange range, int limit) {
  std::string csv;
  TimeMs from = range.from;
  while (true) {
    const Result<net::HttpResponse> response =
        rig.get(base + "&startTime=" + std::to_string(from) +
                "&endTime=" + std::to_string(range.to - 1) + "&limit=" + std::to_string(limit));
    EXPECT_TRUE(response && response->status == 200);
    const std::vector<TimeMs> opens = open_times(response->body);
    if (opens.empty()) return csv;
    append_csv(rows_of(response->body), false, csv);
    from = opens.back() + 1;
  }
}

TEST(SimExchange, ServesAFixtureByPagesToTheLetter) {
  const FileTruth& truth = fixtures();
  SimOptions options;
  options.limits = false;
  options.keep_ledger = false;
  const TimeRange range{*parse_time("2026-06-01"), *parse_time("2026-07-01")};
  Rig rig(truth, std::move(options), *parse_time("2026-11-20"));
  const std::string csv = fetch_csv(rig, "/fapi/v1/klines?symbol=FILUSDT&interval=1m", range, 499);
  const Result<std::string> packed = read_file(fixtures_dir() + "/binance/um/FILUSDT-1m.csv.gz");
  ASSERT_TRUE(packed);
  const Result<std::string> content = gunzip(*packed);
  ASSERT_TRUE(content);
  EXPECT_TRUE(csv == content->substr(content->find('\n') + 1));
  EXPECT_EQ(rig.exchange.ledger().counters().rows, 43'200U);
  EXPECT_EQ(rig.exchange.ledger().counters().rows_again, 0U);
}

async::Task<Result<net::HttpResponse>> get_over_sockets(async::RealLoop& loop,
                                                        SimExchange& exchange, std::string target) {
  net::ListenOptions listen_options;
  const Result<std::unique_ptr<net::Listener>> listener =
      net::listen(loop, std::move(listen_options));
  if (!listener) co_return fail(listener.error());
  net::TlsClientOptions tls;
  const Result<std::unique_ptr<net::Transport>> transport =
      net::make_real_transport(loop, std::move(tls));
  if (!transport) co_return fail(transport.error());
  net::HttpClient client(**transport);
  async::TaskGroup group(loop, async::CancelToken());
  group.spawn(net::serve(loop, **listener, exchange, group.token()));

  net::HttpRequest request;
  request.endpoint = net::Endpoint{"127.0.0.1", (*listener)->port(), false};
  request.target = std::move(target);
  Result<net::HttpResponse> response =
      co_await client.get(std::move(request), async::CancelToken());
  co_await client.close();
  group.cancel();
  const Result<void> served = co_await group.join();
  co_await (*listener)->close();
  if (!served) co_return fail(served.error());
  co_return response;
}

TEST(SimExchange, AnswersTheSameOverRealSockets) {
  const FileTruth& truth = fixtures();
  const std::string target =
      "/api/v3/klines?symbol=ARBUSDT&interval=1m&startTime=0&endTime=1690000000000&limit=1000";
  Rig rig(truth, SimOptions{}, *parse_time("2026-11-20"));
  const Result<net::HttpResponse> simulated = rig.get(target);
  ASSERT_TRUE(simulated) << simulated.error().message();
  async::RealLoop loop;
  SimExchange exchange(loop, truth, SimOptions{});
  const Result<net::HttpResponse> real = loop.run(get_over_sockets(loop, exchange, target));
  ASSERT_TRUE(real) << real.error().message();
  EXPECT_EQ(real->status, 200);
  EXPECT_TRUE(real->body == simulated->body);
  EXPECT_EQ(open_times(real->body).size(), 1'000U);
}

}  // namespace
}  // namespace bf::sim
