// tests/faults/allocation_test.cpp
//
// Goal: whichever allocation fails, once or from then on, the call ends with an error or std::bad_alloc;
// nothing leaks, what was acknowledged is there afterwards, and whoever goes on with the same objects is
// told nothing untrue. Method: the life of a store in steps, each with each of its allocations failing
// in turn; the same with parsing. BF_FAULT_STRIDE=1 tries every allocation; without it some.
#include <gtest/gtest.h>

#include <new>

#include "store/instrument_ledger.h"
#include "store/repair.h"
#include "store/scrub.h"
#include "store/store_file.h"
#include "tests/exchange/exchange_support.h"
#include "tests/faults/fault_world.h"
#include "tests/kill/repairs.h"

namespace bf::test {
namespace {

using store::InstrumentFacts;
using store::InstrumentLedger;
using store::StoreOptions;
using store::crash::Oracle;
using store::crash::Repairs;
using store::crash::Said;
using store::crash::SeriesOracle;

/// One life of a store and one series of it, step by step.
class Life {
 public:
  static constexpr int kSteps = 16;

  explicit Life(FileSystem& files) : files_(files) {
    for (const std::int64_t rows : {40, 30, 12, 25, 60, 9}) (void)series().make_commit(rows);
    oracle_.series[1].acknowledged = 0;
    InstrumentFacts facts;
    facts.instrument = series().series.instrument;
    facts.status = "TRADING of a length that no small string holds";
    facts_.push_back(facts);
  }

  bool step(int number) {
    switch (number) {
      case 0:
        return open();
      case 1:
        return append(2);
      case 2:
        return sync();
      case 3:
        return seal();
      case 4:
        return append(1) && append(1) && sync();
      case 5:
        return seal();
      case 6:
        return compact();
      case 7:
        return append(1) && sync();
      case 8:  // as a process that was killed: its log is recovered by the next
        shut();
        return open();
      case 9:
        return append(1) && sync();
      case 10:
        return writer_->close().has_value();
      case 11:
        shut();
        return open();
      case 12:
        return read();
      case 13:
        return record();
      case 14:
        shut();
        return repair();
      default:
        return read();
    }
  }

  /// What a program does that goes on with what it has: commits again what was not acknowledged. Only
  /// what the writer takes counts.
  void go_on() {
    if (writer_ == nullptr) return;
    const auto& commits = series().commits;
    const std::span<const store::AnsweredRows> left(commits.data() + series().acknowledged,
                                                    commits.size() - series().acknowledged);
    const bool appended = writer_->append(left).has_value();
    if (appended && writer_->sync()) series().acknowledged = commits.size();
    if (!writer_->seal() || series().acknowledged != commits.size()) return;
    const store::SlotCounts slots =
        writer_->gaps().count({commits.front().answer.asked.from, series().next});
    EXPECT_EQ(slots.missing, 0) << "acknowledged, and not in the gap index";
  }

  [[nodiscard]] const Oracle& oracle() const { return oracle_; }
  [[nodiscard]] const Finding& wrong() const { return wrong_; }
  void shut() {
    writer_.reset();
    store_.reset();
  }

 private:
  SeriesOracle& series() { return oracle_.series[0]; }

  bool open() {
    StoreOptions options;
    options.mode = StoreOptions::Mode::kWrite;
    auto store = store::Store::open(files_, clock_, options);
    if (!store) return false;
    store_ = std::move(*store);
    auto writer = store_->writer(series().series);
    if (!writer) return false;
    writer_ = std::move(*writer);
    return true;
  }
  bool append(std::size_t pages) {
    const std::span<const store::AnsweredRows> all(series().commits);
    if (!writer_->append(all.subspan(appended_, pages))) return false;
    appended_ += pages;
    return true;
  }
  bool acknowledge() {
    series().acknowledged = appended_;
    return true;
  }
  bool sync() { return writer_->sync() && acknowledge(); }
  bool seal() { return writer_->seal() && acknowledge(); }
  bool compact() { return writer_->compact() && acknowledge(); }
  bool read() {
    const auto store = store::Store::open(files_, clock_, {});
    return store && (*store)->list() && read_series(**store, series(), wrong_);
  }
  bool record() {
    Result<InstrumentLedger> ledger = InstrumentLedger::open(files_);
    return ledger && ledger->record(store::crash::kAskedAt, facts_);
  }
  bool repair() {
    const auto uuid = store::read_store_file(files_);
    return uuid && store::repair_root(files_, clock_) &&
           store::repair_series({files_, clock_, *uuid, synced_directories_}, series().series);
  }

  FileSystem& files_;
  ManualClock clock_{store::crash::kAskedAt};
  Oracle oracle_;
  std::vector<InstrumentFacts> facts_;
  std::size_t appended_ = 0;
  std::set<std::string> synced_directories_;
  Finding wrong_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::SeriesWriter> writer_;
};

/// A number of an allocation that no step comes to.
constexpr std::uint64_t kNone = std::uint64_t{1} << 62U;
/// Of each step the last ones are tried in any case: they stand behind what is durable by then.
constexpr std::uint64_t kLastMin = 12;

class Allocations : public ::testing::TestWithParam<Times> {
 protected:
  void TearDown() override { RecordProperty("points", static_cast<int>(points_)); }

  /// Whether an allocation failed in `work`, which is done with the `number`th failing. None may be left.
  template <class Work>
  static bool fails_in(std::uint64_t number, Work work, bool& done) {
    fail_allocation(number, GetParam());
    try {
      done = work();
    } catch (const std::bad_alloc&) {
      done = false;
    }
    return stop_failing_allocations();
  }

  bool step_with_fault(int step, std::uint64_t number) {
    SCOPED_TRACE("step " + std::to_string(step) + ", allocation " + std::to_string(number));
    directory_.reset();
    const Held before;
    const std::int64_t live = live_allocations();
    bool hit = false;
    bool done = true;
    Oracle oracle;
    {
      const auto files = open_file_system(directory_.store(), /*create=*/true).value();
      Life life(*files);
      for (int i = 0; i < step; ++i) EXPECT_TRUE(life.step(i)) << "step " << i;
      hit = fails_in(number, [&] { return life.step(step); }, done);
      counted_ = counted_allocations();
      life.go_on();
      EXPECT_EQ(life.wrong(), "");
      life.shut();
      oracle = life.oracle();
    }
    EXPECT_TRUE(hit || done);
    EXPECT_TRUE(Held() == before) << "left open";
    if (hit) {
      ++points_;
      const auto files = open_file_system(directory_.store(), /*create=*/false).value();
      EXPECT_EQ(check_store(*files, oracle), "");
    }
    oracle = Oracle();
    leaked_ = live_allocations() - live;
    return hit && !HasFailure();
  }

  Directory directory_;
  std::uint64_t points_ = 0;
  std::uint64_t counted_ = 0;
  std::int64_t leaked_ = 0;
};

TEST_P(Allocations, AnyThatFailsInALifeOfAStoreLeavesItWhole) {
  const std::uint64_t stride = fault_stride(11);
  for (int step = 0; step < Life::kSteps; ++step) {
    ASSERT_FALSE(step_with_fault(step, kNone));
    const std::uint64_t count = counted_;
    std::int64_t leaked_first = 0;
    for (std::uint64_t number = 1; number <= count; ++number) {
      if (number % stride != 1 % stride && number + kLastMin <= count) continue;
      ASSERT_TRUE(step_with_fault(step, number));
      // What the test itself keeps is the same each time.
      if (number == 1) leaked_first = leaked_;
      ASSERT_EQ(leaked_, leaked_first) << "step " << step << ", allocation " << number;
    }
  }
}

TEST_P(Allocations, AnyThatFailsInARepairLeavesTheDamageOrTheRepair) {
  const std::uint64_t stride = fault_stride(97);
  const Directory base;
  Oracle oracle;
  {
    const auto files = open_file_system(base.store(), /*create=*/true).value();
    ASSERT_TRUE(store::crash::Workload(*files, oracle).all());
    ASSERT_TRUE(store::crash::Workload(*files, oracle).more());
  }
  store::crash::damage_store(base.store(), oracle);
  for (std::uint64_t number = 1;; number += stride) {
    SCOPED_TRACE("allocation " + std::to_string(number));
    directory_.reset(&base);
    const Held before;
    bool hit = false;
    {
      const auto files = open_file_system(directory_.store(), /*create=*/false).value();
      Repairs repairs(*files, oracle);
      bool done = false;
      hit = fails_in(number, [&] { return repairs.repair_all().empty(); }, done);
      EXPECT_TRUE(hit || done);
    }
    ASSERT_TRUE(Held() == before) << "left open";
    if (!hit) break;
    ++points_;
    const auto files = open_file_system(directory_.store(), /*create=*/false).value();
    Repairs repairs(*files, oracle);
    ASSERT_EQ(repairs.repair_all(), "");
    ASSERT_EQ(repairs.check(Said(), StoreOptions::Mode::kRead), "");
    ASSERT_EQ(repairs.fetch_again(/*says=*/false), "");
    ASSERT_EQ(check_store(*files, oracle), "");
  }
}

TEST_P(Allocations, AnyThatFailsInParsingFailsThePage) {
  const auto& market = exchange::market_of("spot");
  const Series series = exchange::series_of("spot", "BTCUSDT");
  const exchange::Padded page(exchange::read_fixture("api/binance-http_spot_market_klines.json"));
  // simdjson looks for the machine's instructions at its first use, once for the process, and cannot
  // fail at that.
  CandleBatch first;
  ASSERT_TRUE(market.parse_candles(series, page.view(), first));
  for (std::uint64_t number = 1;; ++number) {
    bool done = false;
    bool hit = false;
    {
      CandleBatch rows;
      const auto parse = [&] {
        return market.parse_candles(series, page.view(), rows).has_value();
      };
      hit = fails_in(number, parse, done);
      if (done) {
        ASSERT_EQ(rows.row_count(), 10U) << "a page that was read in part passes for a good one";
      }
      ASSERT_TRUE(parse()) << "again, behind allocation " << number;
      ASSERT_EQ(rows.row_count(), 10U);
    }
    if (!hit) {
      ASSERT_TRUE(done);
      break;
    }
    ++points_;
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, Allocations, ::testing::Values(Times::kOnce, Times::kForEver),
                         [](const auto& tested) {
                           return tested.param == Times::kOnce ? "Once" : "ForEver";
                         });

}  // namespace
}  // namespace bf::test
