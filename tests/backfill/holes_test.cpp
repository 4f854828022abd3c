// tests/backfill/holes_test.cpp
//
// Goal: a slot without a candle is called absent for as much as the evidence says, and no more. Method:
// exchanges with holes in all places relative to the pages, and answers that lie about them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/backfill/shaped_truth.h"
#include "tests/backfill/sim_world.h"

namespace bf::test {
namespace {

using backfill::Exit;

constexpr TimeRange kRange = {kWorldBegin - 6 * kDayMs, kWorldBegin - 2 * kDayMs};
/// Of the pages that a run without holes asks for.
constexpr std::int64_t kPageRows = 499;

constexpr TimeMs slot(std::int64_t index) { return kRange.from + index * kMinuteMs; }

struct Hole {
  std::string what;
  std::int64_t from = 0;  ///< slots of kRange
  std::int64_t to = 0;
};
class SpannedHole : public ::testing::TestWithParam<Hole> {};

TEST_P(SpannedHole, IsConfirmedByOneRun) {
  const auto& [what, from, to] = GetParam();
  ShapedTruth truth(1);
  truth.add_hole("S000USDT", {slot(from), slot(to)});
  SimWorld world(truth);
  const backfill::RunOptions options = world.options("um", {"S000USDT"}, kRange);
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, /*strict=*/true), Exit::kComplete) << failures_of(report);
  const store::SlotCounts& slots = report.series.at(0).slots;
  EXPECT_EQ(slots.absent_confirmed, to - from);
  EXPECT_EQ(slots.absent_provisional, 0);
  EXPECT_EQ(slots.missing, 0);
  EXPECT_EQ(world.difference(report.series.at(0).series, kRange), "");

  const std::uint64_t before = world.ledger().counters().requests;
  EXPECT_EQ(backfill::exit_code(world.run(options), true), Exit::kComplete);
  EXPECT_EQ(world.ledger().counters().requests, before) << "nothing is left to ask";
}

INSTANTIATE_TEST_SUITE_P(Places, SpannedHole,
                         ::testing::Values(Hole{"InAPage", 100, 190}, Hole{"OneSlot", 7, 8},
                                           Hole{"BeginsWithAPage", kPageRows, kPageRows + 30},
                                           Hole{"EndsWithAPage", kPageRows - 30, kPageRows},
                                           Hole{"AcrossTwoPages", kPageRows - 10, kPageRows + 10},
                                           Hole{"AWholePage", kPageRows, 2 * kPageRows},
                                           Hole{"ManyPages", 700, 700 + 5 * kPageRows},
                                           Hole{"UpToTheEnd", 4 * 1'440 - 100, 4 * 1'440}),
                         [](const auto& test) { return test.param.what; });

TEST(Holes, ALongOneIsSkippedInsteadOfAskedForPageByPage) {
  ShapedTruth truth(1);
  const TimeRange range = {kWorldBegin - 120 * kDayMs, kWorldBegin - kDayMs};
  truth.add_hole("S000USDT", {range.from + kDayMs, range.to - kDayMs});
  SimWorld world(truth);
  backfill::RunOptions options = world.options("um", {"S000USDT"}, range);
  options.concurrency = 4;
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(report.series.at(0).slots.absent_confirmed, 117 * 1'440);
  EXPECT_LT(world.requests(sim::Endpoint::kKlines), 25U);
}

TEST(Holes, NothingIsAskedPageByPageBehindTheLastCandleOfASymbol) {
  // As on spot, where the list does not say when a symbol was delisted.
  ShapedTruth truth(1);
  const TimeRange range = {kWorldBegin - 120 * kDayMs, kWorldBegin - kDayMs};
  truth.add_hole("S000USDT", {range.from + kDayMs, kTimeMax});
  SimWorld world(truth);
  backfill::RunOptions options = world.options("spot", {"S000USDT"}, range);
  options.concurrency = 4;
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(report.series.at(0).slots.absent_provisional, 118 * 1'440);
  EXPECT_LT(world.requests(sim::Endpoint::kKlines), 20U);
}

TEST(Holes, OneThatNothingComesBehindIsProvisionalUntilItWasSeenADayApart) {
  ShapedTruth truth(1);
  truth.add_hole("S000USDT", {slot(4 * 1'440 - 60), kTimeMax});
  SimWorld world(truth);
  const backfill::RunOptions options = world.options("um", {"S000USDT"}, kRange);
  const backfill::RunReport first = world.run(options);
  EXPECT_EQ(backfill::exit_code(first, /*strict=*/false), Exit::kComplete) << failures_of(first);
  EXPECT_EQ(backfill::exit_code(first, /*strict=*/true), Exit::kMissing);
  const store::SlotCounts& slots = first.series.at(0).slots;
  EXPECT_EQ(slots.absent_provisional, 60);
  EXPECT_EQ(slots.absent_confirmed, 0);
  EXPECT_GE(slots.next_due, kWorldBegin + kHourMs);
  EXPECT_LE(slots.next_due, kWorldBegin + kHourMs + kMinuteMs);

  std::size_t before = world.requests(sim::Endpoint::kKlines);
  world.sleep(30 * kMinuteMs);
  world.run(options);
  EXPECT_EQ(world.requests(sim::Endpoint::kKlines), before) << "not due yet";

  world.sleep(kHourMs);
  EXPECT_EQ(world.run(options).series.at(0).slots.absent_provisional, 60);
  EXPECT_GT(world.requests(sim::Endpoint::kKlines), before);

  world.sleep(23 * kHourMs);
  const backfill::RunReport last = world.run(options);
  EXPECT_EQ(backfill::exit_code(last, /*strict=*/true), Exit::kComplete);
  EXPECT_EQ(last.series.at(0).slots.absent_confirmed, 60);
}

TEST(Holes, AFreshOneIsProvisionalAlthoughItIsSpanned) {
  ShapedTruth truth(1);
  const TimeRange range = {kWorldBegin - kDayMs, kWorldBegin - kHourMs};
  truth.add_hole("S000USDT", {range.to - 3 * kHourMs, range.to - 2 * kHourMs});
  SimWorld world(truth);
  const backfill::RunOptions options = world.options("um", {"S000USDT"}, range);
  const backfill::RunReport first = world.run(options);
  EXPECT_EQ(first.series.at(0).slots.absent_provisional, 60);
  EXPECT_EQ(first.series.at(0).slots.absent_confirmed, 0);
  world.sleep(25 * kHourMs);
  const backfill::RunReport second = world.run(options);
  EXPECT_EQ(second.series.at(0).slots.absent_confirmed, 60) << failures_of(second);
}

TEST(Holes, AnEmptyAnswerToAPageIsNotBelievedWhereCandlesFollow) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  world.set_faults("klines empty times=2");
  const backfill::RunReport report = world.run(world.options("um", {"S000USDT"}, kRange));
  EXPECT_EQ(backfill::exit_code(report, /*strict=*/true), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(report.series.at(0).slots.held, 4 * 1'440);
  EXPECT_EQ(world.difference(report.series.at(0).series, kRange), "");
}

TEST(Holes, AnExchangeThatAnswersWithNothingConfirmsNothing) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  world.set_faults("klines empty");
  const backfill::RunOptions options = world.options("um", {"S000USDT"}, kRange);
  const backfill::RunReport out = world.run(options);
  EXPECT_EQ(out.series.at(0).slots.absent_confirmed, 0);
  EXPECT_EQ(out.series.at(0).slots.absent_provisional, 4 * 1'440);
  EXPECT_EQ(backfill::exit_code(out, /*strict=*/true), Exit::kMissing);

  world.set_faults("");
  world.sleep(2 * kHourMs);
  const backfill::RunReport back = world.run(options);
  EXPECT_EQ(backfill::exit_code(back, /*strict=*/true), Exit::kComplete) << failures_of(back);
  EXPECT_EQ(world.difference(back.series.at(0).series, kRange), "");
}

}  // namespace
}  // namespace bf::test
