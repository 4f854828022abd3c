// tests/store/store_test.cpp
//
// Goal: what was committed is read back, digit for digit, whatever happened to it on the way: kept in
// the log, sealed, reopened, in any order. Method: the public interface over a file system in memory.
#include "store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/store/sample_rows.h"

namespace bf::store::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

#define ASSERT_OK(expression)                              \
  do {                                                     \
    const auto& ok_result = (expression);                  \
    ASSERT_TRUE(ok_result) << ok_result.error().message(); \
  } while (false)

class StoreTest : public ::testing::Test {
 protected:
  void open() {
    writing_ = Writing{};
    Result<Writing> opened = open_writing(files_);
    ASSERT_OK(opened);
    writing_ = std::move(*opened);
  }
  void close() {
    ASSERT_OK(writer().close());
    writing_ = Writing{};
  }
  [[nodiscard]] SeriesWriter& writer() { return *writing_.writer; }
  [[nodiscard]] std::unique_ptr<SeriesSnapshot> snapshot() {
    return std::move(writing_.store->read(kSeries).value());
  }
  void expect_rows(const Rows& expected) {
    const Result<Rows> rows = read_store(files_, {.provenance = true, .live = true});
    ASSERT_OK(rows);
    EXPECT_EQ(*rows, expected);
  }

  SimFileSystem files_;
  Writing writing_;
};

TEST_F(StoreTest, ReadsBackWhatWasCommitted) {
  open();
  const AnsweredRows rows = page(0, 499);
  ASSERT_OK(commit(writer(), rows));
  EXPECT_EQ(scan_all(*snapshot()).value(), rows_of(rows));
  EXPECT_EQ(writer().gaps().count({minute(0), minute(500)}).held, 499);
  EXPECT_EQ(writer().gaps().count({minute(0), minute(500)}).missing, 1);
}

TEST_F(StoreTest, ShowsUnsyncedRowsToNobody) {
  open();
  const AnsweredRows rows = page(0, 10);
  ASSERT_OK(writer().append({&rows, 1}));
  EXPECT_THAT(scan_all(*snapshot()).value(), IsEmpty());
  EXPECT_EQ(writer().gaps().count({minute(0), minute(10)}).held, 0);
  EXPECT_EQ(snapshot()->gaps().count({minute(0), minute(10)}).held, 0);
  ASSERT_OK(writer().sync());
  EXPECT_THAT(scan_all(*snapshot()).value(), SizeIs(10));
}

TEST_F(StoreTest, AnotherProcessSeesProvenFramesAndMoreWhenItAsks) {
  open();
  ASSERT_OK(commit(writer(), page(0, 10)));
  ASSERT_OK(commit(writer(), page(10, 20)));
  // The second frame proves the first; nothing proves the second yet.
  EXPECT_THAT(read_store(files_).value(), SizeIs(10));
  EXPECT_THAT(read_store(files_, {.live = true}).value(), SizeIs(20));
  close();
  EXPECT_THAT(read_store(files_).value(), SizeIs(20));
}

TEST_F(StoreTest, SealsOneSegmentASpan) {
  open();
  const AnsweredRows rows = page(0, 3'000);  // a day of January, the rest in February
  ASSERT_OK(commit(writer(), rows));
  ASSERT_OK(writer().seal());
  EXPECT_EQ(writer().log_bytes(), 0U);
  const SeriesStats stats = snapshot()->stats().value();
  EXPECT_EQ(stats.segments, 2U);
  EXPECT_EQ(stats.rows, 3'000U);
  EXPECT_EQ(stats.first_open, minute(0));
  EXPECT_EQ(stats.last_open, minute(2'999));
  EXPECT_THAT(stats.rows_by_source, ElementsAre(testing::Pair("binance rest", 3'000U)));
  expect_rows(rows_of(rows));
  EXPECT_EQ(snapshot()->gaps().count({minute(0), minute(3'000)}).held, 3'000);
}

TEST_F(StoreTest, GoesOnBehindASealAndAReopening) {
  Rows expected;
  open();
  for (int i = 0; i < 4; ++i) {
    const AnsweredRows rows = page(i * 700, (i + 1) * 700);
    expected.merge(rows_of(rows));
    ASSERT_OK(commit(writer(), rows));
    if (i % 2 == 0) {
      ASSERT_OK(writer().seal());
    }
    if (i == 1) {
      close();
      open();
      EXPECT_FALSE(writer().recovery().damaged());
    }
    expect_rows(expected);
    EXPECT_EQ(writer().gaps().count({minute(0), minute(2'800)}).held, (i + 1) * 700);
  }
}

TEST_F(StoreTest, ReusesTheLogOfACleanClose) {
  open();
  ASSERT_OK(commit(writer(), page(0, 10)));
  close();
  const std::uint64_t log_size =
      files_.disk().size(files_.disk().find("binance/um/BTCUSDT/candles/1m/0001.log"));
  open();
  EXPECT_EQ(files_.disk().find("binance/um/BTCUSDT/candles/1m/0002.log"), 0U);
  ASSERT_OK(commit(writer(), page(10, 20)));
  close();
  open();
  EXPECT_GT(files_.disk().size(files_.disk().find("binance/um/BTCUSDT/candles/1m/0001.log")),
            log_size);
  EXPECT_THAT(scan_all(*snapshot()).value(), SizeIs(20));
}

TEST_F(StoreTest, MovesUnprovenFramesToANewLog) {
  open();
  ASSERT_OK(commit(writer(), page(0, 10)));
  writing_ = Writing{};  // no close: as after a kill
  files_.kill();
  open();
  EXPECT_NE(files_.disk().find("binance/um/BTCUSDT/candles/1m/0002.log"), 0U);
  EXPECT_EQ(files_.disk().find("binance/um/BTCUSDT/candles/1m/0001.log"), 0U);
  EXPECT_EQ(writer().recovery().torn_bytes, 0U);
  EXPECT_THAT(scan_all(*snapshot()).value(), SizeIs(10));
}

TEST_F(StoreTest, KeepsOddRows) {
  AnsweredRows odd;
  odd.rows.columns = kCandleColumns;
  for (int n = 0; n < 5'000; ++n) append_candle(odd.rows, n);
  // A value finer and one larger than any int64 mantissa, close times of an outage, a row off the grid.
  odd.rows.odd_close_times = {{3, minute(3) + 20'000}, {4'500, minute(4'501)}};
  odd.rows.column(Column::kVolume).values[7] = 0;
  odd.rows.column(Column::kVolume).values[4'200] = 0;
  odd.rows.wide = {{7, Column::kVolume, "0.00000000000000000000000000000000001"},
                   {4'200, Column::kVolume, "123456789012345678901234567890"}};
  odd.rows.column(Column::kOpenTime).values[9] += 789;
  odd.answer = answer_for({minute(0), minute(5'000)}, odd.rows);
  open();
  ASSERT_OK(commit(writer(), odd));
  expect_rows(rows_of(odd));
  ASSERT_OK(writer().seal());
  expect_rows(rows_of(odd));
  EXPECT_EQ(writer().gaps().count({minute(0), minute(5'000)}).held, 5'000);
  // One column alone brings its own exceptions and no other's.
  Rows volumes;
  ASSERT_OK(scan_all(*snapshot(), {minute(7), minute(8)}, {Column::kVolume}));
  volumes = scan_all(*snapshot(), {minute(7), minute(8)}, {Column::kVolume}).value();
  EXPECT_EQ(volumes.at(minute(7)), ",,,,0.00000000000000000000000000000000001,,,,");
}

TEST_F(StoreTest, KeepsExtremesOfEveryColumn) {
  AnsweredRows extreme;
  extreme.rows.columns = kCandleColumns;
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  for (int n = 0; n < 64; ++n) {
    extreme.rows.column(Column::kOpenTime).values.push_back(minute(n * n));
    for (std::size_t i = 1; i < kColumnCount; ++i) {
      const std::int64_t value = (n + static_cast<int>(i)) % 3 == 0 ? kMin : kMax - n;
      extreme.rows.data[i].values.push_back(n % 5 == 0 ? 0 : value);
      extreme.rows.data[i].scale = static_cast<int>(i);
    }
  }
  extreme.answer = answer_for({minute(0), minute(64 * 64)}, extreme.rows);
  open();
  ASSERT_OK(commit(writer(), extreme));
  expect_rows(rows_of(extreme));
  ASSERT_OK(writer().seal());
  expect_rows(rows_of(extreme));
}

TEST_F(StoreTest, KeepsSeriesOfFewColumnsAndLetsThemMix) {
  open();
  const AnsweredRows few = page(0, 100, 0, kStart, kOhlcvColumns);
  const AnsweredRows all = page(100, 200);
  ASSERT_OK(commit(writer(), few));
  ASSERT_OK(commit(writer(), all));
  Rows expected = rows_of(few);
  expected.merge(rows_of(all));
  expect_rows(expected);
  ASSERT_OK(writer().seal());
  expect_rows(expected);
  EXPECT_EQ(scan_all(*snapshot(), {minute(0), minute(1)}, {Column::kTrades}).value().at(minute(0)),
            ",,,,,,,,");
}

TEST_F(StoreTest, EndsABatchWhereTheScaleChanges) {
  AnsweredRows coarse = page(0, 50);
  // Volumes share a scale with what takers bought of them.
  for (const Column column : {Column::kVolume, Column::kTakerBuyBase}) {
    for (std::int64_t& value : coarse.rows.column(column).values) value = value / 1'000 * 1'000;
  }
  const AnsweredRows fine = page(50, 100);
  open();
  ASSERT_OK(commit(writer(), coarse));
  ASSERT_OK(commit(writer(), fine));
  const auto scan = snapshot()->scan({0, kTimeMax}, {Column::kVolume});
  ScanBatch batch;
  ASSERT_TRUE(scan->next(batch).value());
  EXPECT_EQ(batch.rows.row_count(), 50U);
  EXPECT_EQ(batch.rows.column(Column::kVolume).scale, 0);
  ASSERT_TRUE(scan->next(batch).value());
  EXPECT_EQ(batch.rows.row_count(), 50U);
  EXPECT_EQ(batch.rows.column(Column::kVolume).scale, 3);
  EXPECT_FALSE(scan->next(batch).value());
}

TEST_F(StoreTest, ScansAnyRangeOfAnyColumns) {
  open();
  const AnsweredRows rows = page(0, 10'000);
  ASSERT_OK(commit(writer(), page(0, 9'000)));
  ASSERT_OK(writer().seal());
  ASSERT_OK(commit(writer(), page(8'000, 10'000)));
  const Rows all = rows_of(rows);
  Random random(1);
  for (int i = 0; i < 60; ++i) {
    const auto from = static_cast<std::int64_t>(random.below(10'000));
    const auto to =
        from + static_cast<std::int64_t>(random.below(10'500 - static_cast<std::uint64_t>(from)));
    const TimeRange range = {minute(from) - 1, minute(to)};
    const Rows expected(all.lower_bound(range.from),
                        all.lower_bound(std::max(range.from, range.to)));
    ASSERT_EQ(scan_all(*snapshot(), range).value(), expected) << from << ".." << to;
  }
  for (std::size_t i = 1; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    if (!rows.rows.columns.contains(column)) continue;
    const Rows one = scan_all(*snapshot(), {0, kTimeMax}, {column}).value();
    ASSERT_EQ(one.size(), all.size()) << column_name(column);
    CandleBatch expected;
    expected.columns = {column};
    expected.column(Column::kOpenTime).values = rows.rows.open_time();
    expected.column(column) = rows.rows.column(column);
    Rows wanted;
    add_rows(wanted, expected);
    EXPECT_EQ(one, wanted) << column_name(column);
  }
}

TEST_F(StoreTest, LetsOneOrderDecideConflicts) {
  // Version 1 was asked for later than version 0, version 2 came from an archive, version 3 from another
  // exchange: version 1 stands, in whatever order and however they are sealed.
  std::vector<AnsweredRows> pages = {
      page(0, 50, 0, kStart + 50 * kDayMs), page(10, 60, 1, kStart + 60 * kDayMs),
      page(20, 70, 2, kStart + 90 * kDayMs), page(30, 80, 3, kStart + 95 * kDayMs)};
  pages[2].answer.channel = Channel::kArchiveDaily;
  pages[3].answer.exchange = "okx";
  Rows expected = rows_of(pages[1]);
  for (const int i : {0, 2, 3}) expected.merge(rows_of(pages[static_cast<std::size_t>(i)]));
  std::vector<int> order = {0, 1, 2, 3};
  do {
    for (unsigned seals = 0; seals < 16; ++seals) {
      files_ = SimFileSystem();
      open();
      for (std::size_t i = 0; i < 4; ++i) {
        ASSERT_OK(commit(writer(), pages[static_cast<std::size_t>(order[i])]));
        if ((seals >> i & 1U) != 0) {
          ASSERT_OK(writer().seal());
        }
      }
      expect_rows(expected);
      // However it was sealed, each of the 200 rows that does not stand in its slot is told of.
      const std::vector<Conflict> conflicts = snapshot()->conflicts().value();
      EXPECT_EQ(conflicts.size(), 200U - 80U) << seals;
      writing_ = Writing{};
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(StoreTest, DoesNotCallEqualRowsAConflict) {
  open();
  ASSERT_OK(commit(writer(), page(0, 50, 0, kStart + 50 * kDayMs)));
  ASSERT_OK(commit(writer(), page(20, 70, 0, kStart + 60 * kDayMs)));
  EXPECT_THAT(snapshot()->conflicts().value(), IsEmpty());
  ASSERT_OK(writer().seal());
  ASSERT_OK(commit(writer(), page(0, 70, 0, kStart + 70 * kDayMs)));
  EXPECT_THAT(snapshot()->conflicts().value(), IsEmpty());
  EXPECT_EQ(snapshot()->stats().value().rows, 70U);
}

TEST_F(StoreTest, KeepsCoverageWithoutRows) {
  AnsweredRows nothing;
  nothing.rows.columns = kCandleColumns;
  nothing.answer = answer_for({minute(0), minute(100)}, nothing.rows);
  open();
  ASSERT_OK(commit(writer(), nothing));
  const auto states = [this] { return snapshot()->gaps().count({minute(0), minute(101)}); };
  EXPECT_EQ(states().absent_provisional, 100);
  ASSERT_OK(writer().seal());
  EXPECT_EQ(states().absent_provisional, 100);
  EXPECT_EQ(states().missing, 1);
  EXPECT_THAT(scan_all(*snapshot()).value(), IsEmpty());
  ASSERT_OK(snapshot()->verify());
}

TEST_F(StoreTest, RefusesRowsThatContradictTheirAnswer) {
  open();
  AnsweredRows outside = page(0, 10);
  outside.answer.asked.to = minute(9);
  outside.answer.last_row = minute(8);
  AnsweredRows unsorted = page(0, 10);
  std::swap(unsorted.rows.column(Column::kOpenTime).values[3],
            unsorted.rows.column(Column::kOpenTime).values[4]);
  AnsweredRows twice = page(0, 10);
  twice.rows.column(Column::kOpenTime).values[3] = minute(2);
  AnsweredRows ragged = page(0, 10);
  ragged.rows.column(Column::kVolume).values.pop_back();
  AnsweredRows nameless = page(0, 10);
  nameless.answer.exchange = "../x";
  AnsweredRows unscaled = page(0, 10);
  unscaled.rows.column(Column::kVolume).scale = 31;
  AnsweredRows misplaced = page(0, 10);
  misplaced.rows.wide = {{10, Column::kVolume, "1"}};
  AnsweredRows disordered = page(0, 10);
  disordered.rows.odd_close_times = {{5, 1}, {4, 1}};
  AnsweredRows wordy = page(0, 10);
  wordy.rows.wide = {{1, Column::kVolume, "many"}};
  for (const AnsweredRows* bad : {&outside, &unsorted, &twice, &ragged, &nameless, &unscaled,
                                  &misplaced, &disordered, &wordy}) {
    const std::vector<AnsweredRows> pages = {page(20, 30), *bad};
    const Result<void> appended = writer().append(pages);
    ASSERT_FALSE(appended);
    EXPECT_EQ(appended.error().code(), Code::kDataQuality) << appended.error().message();
  }
  ASSERT_OK(writer().sync());
  EXPECT_THAT(scan_all(*snapshot(), {0, kTimeMax}, kAllColumns, {.live = true}).value(), IsEmpty());
}

TEST_F(StoreTest, TakesManyPagesInOneCommit) {
  open();
  std::vector<AnsweredRows> pages;
  for (int i = 0; i < 150; ++i)
    pages.push_back(page(i * 499, (i + 1) * 499));  // over one frame's rows
  ASSERT_OK(writer().append(pages));
  ASSERT_OK(writer().sync());
  EXPECT_THAT(scan_all(*snapshot()).value(), SizeIs(150U * 499U));
  const AnsweredRows too_long = page(0, 65'537);
  const Result<void> refused = writer().append({&too_long, 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kLimit);
}

TEST_F(StoreTest, KeepsASnapshotThatIsSealedAway) {
  open();
  const AnsweredRows first = page(0, 5'000);
  ASSERT_OK(commit(writer(), first));
  const auto before = snapshot();
  const auto scan = before->scan({0, kTimeMax}, kAllColumns);
  ScanBatch batch;
  ASSERT_TRUE(scan->next(batch).value());
  ASSERT_OK(writer().seal());
  ASSERT_OK(commit(writer(), page(5'000, 6'000)));
  EXPECT_EQ(scan_all(*before).value(), rows_of(first));
  EXPECT_THAT(scan_all(*snapshot()).value(), SizeIs(6'000));
}

TEST_F(StoreTest, ListsSeriesWithAManifest) {
  open();
  const Series twin{{"binance", "spot", "\xEF\xBC\xA1/.."}, Kind::kCandles, Interval::k1mo};
  ASSERT_TRUE(writing_.store->writer(twin));
  ASSERT_OK(files_.make_directory("binance/um/ETHUSDT"));
  EXPECT_THAT(writing_.store->list().value(), ElementsAre(twin, kSeries));
}

TEST_F(StoreTest, RefusesASecondWriter) {
  open();
  const auto again = writing_.store->writer(kSeries);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::kUsage);
  const Result<Writing> other = open_writing(files_);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), Code::kLocked);
  EXPECT_TRUE(read_store(files_)) << "readers take no lock";
}

TEST_F(StoreTest, RefusesToWriteOnANetworkFileSystemUnlessToldOtherwise) {
  files_.set_network_name("nfs");
  const ManualClock clock;
  StoreOptions options;
  options.mode = StoreOptions::Mode::kWrite;
  const auto refused = Store::open(files_, clock, options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kUsage);
  EXPECT_THAT(refused.error().message(), ::testing::HasSubstr("nfs"));
  options.allow_network = true;
  EXPECT_TRUE(Store::open(files_, clock, options));
}

TEST_F(StoreTest, SaysWhatIsNotThere) {
  const Result<Rows> nothing = read_store(files_);
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code(), Code::kNotFound);
  open();
  const Series other{{"binance", "um", "ETHUSDT"}, Kind::kCandles, Interval::k1m};
  const auto read = writing_.store->read(other);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kNotFound);
  EXPECT_THAT(read.error().message(), HasSubstr("binance/um/ETHUSDT/candles/1m"));
}

TEST_F(StoreTest, RefusesAStoreOfANewerVersionByName) {
  open();
  writing_ = Writing{};
  SimDisk& disk = files_.disk();
  disk.flip_bit(disk.find("STORE"), 4, 2);  // version 1 + 4
  const Result<Writing> refused = open_writing(files_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kFormat);
  EXPECT_THAT(refused.error().message(), HasSubstr("version 5"));
  EXPECT_THAT(refused.error().message(), HasSubstr("this build reads version 1"));
}

TEST_F(StoreTest, StopsWhereAManifestIsDamagedOrGone) {
  open();
  ASSERT_OK(commit(writer(), page(0, 10)));
  writing_ = Writing{};
  SimFileSystem damaged(files_.disk());
  SimDisk& disk = damaged.disk();
  disk.flip_bit(disk.find("binance/um/BTCUSDT/candles/1m/MANIFEST"), 20, 0);
  const Result<Writing> flipped = open_writing(damaged);
  ASSERT_FALSE(flipped);
  EXPECT_EQ(flipped.error().code(), Code::kCorrupt);
  EXPECT_THAT(flipped.error().message(), HasSubstr("bf-verify scrub --repair"));
  ASSERT_OK(files_.remove("binance/um/BTCUSDT/candles/1m/MANIFEST"));
  const Result<Writing> gone = open_writing(files_);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code(), Code::kCorrupt);
  EXPECT_THAT(gone.error().message(), HasSubstr("0001.log"));
}

TEST_F(StoreTest, StaysUsableWhenTheDiskIsFull) {
  open();
  ASSERT_OK(commit(writer(), page(0, 10)));
  const std::uint64_t before = files_.operations();
  const AnsweredRows next = page(10, 2'000);
  for (std::uint64_t n = 1; n < 3; ++n) {  // the reservation, then the write
    files_.fail_short_at(before + n, ENOSPC, SimFileSystem::Times::kForEver);
    const Result<void> full = writer().append({&next, 1});
    ASSERT_FALSE(full) << n;
    EXPECT_EQ(full.error().code(), Code::kNoSpace);
    files_.fail_at(0, 0);
  }
  ASSERT_OK(commit(writer(), next));
  EXPECT_THAT(scan_all(*snapshot()).value(), SizeIs(2'000));
}

TEST_F(StoreTest, IsDeadAfterAFailedSync) {
  open();
  ASSERT_OK(commit(writer(), page(0, 10)));
  const AnsweredRows next = page(10, 20);
  ASSERT_OK(writer().append({&next, 1}));
  files_.fail_at(files_.operations() + 1, EIO);
  const Result<void> failed = writer().sync();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Code::kSyncFailed);
  EXPECT_FALSE(writer().sync());
  EXPECT_FALSE(writer().append({&next, 1}));
  EXPECT_FALSE(writer().seal());
  EXPECT_FALSE(writer().close());
  EXPECT_EQ(writer().gaps().count({minute(0), minute(20)}).held, 10);
  // The next recovery writes what it finds again before it believes it: a power loss takes nothing.
  writing_ = Writing{};
  open();
  const Rows after = scan_all(*snapshot()).value();
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimFileSystem crashed(files_.disk().after_crash(seed));
    const Result<Writing> recovered = open_writing(crashed);
    ASSERT_OK(recovered);
    EXPECT_EQ(scan_all(*recovered->store->read(kSeries).value()).value(), after) << seed;
  }
}

}  // namespace
}  // namespace bf::store::test
