// tests/backfill/archive_run_test.cpp
//
// Goal: the archive serves what it has, nothing of a wrong file is stored, and REST fills the rest.
// Method: runs over a month and some days of files, some of which are missing, cut or wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/backfill/shaped_truth.h"
#include "tests/backfill/sim_world.h"

namespace bf::test {
namespace {

using backfill::Exit;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const TimeMs kMay = from_civil({.year = 2024, .month = 5});
const TimeMs kJune = from_civil({.year = 2024, .month = 6});
/// All of May (a month's file) and six days of June (a file each).
const TimeRange kRange = {kMay, kJune + 6 * kDayMs};

std::string day_path(const std::string& market, int day) {
  const std::string folder = market == "um" ? "futures/um" : "spot";
  return "/data/" + folder + "/daily/klines/S000USDT/1m/S000USDT-1m-2024-06-0" +
         std::to_string(day) + ".zip";
}

std::int64_t rows_of(const backfill::SeriesReport& report, const std::string& source) {
  for (const backfill::SourceRows& rows : report.rows_by_source) {
    if (rows.source == source) return rows.rows;
  }
  return 0;
}

backfill::RunReport run(SimWorld& world, const std::string& market, plan::SourceChoice source,
                        TimeRange range = kRange) {
  backfill::RunOptions options = world.options(market, {"S000USDT"}, range);
  options.source = source;
  return world.run(options);
}

TEST(ArchiveRun, MonthsAndDaysEqualTheTruthWithoutACandleRequest) {
  const ShapedTruth truth(1);
  for (const std::string market : {"um", "spot"}) {
    SimWorld world(truth);
    const backfill::RunReport report = run(world, market, plan::SourceChoice::kArchive);
    EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
    const backfill::SeriesReport& series = report.series.at(0);
    EXPECT_EQ(world.difference(series.series, kRange), "") << market;
    EXPECT_EQ(rows_of(series, "binance archive-monthly"), 31 * 1'440);
    EXPECT_EQ(rows_of(series, "binance archive-daily"), 6 * 1'440);
    EXPECT_LE(world.requests(sim::Endpoint::kKlines), 1U) << "when the symbol was listed";
    EXPECT_EQ(world.ledger().counters().archive_files, 7U);
  }
}

TEST(ArchiveRun, GoesOnWithoutTheInstrumentListWhereRestIsBlocked) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  world.set_faults("exchangeInfo status=451\ntime status=451");
  const backfill::RunReport report = run(world, "um", plan::SourceChoice::kArchive);
  ASSERT_EQ(report.series.size(), 1U) << failures_of(report);
  EXPECT_EQ(world.difference(report.series.at(0).series, kRange), "");
  EXPECT_EQ(world.requests(sim::Endpoint::kKlines), 0U);
}

TEST(ArchiveRun, AutoTakesWhatTheArchiveHasAndRestForTheNewest) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  const TimeRange range = {kJune + 20 * kDayMs, kWorldBegin - kHourMs};
  const backfill::RunReport report = run(world, "um", plan::SourceChoice::kAuto, range);
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  const backfill::SeriesReport& series = report.series.at(0);
  EXPECT_EQ(world.difference(series.series, range), "");
  EXPECT_GT(rows_of(series, "binance archive-daily"), 8 * 1'440);
  EXPECT_GT(rows_of(series, "binance rest"), 20 * 60);
}

TEST(ArchiveRun, ADayThatTheArchiveDoesNotHaveComesByRest) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  world.set_faults("checksum symbol=" + day_path("um", 3) + ".CHECKSUM not_found");
  const backfill::RunReport report = run(world, "um", plan::SourceChoice::kAuto);
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(world.difference(report.series.at(0).series, kRange), "");
  EXPECT_EQ(rows_of(report.series.at(0), "binance rest"), 1'440);
  EXPECT_EQ(failures_of(report), "");
}

TEST(ArchiveRun, IsLeftAloneForAsLongAsItSays) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  world.set_faults("archive nth=2 status=503 retry_after=60");
  const backfill::RunReport report = run(world, "um", plan::SourceChoice::kArchive);
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  TimeMs told = 0;
  for (const sim::LedgerEntry& entry : world.ledger().entries()) {
    if (entry.faults == "status") told = entry.at;
    const bool under_way = entry.at <= told + kSecondMs;
    EXPECT_TRUE(told == 0 || under_way || entry.at >= told + kMinuteMs) << sim::ledger_line(entry);
  }
  EXPECT_NE(told, 0);
}

TEST(ArchiveRun, WithTheArchiveAloneSuchADayStaysMissing) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  world.set_faults("checksum symbol=" + day_path("um", 3) + ".CHECKSUM not_found");
  const backfill::RunReport report = run(world, "um", plan::SourceChoice::kArchive);
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kMissing) << failures_of(report);
  EXPECT_EQ(report.series.at(0).slots.missing, 1'440);
  EXPECT_THAT(failures_of(report), HasSubstr("2024-06-03"));
  world.set_faults("");
  const backfill::RunReport again = run(world, "um", plan::SourceChoice::kArchive);
  EXPECT_EQ(backfill::exit_code(again, true), Exit::kComplete) << failures_of(again);
  EXPECT_EQ(world.difference(again.series.at(0).series, kRange), "");
}

TEST(ArchiveRun, NothingIsStoredOfAFileWhoseHashDoesNotMatch) {
  for (const std::string fault :
       {"checksum symbol=PATH.CHECKSUM checksum", "archive symbol=PATH truncate_zip=1000"}) {
    const ShapedTruth truth(1);
    for (const plan::SourceChoice source :
         {plan::SourceChoice::kAuto, plan::SourceChoice::kArchive}) {
      SimWorld world(truth);
      std::string line = fault;
      line.replace(line.find("PATH"), 4, day_path("um", 4));
      world.set_faults(line);
      const backfill::RunReport report = run(world, "um", source);
      EXPECT_EQ(backfill::exit_code(report, false), Exit::kQuality);
      EXPECT_THAT(failures_of(report), HasSubstr("SHA-256"));
      const bool rest_follows = source == plan::SourceChoice::kAuto;
      EXPECT_EQ(report.series.at(0).slots.missing, rest_follows ? 0 : 1'440) << fault;
      EXPECT_EQ(rows_of(report.series.at(0), "binance rest"), rest_follows ? 1'440 : 0);
      const TimeRange before = {kRange.from, kJune + 3 * kDayMs};
      EXPECT_EQ(world.difference(report.series.at(0).series, before), "");
    }
  }
}

TEST(ArchiveRun, WhatAFileLacksIsAskedOfRest) {
  ShapedTruth truth(1);
  SimWorld world(truth);
  const TimeRange lost = {kJune + kDayMs + kHourMs, kJune + kDayMs + 3 * kHourMs};
  truth.add_hole("S000USDT", lost);
  const backfill::RunReport files = run(world, "um", plan::SourceChoice::kArchive);
  EXPECT_EQ(files.series.at(0).slots.absent_provisional, 120) << "a file alone confirms nothing";
  EXPECT_EQ(files.series.at(0).slots.absent_confirmed, 0);

  truth.clear_holes();
  const std::uint64_t zips = world.ledger().counters().archive_files;
  const backfill::RunReport both = run(world, "um", plan::SourceChoice::kAuto);
  EXPECT_EQ(backfill::exit_code(both, true), Exit::kComplete) << failures_of(both);
  EXPECT_EQ(rows_of(both.series.at(0), "binance rest"), 120);
  EXPECT_EQ(world.difference(both.series.at(0).series, kRange), "");
  EXPECT_EQ(world.ledger().counters().archive_files, zips) << "no file is fetched again";
}

TEST(ArchiveRun, WhatNeitherFileNorRestHasIsConfirmedAbsent) {
  ShapedTruth truth(1);
  truth.add_hole("S000USDT", {kJune + kDayMs + kHourMs, kJune + kDayMs + 3 * kHourMs});
  SimWorld world(truth);
  const backfill::RunReport report = run(world, "um", plan::SourceChoice::kAuto);
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(report.series.at(0).slots.absent_confirmed, 120);
}

TEST(ArchiveRun, GoesOnWhereRestIsRefused) {
  const ShapedTruth truth(1);
  for (const std::string fault :
       {"klines status=451", "klines status=403", "klines status=418 retry_after=600"}) {
    SimWorld world(truth);
    world.set_faults(fault);
    const TimeRange range = {kRange.from, kWorldBegin - kHourMs};
    const backfill::RunReport report = run(world, "um", plan::SourceChoice::kAuto, range);
    EXPECT_EQ(backfill::exit_code(report, false), Exit::kTemporary) << failures_of(report);
    const TimeRange published = {kRange.from, kJune + 29 * kDayMs};
    EXPECT_EQ(world.difference(report.series.at(0).series, published), "") << fault;
    EXPECT_GT(report.series.at(0).slots.missing, 0);
  }
}

TEST(ArchiveRun, ProvenanceNamesFileHashAndSource) {
  const ShapedTruth truth(1);
  SimWorld world(truth);
  const backfill::RunReport report = run(world, "um", plan::SourceChoice::kArchive);
  ASSERT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  const std::vector<store::Answer> answers = world.provenance(report.series.at(0).series, kRange);
  ASSERT_FALSE(answers.empty());
  for (const store::Answer& answer : answers) {
    EXPECT_NE(answer.archive_hash, store::Sha256{});
    EXPECT_NE(answer.channel, store::Channel::kRest);
  }
}

}  // namespace
}  // namespace bf::test
