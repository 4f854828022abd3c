#include "tests/store/damaged_store.h"

#include <gmock/gmock.h>

#include "store/instrument_ledger.h"
#include "store/scrub.h"
#include "store/store_file.h"

namespace bf::store::test {
namespace {

constexpr TimeRange kAll = {kTimeMin, kTimeMax};
const ManualClock kClock;

/// Minutes [begin, end) but for [hole, hole_end), asked for at once.
AnsweredRows holed_page(std::int64_t begin, std::int64_t hole, std::int64_t hole_end,
                        std::int64_t end) {
  AnsweredRows page;
  for (std::int64_t n = begin; n < end; ++n) {
    if (n < hole || n >= hole_end) append_candle(page.rows, n);
  }
  page.answer = answer_for({minute(begin), minute(end)}, page.rows);
  return page;
}

/// Pages over two spans (1,440 is the first minute of the second): the third crosses the edge.
std::vector<AnsweredRows> sealed_pages() {
  return {page(0, 700), holed_page(700, 800, 810, 1'300), page(1'300, 1'700),
          page(1'650, 1'680, /*version=*/1, kStart + 50 * kDayMs)};
}
std::vector<AnsweredRows> logged_pages() {
  return {page(1'700, 1'720), page(1'720, 1'750), page(1'750, 1'800)};
}

}  // namespace

Truth make_truth() {
  SimFileSystem files;
  Truth truth;
  {
    const Writing writing = open_writing(files).value();
    const std::vector<AnsweredRows> pages = sealed_pages();
    for (std::size_t i = 0; i < pages.size(); ++i) {
      EXPECT_TRUE(commit(*writing.writer, pages[i]));
      if (i >= 2) {
        EXPECT_TRUE(writing.writer->seal());
      }
    }
    for (const AnsweredRows& page : logged_pages()) EXPECT_TRUE(commit(*writing.writer, page));
    InstrumentLedger ledger = InstrumentLedger::open(files).value();
    for (const char* symbol : {"AAAUSDT", "BTCUSDT", "CCCUSDT"}) {
      InstrumentFacts facts;
      facts.instrument = {"binance", "um", symbol};
      EXPECT_TRUE(ledger.record(kStart, {&facts, 1}));
    }
    EXPECT_TRUE(writing.writer->close());
    truth.gaps = writing.store->read(kSeries).value()->gaps();
  }
  truth.rows = read_store(files).value();
  truth.disk = files.disk();
  return truth;
}

Result<RepairReport> repair(SimFileSystem& files) {
  std::set<std::string> synced;
  const Result<RootScrub> root = repair_root(files, kClock);
  if (!root) return fail(root.error());
  const Result<Uuid> uuid = read_store_file(files);
  if (!uuid) return fail(uuid.error());
  return repair_series({files, kClock, *uuid, synced}, kSeries);
}

void DamagedStore::expect_repaired(SimFileSystem& files, const std::string& file,
                                   const std::string& how) {
  SCOPED_TRACE(how);
  files.before_each = [](const Operation& operation) { EXPECT_FALSE(operation.mutates()); };
  const Result<Examined> found = examine_series(files, kSeries);
  files.before_each = nullptr;
  ASSERT_TRUE(found) << found.error().message();
  ASSERT_FALSE(found->findings.empty());
  std::vector<std::string> named;
  for (const Finding& finding : found->findings) named.push_back(finding.file);
  EXPECT_THAT(named, testing::Contains(file));

  const Result<RepairReport> repaired = repair(files);
  ASSERT_TRUE(repaired) << repaired.error().message();
  EXPECT_EQ(repaired->lost, found->lost);
  expect_whole(files);
  expect_nothing_falsely_absent(files, repaired->lost);
  expect_healed(files);
}

void DamagedStore::expect_whole(SimFileSystem& files) {
  const Result<Examined> again = examine_series(files, kSeries);
  ASSERT_TRUE(again) << again.error().message();
  for (const Finding& finding : again->findings) ADD_FAILURE() << finding.file << finding.what;
  const Result<Rows> rows = read_store(files);
  ASSERT_TRUE(rows) << rows.error().message();
}

void DamagedStore::expect_nothing_falsely_absent(SimFileSystem& files, const RangeSet& lost,
                                                 bool lost_is_known) {
  const Rows rows = read_store(files).value();
  for (const auto& [time, values] : rows) {
    const auto true_row = truth_.rows.find(time);
    ASSERT_TRUE(true_row != truth_.rows.end());
    EXPECT_TRUE(values == true_row->second || expect_losers_) << format_time(time);
    EXPECT_FALSE(lost.contains(time));
  }
  const auto store = Store::open(files, kClock, {}).value();
  const GapIndex gaps = store->read(kSeries).value()->gaps();
  RangeSet gone = truth_.gaps.held();
  gone.subtract(gaps.held());
  if (lost_is_known && !log_loss_) {
    // Where not even its coverage can be read, a segment may have held all between its ends.
    EXPECT_EQ(gone, lost.intersect(truth_.gaps.held()));
  }
  for (const TimeRange range : gone.ranges()) {
    EXPECT_EQ(gaps.count(range).missing, (range.to - range.from) / kMinuteMs)
        << format_range(range);
  }
  // Whatever is absent now, the truth has absent as well.
  for (const StateRange& state : gaps.states(kAll)) {
    const bool absent =
        state.state == SlotState::kAbsentConfirmed || state.state == SlotState::kAbsentProvisional;
    if (absent) {
      EXPECT_EQ(truth_.gaps.count(state.range).held, 0) << format_range(state.range);
    }
  }
}

void DamagedStore::expect_healed(SimFileSystem& files) {
  const Writing writing = open_writing(files).value();
  for (const auto& pages : {sealed_pages(), logged_pages()}) {
    for (const AnsweredRows& page : pages) ASSERT_TRUE(commit(*writing.writer, page));
  }
  ASSERT_TRUE(writing.writer->compact());
  EXPECT_EQ(read_store(files).value(), truth_.rows);
  EXPECT_EQ(writing.writer->gaps().states(kAll), truth_.gaps.states(kAll));
}

Bytes DamagedStore::bytes_at(const std::string& path) const {
  SimFileSystem files(truth_.disk);
  return read_file(files, path, 1U << 24).value();
}

}  // namespace bf::store::test
