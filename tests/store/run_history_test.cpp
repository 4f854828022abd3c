// tests/store/run_history_test.cpp
//
// Goal: what was done to a store stays told: records are durable when record() returns, a torn tail and
// damage cost no other record, and hostile text cannot become a line of its own. Method: a simulated
// disk, its power taken away.
#include "store/run_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/scrub.h"
#include "tests/store/damaged_store.h"
#include "tests/support/sim_file_system.h"

namespace bf::store::test {
namespace {

using bf::test::SimFileSystem;
using ::testing::HasSubstr;
using ::testing::SizeIs;

RunRecord sample(std::int64_t number) {
  RunRecord run;
  run.began = 1'700'000'000'000 + number * kMinuteMs;
  run.command = "run";
  run.selection = "binance/um BTCUSDT, candles 1m";
  run.range = {1'600'000'000'000, 1'700'000'000'000};
  run.series = 1;
  run.candles = 1'000 + number;
  run.requests = 12;
  run.milliseconds = 345;
  run.exit_code = 3;
  run.reasons = {{3, "binance/um/BTCUSDT/candles/1m: 5 slots are missing"}, {4, "x"}};
  return run;
}

RunHistory opened(SimFileSystem& files) {
  Result<RunHistory> history = RunHistory::open(files);
  EXPECT_TRUE(history) << history.error().message();
  return *std::move(history);
}

std::string file_text(SimFileSystem& files) {
  const auto file = files.open("runs", FileSystem::Open::kRead);
  std::string text(*(*file)->size(), '\0');
  EXPECT_TRUE((*file)->pread(std::as_writable_bytes(std::span(text)), 0));
  return text;
}

void write_text(SimFileSystem& files, const std::string& text) {
  EXPECT_TRUE(files.remove("runs"));
  const auto file = files.open("runs", FileSystem::Open::kCreateNew);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->pwrite(std::as_bytes(std::span(text)), 0));
}

TEST(RunHistory, KeepsWhatWasRecordedInOrder) {
  SimFileSystem files;
  EXPECT_THAT(opened(files).runs(), SizeIs(0));
  {
    RunHistory history = opened(files);
    ASSERT_TRUE(history.record(sample(1)));
    RunRecord bare;
    bare.began = 1'700'000'090'000;
    bare.command = "import";
    ASSERT_TRUE(history.record(bare));
    EXPECT_EQ(history.runs()[1], bare);
  }
  RunHistory next = opened(files);
  ASSERT_TRUE(next.record(sample(2)));
  const RunHistory last = opened(files);
  ASSERT_THAT(last.runs(), SizeIs(3));
  EXPECT_EQ(last.runs()[0], sample(1));
  EXPECT_EQ(last.runs()[2], sample(2));
}

TEST(RunHistory, IsDurableWhenRecordReturns) {
  SimFileSystem files;
  RunHistory history = opened(files);
  for (std::int64_t number = 0; number < 3; ++number) {
    ASSERT_TRUE(history.record(sample(number)));
    files.crash(static_cast<std::uint64_t>(number));
    EXPECT_THAT(opened(files).runs(), SizeIs(number + 1));
    history = opened(files);
  }
}

TEST(RunHistory, ATornTailCostsNothingBeforeItAndGoesWithTheNextRecord) {
  SimFileSystem files;
  ASSERT_TRUE(opened(files).record(sample(1)));
  const std::string whole = file_text(files);
  ASSERT_TRUE(opened(files).record(sample(2)));
  const std::string both = file_text(files);
  for (std::size_t size = whole.size(); size < both.size(); ++size) {
    write_text(files, both.substr(0, size));
    RunHistory history = opened(files);
    ASSERT_THAT(history.runs(), SizeIs(1)) << "cut at " << size;
    EXPECT_EQ(history.damaged_lines(), 0U);
    ASSERT_TRUE(history.record(sample(3)));
    EXPECT_THAT(opened(files).runs(), SizeIs(2));
  }
}

TEST(RunHistory, DamageIsCountedFoundByAScrubAndMended) {
  SimFileSystem files;
  const ManualClock clock;
  StoreOptions options;
  options.mode = StoreOptions::Mode::kWrite;
  ASSERT_TRUE(Store::open(files, clock, options));
  {
    RunHistory history = opened(files);
    for (std::int64_t number = 0; number < 3; ++number) ASSERT_TRUE(history.record(sample(number)));
  }
  std::string text = file_text(files);
  text[text.find("1001")] ^= 1;  // the candles of the second
  write_text(files, text);
  EXPECT_EQ(opened(files).damaged_lines(), 1U);
  EXPECT_THAT(opened(files).runs(), SizeIs(2));
  const Result<RootScrub> scrub = scrub_root(files);
  ASSERT_TRUE(scrub) << scrub.error().message();
  ASSERT_THAT(scrub->findings, SizeIs(1));
  EXPECT_EQ(scrub->findings[0].file, "runs");
  ASSERT_TRUE(repair_root(files, clock));
  EXPECT_THAT(opened(files).runs(), SizeIs(2));
  EXPECT_THAT(scrub_root(files)->findings, SizeIs(0));
}

TEST(RunHistory, TextsCannotBecomeLinesOrFields) {
  SimFileSystem files;
  RunRecord run = sample(1);
  run.selection = "a\tb\nrun\x1b[2J";
  run.reasons = {{2, std::string(5'000, '\n')}};
  ASSERT_TRUE(opened(files).record(run));
  const RunHistory history = opened(files);
  ASSERT_THAT(history.runs(), SizeIs(1));
  EXPECT_EQ(history.runs()[0].selection, "a\\x09b\\x0Arun\\x1B[2J");
  EXPECT_LE(history.runs()[0].reasons[0].second.size(), 4 * RunHistory::kTextBytesMax + 3);
}

TEST(RunHistory, CountsReasonsBeyondTheMost) {
  SimFileSystem files;
  RunRecord run = sample(1);
  run.reasons.assign(40, {3, "missing"});
  ASSERT_TRUE(opened(files).record(run));
  const RunHistory history = opened(files);
  ASSERT_THAT(history.runs()[0].reasons, SizeIs(RunHistory::kReasonsMax));
  EXPECT_EQ(history.runs()[0].reasons.back().second, "and 25 more");
}

TEST(RunHistory, RefusesWhatCouldNotBeReadBack) {
  SimFileSystem files;
  RunHistory history = opened(files);
  RunRecord run = sample(1);
  run.began = 0;
  EXPECT_EQ(history.record(run).error().code(), Code::kDataQuality);
  run = sample(1);
  run.candles = -1;
  EXPECT_FALSE(history.record(run));
  EXPECT_THAT(history.runs(), SizeIs(0));
}

TEST(RunHistory, AFailedDiskLeavesTheRecordsThatWereThere) {
  SimFileSystem files;
  ASSERT_TRUE(opened(files).record(sample(1)));
  write_text(files, "bf-runs of another kind\n");
  const Result<RunHistory> other = RunHistory::open(files);
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message(), HasSubstr("runs"));
}

}  // namespace
}  // namespace bf::store::test
