// tests/backfill/faults_test.cpp
//
// Goal: whatever the exchange does wrong, no wrong row is stored, what it tells us to keep away from is
// kept away from, and a slot that is not known is missing. Method: one kind of fault a run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/backfill/shaped_truth.h"
#include "tests/backfill/sim_world.h"

namespace bf::test {
namespace {

using backfill::Exit;
using ::testing::HasSubstr;

constexpr TimeRange kRange = {kWorldBegin - 6 * kDayMs, kWorldBegin - 2 * kDayMs};
constexpr std::int64_t kSlots = 4 * 1'440;
constexpr std::int64_t kTriesOfAPage = 7;

class PassingFault : public ::testing::TestWithParam<std::string> {};

TEST_P(PassingFault, IsGotOver) {
  const ShapedTruth truth(2);
  for (const std::string market : {"um", "spot"}) {
    SimWorld world(truth);
    world.set_faults(GetParam());
    const backfill::RunReport report = world.run(world.options(market, {}, kRange));
    EXPECT_EQ(backfill::exit_code(report, /*strict=*/true), Exit::kComplete) << failures_of(report);
    EXPECT_GT(world.ledger().counters().faults, 0U) << "the fault was not met";
    for (const backfill::SeriesReport& series : report.series) {
      EXPECT_EQ(world.difference(series.series, kRange), "") << series.series.name();
      EXPECT_EQ(series.slots.absent_confirmed, 0);
    }
    EXPECT_EQ(world.ledger().counters().out_of_turn, 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, PassingFault,
    ::testing::Values("klines times=5 status=500", "klines times=5 status=502",
                      "klines times=5 status=503 retry_after=2", "exchangeInfo times=2 status=503",
                      "time times=3 cut=0", "klines times=5 cut=0", "klines times=5 cut=100",
                      "klines times=5 cut=5000", "klines times=3 stall=2000",
                      "klines times=5 truncate=3000", "klines times=5 html", "klines times=2 empty",
                      "any delay_ms=3000", "any close", "any gzip", "klines duplicate",
                      "klines unordered", "klines times=2 high_low", "klines times=2 negative",
                      "klines times=2 unit=us", "klines times=2 unit=s", "klines used_weight=none",
                      "klines nth=3 used_weight=2399", "klines nth=3 status=429 retry_after=7",
                      "klines nth=3 status=429"),
    [](const auto& test) {
      std::string name;
      for (const char c : test.param) name += std::isalnum(c) != 0 ? c : '_';
      return name;
    });

TEST(Faults, ARowOffTheGridIsKeptAtItsOwnTime) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  world.set_faults("klines nth=2 off_grid");
  const backfill::RunReport report = world.run(world.options("um", {"S000USDT"}, kRange));
  EXPECT_EQ(backfill::exit_code(report, /*strict=*/true), Exit::kComplete) << failures_of(report);
  const CandleBatch rows = world.stored_rows(world.series("um", "S000USDT"), kRange);
  EXPECT_EQ(rows.row_count(), static_cast<std::size_t>(kSlots));
  std::int64_t off_grid = 0;
  for (const TimeMs open_time : rows.open_time()) off_grid += open_time % kMinuteMs == 1;
  EXPECT_EQ(off_grid, 1);
}

TEST(Faults, BadRowsAreKeptAsideAndTheirSlotsAreMissing) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  world.set_faults("klines high_low");  // one row of every page, also of those that ask again
  const backfill::RunOptions options = world.options("um", {"S000USDT"}, kRange);
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kMissing) << failures_of(report);
  const backfill::SeriesReport& series = report.series.at(0);
  EXPECT_GT(series.slots.missing, 0);
  EXPECT_GT(series.rows_rejected, 0);
  EXPECT_EQ(series.slots.absent_confirmed + series.slots.absent_provisional, 0);
  EXPECT_EQ(world.wrong_row(series.series, kRange), "");
  EXPECT_THAT(world.file_text("rejected.tsv"),
              HasSubstr("binance/um/S000USDT/candles/1m\trest\t2024-06-2"));

  world.set_faults("");
  const backfill::RunReport healed = world.run(options);
  EXPECT_EQ(backfill::exit_code(healed, true), Exit::kComplete) << failures_of(healed);
  EXPECT_EQ(world.difference(series.series, kRange), "");
}

TEST(Faults, AFailingSymbolDoesNotHoldUpTheOthers) {
  const ShapedTruth truth(12);
  const std::int64_t others = 11 * kSlots;
  double clean_seconds = 0;
  for (const std::string fault :
       {"", "klines symbol=S003USDT status=503", "klines symbol=S003USDT stall=100"}) {
    SimWorld world(truth);
    world.set_faults(fault);
    std::int64_t others_done_ns = 0;
    world.observer().progressed = [&](const backfill::Progress& progress) {
      if (others_done_ns == 0 && progress.candles_stored >= others) others_done_ns = world.now_ns();
    };
    const std::int64_t began_ns = world.now_ns();
    const backfill::RunReport report = world.run(world.options("um", {}, kRange));
    const double seconds = static_cast<double>(others_done_ns - began_ns) / 1e9;
    ASSERT_GT(others_done_ns, 0) << failures_of(report);
    if (fault.empty()) {
      clean_seconds = seconds;
      continue;
    }
    EXPECT_LT(seconds, clean_seconds + 20) << fault;
    EXPECT_EQ(backfill::exit_code(report, false), Exit::kTemporary);
    for (const backfill::SeriesReport& series : report.series) {
      const bool fails = series.series.instrument.symbol == "S003USDT";
      EXPECT_EQ(series.slots.missing, fails ? kSlots : 0) << series.series.name();
    }
  }
}

TEST(Faults, ASymbolThatFailsForEverIsGivenUpBeforeEveryPageWasTried) {
  const ShapedTruth truth(2);
  SimWorld world(truth);
  world.set_faults("klines symbol=S001USDT status=503");
  backfill::RunOptions options =
      world.options("um", {}, {kWorldBegin - 100 * kDayMs, kWorldBegin - kDayMs});
  options.concurrency = 8;
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kTemporary);
  EXPECT_EQ(report.series.at(0).slots.missing, 0);
  EXPECT_EQ(report.series.at(1).slots.missing, 99 * 1'440);
  const sim::LedgerCounters& counters = world.ledger().counters();
  EXPECT_LE(counters.failed, static_cast<std::uint64_t>(2 * 8 * kTriesOfAPage));
}

TEST(Faults, AnExchangeThatIsDownEndsItsSource) {
  const ShapedTruth truth(8);
  SimWorld world(truth);
  world.set_faults("klines status=503");
  backfill::RunOptions options = world.options("um", {}, kRange);
  options.concurrency = 16;
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kTemporary) << failures_of(report);
  EXPECT_LE(world.requests(sim::Endpoint::kKlines),
            static_cast<std::size_t>(3 * 16 * kTriesOfAPage));
  for (const backfill::SeriesReport& series : report.series) {
    EXPECT_EQ(series.slots.missing, kSlots) << series.series.name();
  }
}

TEST(Faults, NobodyAtTheAddressIsSaidInOneMessage) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  backfill::RunOptions options = world.options("um", {"S000USDT"}, kRange);
  options.base_urls["binance"] = "http://127.0.0.1:1";
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kTemporary);
  ASSERT_EQ(report.failures.size(), 1U);
  EXPECT_THAT(report.failures[0].message, HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(report.failures[0].message, HasSubstr("refused"));
}

TEST(Faults, AnAddressThatIsRefusedIsNotAskedAgain) {
  const ShapedTruth truth(3);
  for (const std::string status : {"403", "451"}) {
    SimWorld world(truth);
    world.set_faults("klines status=" + status);
    backfill::RunOptions options = world.options("um", {}, kRange);
    options.concurrency = 4;
    const backfill::RunReport report = world.run(options);
    EXPECT_EQ(backfill::exit_code(report, false), Exit::kTemporary) << failures_of(report);
    EXPECT_LE(world.requests(sim::Endpoint::kKlines), 4U) << "those that were in flight";
  }
}

class Ban : public ::testing::Test {
 protected:
  Ban() {
    std::string pattern = ::testing::TempDir() + "/bf_bans_XXXXXX";
    const char* const made = mkdtemp(pattern.data());
    EXPECT_NE(made, nullptr);
    state_dir_ = pattern;
  }
  ~Ban() override { std::filesystem::remove_all(state_dir_); }
  std::string state_dir_;
};

TEST_F(Ban, EndsTheSourceAndIsRememberedByTheNextRun) {
  const ShapedTruth truth(2);
  SimWorld world(truth);
  world.set_faults("klines nth=5 status=418 retry_after=300");
  backfill::RunOptions options = world.options("um", {}, kRange);
  options.concurrency = 4;
  options.state_dir = state_dir_;
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kTemporary) << failures_of(report);
  EXPECT_EQ(report.bans, 1);
  const auto& failures = report.series.at(0).failures;
  ASSERT_FALSE(failures.empty());
  EXPECT_GE(failures[0].retry_at, kWorldBegin + 299 * kSecondMs);
  EXPECT_LE(failures[0].retry_at, kWorldBegin + 330 * kSecondMs);
  EXPECT_EQ(world.ledger().counters().out_of_turn, 0U);

  const std::uint64_t before = world.ledger().counters().requests;
  const backfill::RunReport early = world.run(options);
  EXPECT_EQ(backfill::exit_code(early, false), Exit::kTemporary);
  EXPECT_EQ(world.ledger().counters().requests, before) << "nothing may be sent before the end";

  world.sleep(302 * kSecondMs);
  const backfill::RunReport late = world.run(options);
  EXPECT_EQ(backfill::exit_code(late, true), Exit::kComplete) << failures_of(late);
  for (const backfill::SeriesReport& series : late.series) {
    EXPECT_EQ(world.difference(series.series, kRange), "");
  }
  EXPECT_EQ(world.ledger().counters().out_of_turn, 0U);
}

TEST_F(Ban, OfOneMarketLeavesTheOtherAlone) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  world.set_faults("klines market=binance/um nth=2 status=418 retry_after=300");
  backfill::RunOptions options = world.options("um", {}, kRange);
  options.selections.push_back(world.options("spot", {}, kRange).selections.front());
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kTemporary);
  EXPECT_EQ(world.difference(world.series("spot", "S000USDT"), kRange), "");
}

TEST(Conflicts, ACandleThatTheExchangeRevisesIsKeptBothWays) {
  ShapedTruth truth(1);
  SimWorld world(truth);
  const Series series = world.series("um", "S000USDT");
  const TimeRange june = {kWorldBegin - 10 * kDayMs, kWorldBegin - 9 * kDayMs};
  backfill::RunOptions options = world.options("um", {"S000USDT"}, june);
  // The last two hours are a hole in the file, so that REST is asked for their neighbourhood later.
  const TimeRange hole = {june.to - 2 * kHourMs, june.to - 2 * kHourMs + 10 * kMinuteMs};
  truth.add_hole("S000USDT", hole);
  options.source = plan::SourceChoice::kArchive;
  ASSERT_EQ(backfill::exit_code(world.run(options), false), Exit::kComplete);

  // What comes by REST now differs: its row behind the hole is the better one.
  truth.clear_holes();
  truth.revise({hole.to, hole.to + kMinuteMs});
  truth.add_hole("S000USDT", {hole.from, hole.to});
  options.source = plan::SourceChoice::kAuto;
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(report.series.at(0).conflicts, 1);
  const std::vector<store::Conflict> conflicts = world.conflicts(series);
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts[0].open_time, hole.to);
  EXPECT_EQ(conflicts[0].winner.channel, store::Channel::kRest);
  EXPECT_EQ(world.difference(series, june), "");
}

}  // namespace
}  // namespace bf::test
