// tests/backfill/run_test.cpp
//
// Goal: after a run the store holds exactly what the exchange has of the wanted range, the report says
// so, and what is held is not asked for again. Method: whole runs on the virtual clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "engine/async/task_group.h"
#include "tests/backfill/shaped_truth.h"
#include "tests/backfill/sim_world.h"

namespace bf::test {
namespace {

using backfill::Exit;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr TimeMs kYear = kWorldBegin - 181 * kDayMs;  // 2024-01-02

TimeRange days_ago(std::int64_t from, std::int64_t to) {
  return {kWorldBegin - from * kDayMs, kWorldBegin - to * kDayMs};
}

TEST(Run, StoresExactlyWhatTheExchangeHas) {
  const ShapedTruth truth(3);
  for (const std::string market : {"um", "spot"}) {
    SimWorld world(truth);
    const TimeRange range = days_ago(5, 2);
    const backfill::RunReport report = world.run(world.options(market, {}, range));
    EXPECT_EQ(backfill::exit_code(report, /*strict=*/true), Exit::kComplete) << failures_of(report);
    ASSERT_THAT(report.series, SizeIs(3));
    for (const backfill::SeriesReport& series : report.series) {
      EXPECT_EQ(series.slots.held, 3 * 1'440) << series.series.name();
      EXPECT_EQ(series.rows_stored, 3 * 1'440);
      EXPECT_EQ(series.wanted, range);
      EXPECT_EQ(world.difference(series.series, range), "") << series.series.name();
      EXPECT_TRUE(world.verify(series.series));
    }
    EXPECT_EQ(report.candles_stored, 3 * 3 * 1'440);
    EXPECT_EQ(world.ledger().counters().limited, 0U);
    EXPECT_EQ(world.ledger().counters().rows_again, 0U);
  }
}

TEST(Run, ASecondRunSendsNothingAtAll) {
  const ShapedTruth truth(3);
  SimWorld world(truth);
  const backfill::RunOptions options = world.options("um", {}, days_ago(4, 1));
  const backfill::RunReport first = world.run(options);
  ASSERT_EQ(backfill::exit_code(first, true), Exit::kComplete) << failures_of(first);
  const std::uint64_t before = world.ledger().counters().requests;
  const backfill::RunReport second = world.run(options);
  EXPECT_EQ(backfill::exit_code(second, true), Exit::kComplete);
  EXPECT_EQ(world.ledger().counters().requests, before);
  EXPECT_EQ(second.candles_stored, 0);
  EXPECT_EQ(second.series.at(0).slots.held, 3 * 1'440);
}

TEST(Run, WithOldInstrumentListASecondRunAsksForNoCandle) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  const backfill::RunOptions options = world.options("um", {"S000USDT"}, days_ago(4, 1));
  ASSERT_EQ(backfill::exit_code(world.run(options), true), Exit::kComplete);
  world.sleep(3 * kHourMs);
  const std::size_t before = world.requests(sim::Endpoint::kKlines);
  ASSERT_EQ(backfill::exit_code(world.run(options), true), Exit::kComplete);
  EXPECT_EQ(world.requests(sim::Endpoint::kKlines), before);
}

TEST(Run, OlderNewerAndOverlappingRangesInAnyOrderGiveTheSameStore) {
  const ShapedTruth truth(1);
  const std::vector<TimeRange> parts = {days_ago(4, 3), days_ago(8, 6), days_ago(7, 2),
                                        days_ago(9, 1)};
  SimWorld world(truth);
  for (const TimeRange& part : parts) {
    const backfill::RunReport report = world.run(world.options("um", {"S000USDT"}, part));
    ASSERT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  }
  EXPECT_EQ(world.difference(world.series("um", "S000USDT"), days_ago(9, 1)), "");
  EXPECT_EQ(world.ledger().counters().rows_again, 0U);
}

TEST(Run, RangesAreHalfOpen) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  const TimeRange range = {kYear + 10 * kMinuteMs, kYear + 20 * kMinuteMs};
  const backfill::RunReport report = world.run(world.options("um", {"S000USDT"}, range));
  ASSERT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  const CandleBatch rows = world.stored_rows(world.series("um", "S000USDT"), {kYear, kWorldBegin});
  ASSERT_EQ(rows.row_count(), 10U);
  EXPECT_EQ(rows.open_time().front(), range.from);
  EXPECT_EQ(rows.open_time().back(), range.to - kMinuteMs);
}

TEST(Run, UpToNowStopsAtTheLastClosedCandle) {
  const ShapedTruth truth(1);
  WorldOptions world_options;
  world_options.start = kWorldBegin + 30 * kSecondMs;
  world_options.exchange.clock_offset_ms = 90 * kSecondMs;  // the exchange's clock decides
  SimWorld world(truth, world_options);
  backfill::RunOptions options = world.options("um", {"S000USDT"}, {});
  options.from = {backfill::TimeSpec::From::kNow, -kHourMs};
  options.to = {backfill::TimeSpec::From::kNow, 0};
  const backfill::RunReport report = world.run(options);
  ASSERT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  // 00:02:00 and some milliseconds there: the candle of 00:01 has closed, its grace has not passed.
  const TimeMs end = kWorldBegin + kMinuteMs;
  EXPECT_EQ(report.series.at(0).wanted, (TimeRange{end - kHourMs, end}));
  const Series series = world.series("um", "S000USDT");
  EXPECT_EQ(world.difference(series, {end - kHourMs, end}), "");
  EXPECT_EQ(world.stored_rows(series, {end, kTimeMax}).row_count(), 0U);
}

TEST(Run, ARangeInTheFutureWantsNothing) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  const TimeRange range = {kWorldBegin + kDayMs, kWorldBegin + 2 * kDayMs};
  const backfill::RunReport report = world.run(world.options("um", {"S000USDT"}, range));
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  EXPECT_TRUE(report.series.at(0).wanted.empty());
  EXPECT_EQ(report.series.at(0).not_listed, 0);
  EXPECT_EQ(world.requests(sim::Endpoint::kKlines), 0U);
}

TEST(Run, NothingIsWantedOutsideTheInstrumentsLife) {
  ShapedTruth truth(1);
  const TimeRange life = days_ago(6, 3);
  truth.set_life("S000USDT", life);
  SimWorld world(truth);
  const backfill::RunReport report = world.run(world.options("um", {"S000USDT"}, days_ago(10, 1)));
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  const backfill::SeriesReport& series = report.series.at(0);
  EXPECT_EQ(series.wanted, life);
  EXPECT_EQ(series.not_listed, 6 * 1'440);
  EXPECT_EQ(series.slots.held, 3 * 1'440);
  EXPECT_EQ(world.difference(series.series, days_ago(10, 1)), "");
}

TEST(Run, FromListingBeginsWithTheFirstCandle) {
  for (const std::string market : {"um", "spot"}) {
    ShapedTruth truth(1);
    truth.set_life("S000USDT", {kWorldBegin - 3 * kDayMs, kTimeMax});
    // The list names the day; trading begins later in it.
    truth.add_hole("S000USDT", {kWorldBegin - 4 * kDayMs, kWorldBegin - 3 * kDayMs + 7 * kHourMs});
    SimWorld world(truth);
    backfill::RunOptions options = world.options(market, {"S000USDT"}, {0, kWorldBegin - kDayMs});
    options.from = {backfill::TimeSpec::From::kListing, 0};
    const backfill::RunReport report = world.run(options);
    EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
    const backfill::SeriesReport& series = report.series.at(0);
    EXPECT_EQ(series.wanted.from, kWorldBegin - 3 * kDayMs + 7 * kHourMs) << market;
    EXPECT_EQ(series.slots.held, 41 * 60) << market;
    EXPECT_EQ(world.difference(series.series, days_ago(5, 1)), "");

    const std::size_t before = world.requests(sim::Endpoint::kKlines);
    EXPECT_EQ(backfill::exit_code(world.run(options), true), Exit::kComplete);
    EXPECT_EQ(world.requests(sim::Endpoint::kKlines), before) << market;
  }
}

TEST(Run, TwoMarketsAtOnceShareNothingButTheStore) {
  const ShapedTruth truth(2);
  SimWorld world(truth);
  const TimeRange range = days_ago(3, 1);
  backfill::RunOptions options = world.options("um", {}, range);
  options.selections.push_back(world.options("spot", {}, range).selections.front());
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  ASSERT_THAT(report.series, SizeIs(4));
  for (const backfill::SeriesReport& series : report.series) {
    EXPECT_EQ(world.difference(series.series, range), "") << series.series.name();
  }
}

TEST(Run, AMarketThatIsSelectedTwiceIsRefusedOnce) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  backfill::RunOptions options = world.options("um", {"S000USDT"}, days_ago(2, 1));
  options.selections.push_back(options.selections.front());
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kUsage);
  EXPECT_EQ(world.difference(world.series("um", "S000USDT"), days_ago(2, 1)), "");
}

TEST(Run, AnUnknownSymbolFailsAlone) {
  const ShapedTruth truth(2);
  SimWorld world(truth);
  const TimeRange range = days_ago(2, 1);
  const backfill::RunReport report =
      world.run(world.options("um", {"S000USDT", "NOSUCHUSDT", "S001USDT"}, range));
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kUsage);
  EXPECT_THAT(failures_of(report), HasSubstr("NOSUCHUSDT"));
  for (const std::string symbol : {"S000USDT", "S001USDT"}) {
    EXPECT_EQ(world.difference(world.series("um", symbol), range), "") << symbol;
  }
}

TEST(Run, ExcludedSymbolsAreLeftOut) {
  const ShapedTruth truth(3);
  SimWorld world(truth);
  backfill::RunOptions options = world.options("um", {}, days_ago(2, 1));
  options.selections[0].exclude = {"S001USDT"};
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete);
  ASSERT_THAT(report.series, SizeIs(2));
  EXPECT_EQ(world.stored_rows(world.series("um", "S001USDT"), days_ago(2, 1)).row_count(), 0U);
}

TEST(Run, OtherIntervalsEqualTheTruthToo) {
  const ShapedTruth truth(1);
  for (const Interval interval :
       {Interval::k5m, Interval::k1h, Interval::k1d, Interval::k1w, Interval::k1mo}) {
    SimWorld world(truth);
    backfill::RunOptions options = world.options("um", {"S000USDT"}, days_ago(150, 0));
    options.interval = interval;
    const backfill::RunReport report = world.run(options);
    EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
    const Series series = world.series("um", "S000USDT", interval);
    EXPECT_EQ(world.difference(series, report.series.at(0).wanted), "") << series.name();
    EXPECT_EQ(report.series.at(0).slots.missing, 0) << series.name();
  }
}

TEST(Plan, AsksForNoCandleAndSaysWhatARunWould) {
  const ShapedTruth truth(2);
  SimWorld world(truth);
  const backfill::RunOptions options = world.options("um", {}, days_ago(31, 1));
  const backfill::RunReport plan = world.plan(options);
  EXPECT_EQ(world.requests(sim::Endpoint::kKlines), 0U);
  EXPECT_EQ(backfill::exit_code(plan, false), Exit::kMissing) << "there is work";
  ASSERT_THAT(plan.planned, SizeIs(1));
  const backfill::RunReport report = world.run(options);
  ASSERT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(static_cast<std::size_t>(plan.planned[0].requests),
            world.requests(sim::Endpoint::kKlines));
  EXPECT_EQ(plan.planned[0].candles, report.candles_stored);
  EXPECT_EQ(backfill::exit_code(world.plan(options), false), Exit::kComplete);
}

TEST(Run, KeepsTheWeightLimitAndUsesAllOfIt) {
  const ShapedTruth truth(40);
  WorldOptions world_options;
  world_options.exchange.keep_ledger = false;
  SimWorld world(truth, world_options);
  const backfill::RunReport report = world.run(world.options("um", {}, days_ago(31, 1)));
  ASSERT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(report.candles_stored, 40 * 30 * 1'440);
  const sim::LedgerCounters& counters = world.ledger().counters();
  EXPECT_EQ(counters.limited, 0U);
  EXPECT_EQ(counters.out_of_turn, 0U);
  ASSERT_THAT(report.planned, SizeIs(1));
  // A page of 499 rows costs 2: the most rows per weight.
  EXPECT_LE(counters.weight, report.planned[0].weight + 10);
  EXPECT_LT(report.planned[0].weight, report.candles_stored * 2 / 499 + 40 * 10);
  EXPECT_LT(report.wall_seconds, static_cast<double>(report.planned[0].seconds) * 1.05 + 2);
}

/// A disk that takes `took_ns` for whatever it is asked.
class SlowWorker final : public async::Worker {
 public:
  SlowWorker(async::Loop& loop, std::int64_t took_ns)
      : loop_(loop), took_ns_(took_ns), group_(loop, async::CancelToken()) {}
  std::int64_t at_once_max = 0;

 protected:
  bool submit(const std::function<void()>& job, std::coroutine_handle<> waiting,
              std::exception_ptr& /*failed*/) override {
    group_.spawn(run_later(loop_, took_ns_, job, waiting));
    at_once_max = std::max(at_once_max, group_.running());
    return true;
  }

 private:
  static async::Task<Result<void>> run_later(async::Loop& loop, std::int64_t took_ns,
                                             const std::function<void()>& job,
                                             std::coroutine_handle<> waiting) {
    const async::Wake wake = co_await loop.sleep(took_ns, async::CancelToken());
    EXPECT_EQ(wake, async::Wake::kTimeout);
    job();
    loop.post(waiting);
    co_return Result<void>();
  }
  async::Loop& loop_;
  std::int64_t took_ns_;
  async::TaskGroup group_;
};

TEST(Run, PagesThatWaitForTheDiskAreBounded) {
  const ShapedTruth truth(12);
  SimWorld world(truth);
  SlowWorker store_worker(world.loop(), 2'000'000'000);
  SlowWorker series_workers(world.loop(), 2'000'000'000);
  world.set_workers(&store_worker, &series_workers);
  std::int64_t waiting_max = 0;
  world.observer().progressed = [&](const backfill::Progress& progress) {
    const auto served = static_cast<std::int64_t>(world.ledger().counters().rows);
    waiting_max = std::max(waiting_max, served - progress.candles_stored);
  };
  const backfill::RunReport report = world.run(world.options("um", {}, days_ago(31, 1)));
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(report.candles_stored, 12 * 30 * 1'440);
  // In flight, in the channel, gathering for a commit, and in one.
  EXPECT_LT(waiting_max, 2 * (64 + 128) * 499 + 12 * 8'192);
  EXPECT_GT(waiting_max, 0);
  EXPECT_GT(series_workers.at_once_max, 1) << "several series are committed at once";
}

TEST(Run, APageThatComesDuringACommitIsDurableSoonAfterIt) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  async::InlineWorker store_worker;
  SlowWorker series_workers(world.loop(), 200'000'000);
  world.set_workers(&store_worker, &series_workers);
  // Two percent of the limit: a burst of pages, more than one commit takes, then nothing for most of a minute.
  backfill::RunOptions options = world.options("um", {}, days_ago(31, 1));
  options.max_weight_percent = 2;
  options.concurrency = 4;
  std::int64_t served_last = -1;
  std::int64_t served_since_ns = 0;
  std::int64_t quiet = 0;       // times that it was looked at two seconds after the last answer
  std::int64_t behind_max = 0;  // rows served and not durable then
  std::int64_t behind = 0;
  world.observer().progressed = [&](const backfill::Progress& progress) {
    const auto served = static_cast<std::int64_t>(world.ledger().counters().rows);
    behind = served - progress.candles_stored;
    if (served != std::exchange(served_last, served)) served_since_ns = world.now_ns();
    if (world.now_ns() - served_since_ns < 2'000'000'000) return;
    ++quiet;
    behind_max = std::max(behind_max, behind);
  };
  const backfill::RunReport report = world.run(options);
  ASSERT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  EXPECT_GT(report.wall_seconds, 60);
  EXPECT_GT(quiet, 60);
  // At the end all is durable: what is left of the difference was asked for to be looked at alone.
  EXPECT_LE(behind_max, behind);
}

}  // namespace
}  // namespace bf::test
