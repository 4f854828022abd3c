// Goal: what is said of a source is what its server does: answers, refuses, bans, counts, or is not there.
// Method: all markets against the simulated exchanges on the virtual clock, and one trouble at a time.
#include "engine/backfill/source_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "engine/async/virtual_loop.h"
#include "engine/limits/ban_file.h"
#include "engine/net/sim_transport.h"
#include "engine/sim/generated_truth.h"
#include "engine/sim/sim_exchange.h"

namespace bf::backfill {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

constexpr TimeMs kBegin = 1'719'792'000'000;  // 2024-07-01
constexpr std::int64_t kLatencyNs = 20'000'000;
constexpr DurationMs kAheadMs = 1'234;
/// There, and nothing listens where it says.
constexpr std::string_view kServer = "http://exchange.invalid:80";
constexpr std::string_view kNobody = "http://exchange.invalid:81";

/// Lifetime: loop and transport outlive the task.
async::Task<Result<std::vector<SourceStatus>>> ask_and_close(async::Loop& loop,
                                                             net::SimTransport& transport,
                                                             RunOptions options,
                                                             async::CancelToken cancel) {
  auto asked = co_await ask_sources(loop, transport, std::move(options), kSourceDeadlineMs, cancel);
  co_await transport.close();
  co_return std::move(asked);
}

class SourceStatusTest : public testing::Test {
 protected:
  SourceStatusTest()
      : state_(testing::TempDir() + "/bf-sources-" + std::to_string(::getpid())), truth_({}) {}
  ~SourceStatusTest() override { std::filesystem::remove_all(state_); }

  static RunOptions select(const std::vector<const exchange::MarketApi*>& markets,
                           std::string_view server = kServer) {
    RunOptions options;
    for (const exchange::MarketApi* const api : markets) {
      options.selections.emplace_back();
      options.selections.back().exchange = api->exchange();
      options.selections.back().market = api->market();
      options.base_urls[std::string(api->exchange())] = server;
      options.archive_urls[std::string(api->exchange())] = std::string(server) + "/archive";
    }
    options.allow_plain_http = true;
    return options;
  }
  static RunOptions select(std::string_view exchange, std::string_view market) {
    return select({*exchange::find_market(exchange, market)});
  }

  /// A process of its own, against servers of which `faults_` say what is wrong.
  std::vector<SourceStatus> ask(RunOptions options) {
    sim::SimOptions sim;
    sim.clock_offset_ms = kAheadMs;
    const Result<void> added = sim.faults.add_lines(faults_);
    EXPECT_TRUE(added);
    sim::SimExchange exchange(loop_, truth_, std::move(sim));
    net::SimTransport transport(loop_);
    transport.route("exchange.invalid", 80, {.handler = &exchange, .latency_ns = latency_ns_});
    options.state_dir = state_;
    const std::int64_t frames_before = async::live_frames();
    auto asked =
        loop_.run(ask_and_close(loop_, transport, std::move(options), async::CancelToken()));
    EXPECT_EQ(async::live_frames(), frames_before) << "a coroutine was left behind";
    requests_ = exchange.ledger().counters().requests;
    EXPECT_TRUE(asked) << asked.error().message();
    return asked ? *std::move(asked) : std::vector<SourceStatus>();
  }
  SourceStatus ask_one(RunOptions options) {
    const std::vector<SourceStatus> all = ask(std::move(options));
    return all.empty() ? SourceStatus() : all.front();
  }

  std::string state_;
  std::string faults_;
  std::int64_t latency_ns_ = kLatencyNs;
  std::uint64_t requests_ = 0;
  async::VirtualLoop loop_{kBegin};
  sim::GeneratedTruth truth_;
};

TEST_F(SourceStatusTest, EveryMarketIsReachableByOneRequestAServer) {
  const std::vector<SourceStatus> all = ask(select(exchange::all_markets()));
  ASSERT_EQ(all.size(), exchange::all_markets().size() + 2) << "two of them have an archive";
  for (const SourceStatus& status : all) {
    SCOPED_TRACE(status.source);
    EXPECT_EQ(state_name(status.state), "reachable") << status.reason;
    EXPECT_TRUE(status.asked);
    EXPECT_EQ(status.server, "http://exchange.invalid:80");
    ASSERT_TRUE(status.answer_ms);
    // There and back, twice where it had to connect.
    EXPECT_THAT(*status.answer_ms * 1'000'000, AnyOf(2 * kLatencyNs, 4 * kLatencyNs));
    if (status.source.ends_with("archive")) continue;
    ASSERT_TRUE(status.clock_offset_ms);
    EXPECT_LE(std::abs(*status.clock_offset_ms - kAheadMs), status.clock_uncertainty_ms);
    EXPECT_FALSE(status.limits.empty());
    EXPECT_GT(status.page_rows, 0U);
    EXPECT_GT(status.candles_per_minute, 0);
    const bool forgets = status.source == "yahoo/chart";
    EXPECT_EQ(status.history_from != kTimeMin, forgets);
    EXPECT_EQ(status.history_from % kMinuteMs, 0);
    const bool second = status.source == "okx/futures" || status.source == "okx/spot";
    if (status.source.starts_with("okx/")) {
      EXPECT_EQ(status.shares_with, second ? "okx/swap" : "");
    }
  }
  // OKX' three markets share a server, and so do Bybit's, and both archives.
  EXPECT_EQ(requests_, all.size() - 2 - 2 - 1);
}

TEST_F(SourceStatusTest, CountsAsTheServerDoesWhereItTells) {
  const SourceStatus um = ask_one(select("binance", "um"));
  ASSERT_EQ(um.limits.size(), 2U) << "the other one is of funding rates";
  EXPECT_EQ(um.limits[0].name, "weight per minute");
  EXPECT_EQ(um.limits[0].used, 1);
  EXPECT_EQ(um.limits[0].capacity, 2'400);
  EXPECT_EQ(um.limits[0].allowed, 2'400);
  EXPECT_TRUE(um.limits[0].reported);
  EXPECT_EQ(um.page_rows, 499U);
  EXPECT_EQ(um.candles_per_minute, 1'200 * 499);

  RunOptions options = select("bybit", "linear");
  options.max_weight_percent = 50;
  const SourceStatus bybit = ask_one(std::move(options));
  ASSERT_EQ(bybit.limits.size(), 1U);
  EXPECT_EQ(bybit.limits[0].used, 1);
  EXPECT_EQ(bybit.limits[0].capacity, 600);
  EXPECT_EQ(bybit.limits[0].allowed, 300);
  EXPECT_FALSE(bybit.limits[0].reported);
  EXPECT_EQ(bybit.share_percent, 50);
}

TEST_F(SourceStatusTest, RefusedAddressesAreBlocked) {
  for (const std::string status : {"403", "451"}) {
    faults_ = "time status=" + status;
    const SourceStatus um = ask_one(select("binance", "um"));
    EXPECT_EQ(um.state, SourceState::kBlocked) << status;
    EXPECT_THAT(um.reason, HasSubstr("HTTP " + status));
    EXPECT_TRUE(um.asked);
    EXPECT_FALSE(um.answer_ms);
  }
  faults_ = "checksum status=451";
  const std::vector<SourceStatus> all = ask(select("binance", "spot"));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].state, SourceState::kReachable);
  EXPECT_EQ(all[1].state, SourceState::kBlocked);
  EXPECT_EQ(all[1].source, "binance/spot archive");
}

TEST_F(SourceStatusTest, ABannedSourceIsNotAskedBeforeTheBanEnds) {
  faults_ = "time status=418 retry_after=600";
  const SourceStatus first = ask_one(select("binance", "um"));
  EXPECT_EQ(first.state, SourceState::kBanned);
  EXPECT_TRUE(first.asked);
  const TimeMs until = first.until;
  EXPECT_NEAR(static_cast<double>(until - kBegin), 600'000, 1'000);

  faults_.clear();
  const std::vector<SourceStatus> all = ask(select("binance", "um"));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].state, SourceState::kBanned);
  EXPECT_FALSE(all[0].asked);
  EXPECT_EQ(all[0].until, until);
  EXPECT_THAT(all[0].reason, HasSubstr("nothing is sent there before"));
  EXPECT_EQ(all[1].state, SourceState::kReachable);
  EXPECT_EQ(requests_, 1U) << "the archive's";
}

TEST_F(SourceStatusTest, ABanOfTheStateDirectoryCounts) {
  auto bans = limits::BanFile::open(state_, "exchange.invalid:80 direct", loop_.clock());
  ASSERT_TRUE(bans);
  ASSERT_TRUE(bans->store(limits::Ban{kBegin + kHourMs, "HTTP 418"}));
  const std::vector<SourceStatus> all = ask(select("okx", "swap"));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].state, SourceState::kBanned);
  EXPECT_EQ(all[0].until, kBegin + kHourMs);
  EXPECT_EQ(requests_, 0U);
}

TEST_F(SourceStatusTest, WhoHasTooManyRequestsSaysWhenToComeBack) {
  faults_ = "time status=429 retry_after=40";
  const SourceStatus um = ask_one(select("binance", "um"));
  EXPECT_EQ(um.state, SourceState::kLimited);
  EXPECT_NEAR(static_cast<double>(um.until - kBegin), 40'000, 1'000);
  EXPECT_EQ(requests_, 2U) << "once, and its archive";
}

TEST_F(SourceStatusTest, WhoIsNotThereIsUnreachableAndTheOthersAreAsked) {
  RunOptions options = select(exchange::all_markets());
  options.base_urls["okx"] = kNobody;
  const std::vector<SourceStatus> all = ask(std::move(options));
  for (const SourceStatus& status : all) {
    const bool nobody = status.source.starts_with("okx/");
    EXPECT_EQ(status.state, nobody ? SourceState::kUnreachable : SourceState::kReachable)
        << status.source << " " << status.reason;
    if (!nobody) continue;
    EXPECT_THAT(status.reason, HasSubstr("connection refused"));
  }
  faults_ = "time status=503";
  EXPECT_THAT(ask_one(select("deribit", "futures")).reason, HasSubstr("HTTP 503"));
}

TEST_F(SourceStatusTest, AnAnswerThatIsNoTimeIsNone) {
  for (const std::string fault : {"html", "empty", "truncate=5"}) {
    faults_ = "time " + fault;
    const SourceStatus um = ask_one(select("binance", "um"));
    EXPECT_EQ(um.state, SourceState::kUnreachable) << fault;
    EXPECT_FALSE(um.answer_ms) << fault;
    EXPECT_FALSE(um.reason.empty()) << fault;
  }
}

TEST_F(SourceStatusTest, WhoDoesNotAnswerInTimeIsUnreachable) {
  latency_ns_ = 30'000'000'000;
  const TimeMs began = loop_.clock().wall_ms();
  const std::vector<SourceStatus> all = ask(select("binance", "um"));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(loop_.clock().wall_ms() - began, kSourceDeadlineMs) << "asked at the same time";
  for (const SourceStatus& status : all) {
    EXPECT_EQ(status.state, SourceState::kUnreachable) << status.source;
    EXPECT_FALSE(status.reason.empty());
  }
}

TEST_F(SourceStatusTest, AnUnknownMarketIsAUsageError) {
  RunOptions options = select("binance", "um");
  options.selections.front().market = "umm";
  net::SimTransport transport(loop_);
  const auto asked =
      loop_.run(ask_and_close(loop_, transport, std::move(options), async::CancelToken()));
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code(), Code::kUsage);
}

}  // namespace
}  // namespace bf::backfill
