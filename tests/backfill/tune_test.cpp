// Goal: the choice is the least that reaches the limits, or nearly the best, for latencies and limits that are
// known; and no limit is broken on the way. Method: simulated exchanges on the virtual clock.
#include "engine/backfill/tune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/async/virtual_loop.h"
#include "engine/net/sim_transport.h"
#include "engine/sim/generated_truth.h"
#include "engine/sim/sim_exchange.h"

namespace bf::backfill {
namespace {

using testing::HasSubstr;

constexpr TimeMs kBegin = 1'719'792'000'000;  // 2024-07-01
constexpr DurationMs kTuneMs = 7'000;
constexpr std::int64_t kNsPerMs = 1'000'000;

/// Lifetime: loop and transport outlive the task.
async::Task<Result<TuneReport>> tune_and_close(async::Loop& loop, net::SimTransport& transport,
                                               RunOptions options, async::CancelToken cancel) {
  auto tuned = co_await tune_source(loop, transport, std::move(options), kTuneMs, cancel);
  co_await transport.close();
  co_return std::move(tuned);
}

sim::GeneratedTruth make_truth() {
  sim::GeneratedOptions options;
  options.markets.assign(sim::kMarkets.begin(), sim::kMarkets.end());
  return sim::GeneratedTruth(options);
}

class TuneTest : public testing::Test {
 protected:
  Result<TuneReport> tune(std::string exchange, std::string market, DurationMs one_way_ms,
                          std::vector<std::string> symbols = {}) {
    RunOptions options;
    options.selections.emplace_back();
    options.selections.back().exchange = exchange;
    options.selections.back().market = std::move(market);
    options.selections.back().symbols = std::move(symbols);
    options.base_urls[exchange] = "http://exchange.invalid:80";
    options.allow_plain_http = true;
    sim::SimOptions sim;
    const Result<void> added = sim.faults.add_lines(faults_);
    EXPECT_TRUE(added);
    sim::SimExchange server(loop_, truth_, std::move(sim));
    net::SimTransport transport(loop_);
    transport.route("exchange.invalid", 80,
                    {.handler = &server, .latency_ns = one_way_ms * kNsPerMs});
    auto tuned =
        loop_.run(tune_and_close(loop_, transport, std::move(options), async::CancelToken()));
    EXPECT_EQ(async::live_frames(), 0);
    limited_ = server.ledger().counters().limited;
    return tuned;
  }

  async::VirtualLoop loop_{kBegin + 1'000};
  sim::GeneratedTruth truth_ = make_truth();
  std::string faults_;
  std::uint64_t limited_ = 0;
};

TEST_F(TuneTest, TheLeastThatReachesTheLimitsIsChosen) {
  // 2,400 a minute at 2 a page: 20 a second. A round trip of 300 ms: 3.3 a second and worker.
  const Result<TuneReport> report = tune("binance", "um", 150);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->source, "binance/um");
  EXPECT_DOUBLE_EQ(report->limit_per_second, 20);
  EXPECT_EQ(report->page_rows, 499U);
  EXPECT_EQ(report->concurrency, 8);
  EXPECT_EQ(report->end, TuneEnd::kLimits);
  ASSERT_EQ(report->steps.size(), 4U);
  for (const TuneStep& step : report->steps) {
    EXPECT_DOUBLE_EQ(step.median_ms, 300) << step.in_flight;
    EXPECT_NEAR(step.requests_per_second, static_cast<double>(step.in_flight) / 0.3, 0.01);
    EXPECT_NEAR(step.candles_per_second, step.requests_per_second * 499, 1);
    EXPECT_GT(step.bytes_per_second, 0);
  }
  EXPECT_EQ(limited_, 0U);
}

TEST_F(TuneTest, OneWorkerIsEnoughForANearServer) {
  const Result<TuneReport> report = tune("okx", "swap", 10);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_DOUBLE_EQ(report->limit_per_second, 9);  // 90 % of 20 in two seconds
  EXPECT_EQ(report->concurrency, 1);
  EXPECT_EQ(report->steps.size(), 1U);
  EXPECT_EQ(limited_, 0U);
}

TEST_F(TuneTest, NoMarketIsTunedBeyondItsLimits) {
  for (const exchange::MarketApi* const api : exchange::all_markets()) {
    SCOPED_TRACE(std::string(api->exchange()) + "/" + std::string(api->market()));
    std::vector<std::string> symbols;
    if (api->listing() == exchange::Listing::kNone) symbols.emplace_back("S000-USD");
    const Result<TuneReport> report =
        tune(std::string(api->exchange()), std::string(api->market()), 100, symbols);
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_GE(report->concurrency, 1);
    EXPECT_LE(report->concurrency, kTuneInFlightMax);
    EXPECT_EQ(limited_, 0U);
    loop_.run([](async::Loop& loop) -> async::Task<int> {
      (void)co_await loop.sleep(5 * kMinuteMs * kNsPerMs, async::CancelToken());
      co_return 0;
    }(loop_));
  }
}

TEST_F(TuneTest, WhatCannotBeAskedForIsNamed) {
  const Result<TuneReport> unknown = tune("binance", "um", 10, {"NOPE"});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), Code::kUnknownName);
  EXPECT_THAT(unknown.error().message(), HasSubstr("NOPE"));
  const Result<TuneReport> listless = tune("yahoo", "chart", 10);
  ASSERT_FALSE(listless);
  EXPECT_THAT(listless.error().message(), HasSubstr("--symbol"));
}

TEST_F(TuneTest, AServerThatRefusesEndsIt) {
  faults_ = "klines nth=3 status=418 retry_after=100";
  const Result<TuneReport> report = tune("binance", "um", 10);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Code::kBanned);
}

}  // namespace
}  // namespace bf::backfill
