// tests/backfill/archive_list_test.cpp
//
// Goal: symbols that the archive alone still knows are found, kept, and fetched for as long as they
// lived. Method: refreshes and runs on the virtual clock, where the exchange's own list is kept away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/backfill/shaped_truth.h"
#include "tests/backfill/sim_world.h"

namespace bf::test {
namespace {

using backfill::Exit;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// The delisted symbol's life: from the middle of a month to the middle of another.
constexpr TimeRange kLife = {kWorldBegin - 80 * kDayMs, kWorldBegin - 20 * kDayMs};

store::InstrumentLedger ledger_of(SimWorld& world) {
  auto ledger = store::InstrumentLedger::open(world.files());
  EXPECT_TRUE(ledger) << ledger.error().message();
  return *std::move(ledger);
}

backfill::RunOptions archive_run(SimWorld& world, TimeRange range) {
  backfill::RunOptions options = world.options("um", {}, range);
  options.source = plan::SourceChoice::kArchive;
  return options;
}

TEST(ArchiveList, NamesSymbolsThatTheExchangesListDoesNotHave) {
  const ShapedTruth truth(3);
  SimWorld world(truth);
  world.set_faults("exchangeInfo status=451");
  const backfill::RunReport report =
      world.run(archive_run(world, {kWorldBegin - 10 * kDayMs, kWorldBegin - 5 * kDayMs}));
  ASSERT_THAT(report.series, SizeIs(3)) << failures_of(report);
  const store::InstrumentLedger ledger = ledger_of(world);
  EXPECT_THAT(ledger.all("binance", "um"), SizeIs(3));
  EXPECT_TRUE(ledger.refreshed_at("binance", "um", store::ListOf::kArchive));
  EXPECT_FALSE(ledger.refreshed_at("binance", "um"));
  for (const store::InstrumentFacts& facts : ledger.all("binance", "um")) {
    EXPECT_EQ(facts.status, "") << "the archive knows no more than the name";
    EXPECT_FALSE(facts.delisted) << "without the exchange's list nobody knows";
  }
}

TEST(ArchiveList, IsNotAskedForAgainWhileItIsFreshNorByOtherRuns) {
  const ShapedTruth truth(2);
  SimWorld world(truth);
  const TimeRange range = {kWorldBegin - 10 * kDayMs, kWorldBegin - 5 * kDayMs};
  backfill::RunOptions rest = world.options("um", {}, range);
  ASSERT_EQ(backfill::exit_code(world.run(rest), true), Exit::kComplete);
  EXPECT_EQ(world.requests(sim::Endpoint::kListing), 0U);
  const backfill::RunOptions options = archive_run(world, range);
  EXPECT_EQ(backfill::exit_code(world.run(options), true), Exit::kComplete);
  EXPECT_EQ(world.requests(sim::Endpoint::kListing), 1U);
  EXPECT_EQ(backfill::exit_code(world.run(options), true), Exit::kComplete);
  EXPECT_EQ(world.requests(sim::Endpoint::kListing), 1U);
}

TEST(ArchiveList, ADelistedSymbolIsWantedForAsLongAsItsFilesReach) {
  ShapedTruth truth(2);
  truth.set_life("S001USDT", kLife);
  SimWorld world(truth);
  {
    // As an exchange that has forgotten S001USDT: its list was had, and does not have it.
    async::VirtualLoop& loop = world.loop();
    store::StoreOptions store_options;
    store_options.mode = store::StoreOptions::Mode::kWrite;
    ASSERT_TRUE(store::Store::open(world.files(), loop.clock(), store_options));
    store::InstrumentLedger ledger = ledger_of(world);
    store::InstrumentFacts listed;
    listed.instrument = {"binance", "um", "S000USDT"};
    listed.status = "TRADING";
    listed.listed = kWorldBegin - 700 * kDayMs;
    ASSERT_TRUE(ledger.record_list(world.now(), "binance", "um", std::span(&listed, 1)));
  }
  const TimeRange range = {kWorldBegin - 100 * kDayMs, kWorldBegin - 3 * kDayMs};
  const backfill::RunReport report = world.run(archive_run(world, range));
  ASSERT_THAT(report.series, SizeIs(2)) << failures_of(report);
  const backfill::SeriesReport& series = report_of(report, world.series("um", "S001USDT"));
  EXPECT_THAT(series.failures, IsEmpty()) << failures_of(report);
  EXPECT_LE(series.wanted.from, kLife.from);
  EXPECT_GE(series.wanted.to, kLife.to);
  EXPECT_LT(series.wanted.to, kLife.to + 20 * kDayMs);
  EXPECT_EQ(series.slots.missing, 0);
  EXPECT_EQ(world.difference(series.series, range), "");
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kComplete) << failures_of(report);
  const auto facts = ledger_of(world).find(series.series.instrument);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->delisted, series.wanted.to);
}

TEST(ArchiveList, OneThatIsNotToBeHadIsAWarningBesideTheExchangesList) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  world.set_faults("listing status=403");
  const backfill::RunReport report =
      world.run(archive_run(world, {kWorldBegin - 10 * kDayMs, kWorldBegin - 5 * kDayMs}));
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(world.observer().count(backfill::Event::Type::kWarning), 1U);
}

}  // namespace
}  // namespace bf::test
