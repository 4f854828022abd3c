// tests/backfill/report_test.cpp
//
// Goal: the exit code says what the report says. Method: reports with one and with several findings.
#include "engine/backfill/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bf::backfill {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

SeriesReport series_with(const store::SlotCounts& slots) {
  SeriesReport series;
  series.series.instrument = {"binance", "um", "BTCUSDT"};
  series.slots = slots;
  return series;
}

RunReport with_failures(const std::vector<Code>& codes) {
  RunReport report;
  for (const Code code : codes) {
    add_failure(report.failures, Error(code, std::string(code_name(code))));
  }
  return report;
}

TEST(ExitCode, IsZeroWhenEverythingIsHeldOrAbsent) {
  RunReport report;
  store::SlotCounts slots;
  slots.held = 10;
  slots.absent_confirmed = 2;
  slots.absent_provisional = 1;
  report.series.push_back(series_with(slots));
  std::vector<std::pair<Exit, std::string>> reasons;
  EXPECT_EQ(exit_code(report, /*strict=*/false, &reasons), Exit::kComplete);
  EXPECT_THAT(reasons, SizeIs(0));
}

TEST(ExitCode, StrictCountsProvisionalAbsencesAsMissing) {
  RunReport report;
  store::SlotCounts slots;
  slots.absent_provisional = 1;
  report.series.push_back(series_with(slots));
  std::vector<std::pair<Exit, std::string>> reasons;
  EXPECT_EQ(exit_code(report, /*strict=*/true, &reasons), Exit::kMissing);
  ASSERT_THAT(reasons, SizeIs(1));
  EXPECT_THAT(reasons[0].second, HasSubstr("binance/um/BTCUSDT"));
}

TEST(ExitCode, IsThreeWhenASlotIsMissing) {
  RunReport report;
  store::SlotCounts slots;
  slots.missing = 1;
  report.series.push_back(series_with(slots));
  EXPECT_EQ(exit_code(report, /*strict=*/false), Exit::kMissing);
}

TEST(ExitCode, TheDocumentedOrderDecidesWhereSeveralHold) {
  // From the least to the most pressing: each report holds all that came before as well.
  const std::vector<std::pair<Code, Exit>> rising = {{Code::kDataQuality, Exit::kQuality},
                                                     {Code::kBanned, Exit::kTemporary},
                                                     {Code::kUnknownName, Exit::kUsage},
                                                     {Code::kNoSpace, Exit::kStorage},
                                                     {Code::kInternal, Exit::kInternal}};
  std::vector<Code> codes;
  for (const auto& [code, expected] : rising) {
    codes.push_back(code);
    RunReport report = with_failures(codes);
    store::SlotCounts slots;
    slots.missing = 1;
    report.series.push_back(series_with(slots));
    std::vector<std::pair<Exit, std::string>> reasons;
    EXPECT_EQ(exit_code(report, /*strict=*/false, &reasons), expected) << code_name(code);
    EXPECT_THAT(reasons, SizeIs(codes.size() + 1)) << "all of them are listed";
  }
}

TEST(ExitCode, ASignalRanksBehindStorageAndBeforeUsage) {
  RunReport report = with_failures({Code::kUnknownName, Code::kBanned});
  report.cancelled = true;
  report.signal = 2;
  EXPECT_EQ(exit_code(report, false), Exit::kInterrupted);
  report.signal = 15;
  EXPECT_EQ(exit_code(report, false), Exit::kTerminated);
  add_failure(report.failures, Error(Code::kNoSpace, "full"));
  EXPECT_EQ(exit_code(report, false), Exit::kStorage);
}

TEST(ExitCode, AFailureOfASeriesCountsAsOneOfTheRun) {
  RunReport report;
  SeriesReport series = series_with({});
  add_failure(series.failures, Error(Code::kSyncFailed, "fdatasync: Input/output error"));
  report.series.push_back(series);
  EXPECT_EQ(exit_code(report, false), Exit::kStorage);
}

TEST(ExitCode, APageThatWasRefusedShowsAsItsMissingSlotsAlone) {
  RunReport report;
  SeriesReport series = series_with({});
  series.slots.held = 499;
  add_failure(series.failures, Error(Code::kProtocol, "candle row 7: volume cannot be read"));
  add_failure(series.failures, Error(Code::kRejected, "HTTP 400"));
  report.series.push_back(series);
  EXPECT_EQ(exit_code(report, false), Exit::kComplete) << "another page gave the slots";
  report.series[0].slots.missing = 499;
  EXPECT_EQ(exit_code(report, false), Exit::kMissing);
}

TEST(ExitCode, ASeriesWhoseBeginningCouldNotBeReadIsMissing) {
  RunReport report;
  SeriesReport series;  // nothing is known to be wanted
  add_failure(series.failures, Error(Code::kProtocol, "candle row 1: open is there twice"));
  report.series.push_back(series);
  EXPECT_EQ(exit_code(report, false), Exit::kMissing);
  report.series[0].failures[0].code = Code::kNotFound;
  EXPECT_EQ(exit_code(report, false), Exit::kComplete) << "there is no candle yet";
}

TEST(ExitCode, AListThatCouldNotBeReadLeavesEverythingMissing) {
  EXPECT_EQ(exit_code(with_failures({Code::kProtocol}), false), Exit::kMissing);
}

TEST(Failures, EqualOnesAreCountedAndTheListIsBounded) {
  std::vector<Failure> failures;
  for (int i = 0; i < 3; ++i) add_failure(failures, Error(Code::kTimeout, "no answer"));
  ASSERT_THAT(failures, SizeIs(1));
  EXPECT_EQ(failures[0].count, 3);

  for (int i = 0; i < 1'000; ++i) {
    add_failure(failures, Error(Code::kTimeout, "page " + std::to_string(i)));
  }
  EXPECT_LE(failures.size(), 30U);
  std::int64_t counted = 0;
  for (const Failure& failure : failures) counted += failure.count;
  EXPECT_EQ(counted, 1'003);
}

TEST(Failures, KeepTheTimeToComeBack) {
  std::vector<Failure> failures;
  add_failure(failures, Error(Code::kBanned, "banned").with_retry_at(1'700'000'000'000));
  EXPECT_EQ(failures[0].retry_at, 1'700'000'000'000);
}

}  // namespace
}  // namespace bf::backfill
