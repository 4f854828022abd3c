// tests/store/instrument_ledger_test.cpp
//
// Goal: what an exchange said of an instrument is found again, as of any day, and nothing that it did
// not say. Method: facts that change; then a ledger cut at every length, with every byte flipped, and
// through crashes and failures at every operation.
#include "store/instrument_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "tests/support/sim_file_system.h"

namespace bf::store {
namespace {

using test::Operation;
using test::SimDisk;
using test::SimFileSystem;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Open = FileSystem::Open;

constexpr TimeMs kMonday = 1'704'067'200'000;
constexpr TimeMs kTuesday = kMonday + kDayMs;

InstrumentFacts facts(std::string symbol, std::string status = "TRADING") {
  InstrumentFacts out;
  out.instrument = Instrument{"binance", "um", std::move(symbol)};
  out.status = std::move(status);
  out.listed = 1'569'398'400'000;
  out.base = "BTC";
  out.quote = "USDT";
  out.settle = "USDT";
  out.contract_type = "PERPETUAL";
  out.price_tick = "0.1";
  out.quantity_step = "0.001";
  return out;
}

InstrumentLedger reopened(SimFileSystem& files) {
  Result<InstrumentLedger> ledger = InstrumentLedger::open(files);
  EXPECT_TRUE(ledger) << ledger.error().message();
  return std::move(*ledger);
}

std::string file_text(SimFileSystem& files) {
  const auto file = files.open("instruments", Open::kRead).value();
  std::string text(file->size().value(), '?');
  EXPECT_TRUE(file->pread(std::as_writable_bytes(std::span(text)), 0));
  return text;
}

/// A disk whose ledger is `text`.
SimDisk disk_with(std::string_view text) {
  SimFileSystem files;
  auto file = files.open("instruments", Open::kCreateNew).value();
  EXPECT_TRUE(file->pwrite(std::as_bytes(std::span(text)), 0));
  EXPECT_TRUE(file->sync());
  EXPECT_TRUE(files.sync_directory(""));
  return files.disk();
}

TEST(InstrumentLedger, IsEmptyAtFirstAndWritesNothing) {
  SimFileSystem files;
  const InstrumentLedger ledger = reopened(files);
  EXPECT_FALSE(ledger.find(facts("BTCUSDT").instrument));
  EXPECT_FALSE(ledger.refreshed_at("binance", "um"));
  EXPECT_THAT(ledger.all("binance", "um"), IsEmpty());
  EXPECT_THAT(*files.list(""), IsEmpty());
}

TEST(InstrumentLedger, FindsWhatWasRecordedAlsoAfterReopening) {
  SimFileSystem files;
  InstrumentLedger ledger = reopened(files);
  InstrumentFacts full = facts("1000BONKUSDT");
  full.delisted = kTuesday + 1;
  full.multiplier = "1000";
  full.contract_size = "0.00000000000000000001";
  InstrumentFacts bare = facts("\xE5\xB8\x81\xE5\xAE\x89USDT");
  bare.listed.reset();
  bare.settle.clear();
  const std::vector<InstrumentFacts> both = {full, bare};
  ASSERT_TRUE(ledger.record(kMonday, both));
  EXPECT_EQ(ledger.find(full.instrument), full);
  const InstrumentLedger again = reopened(files);
  EXPECT_EQ(again.find(full.instrument), full);
  EXPECT_EQ(again.find(bare.instrument), bare);
  EXPECT_EQ(again.all("binance", "um"), both);
  EXPECT_FALSE(again.find(facts("ETHUSDT").instrument));
}

TEST(InstrumentLedger, KnowsWhatWasKnownOnEachDay) {
  SimFileSystem files;
  InstrumentLedger ledger = reopened(files);
  const InstrumentFacts trading[] = {facts("BTCUSDT")};
  const InstrumentFacts settling[] = {facts("BTCUSDT", "SETTLING")};
  ASSERT_TRUE(ledger.record(kTuesday, settling));
  ASSERT_TRUE(ledger.record(kMonday, trading));  // an older list that comes later
  for (const InstrumentLedger& each : {ledger, reopened(files)}) {
    EXPECT_FALSE(each.find_as_of(trading[0].instrument, kMonday - 1));
    EXPECT_EQ(each.find_as_of(trading[0].instrument, kMonday), trading[0]);
    EXPECT_EQ(each.find_as_of(trading[0].instrument, kTuesday - 1), trading[0]);
    EXPECT_EQ(each.find_as_of(trading[0].instrument, kTuesday), settling[0]);
    EXPECT_EQ(each.find(trading[0].instrument), settling[0]);
  }
}

TEST(InstrumentLedger, AppendsOnlyWhatChanged) {
  SimFileSystem files;
  InstrumentLedger ledger = reopened(files);
  std::vector<InstrumentFacts> list = {facts("BTCUSDT"), facts("ETHUSDT")};
  ASSERT_TRUE(ledger.record(kMonday, list));
  const std::string before = file_text(files);
  list[0].price_tick = "1E-1";  // the same value
  ASSERT_TRUE(ledger.record(kTuesday, list));
  EXPECT_EQ(file_text(files), before);
  list[1].status = "BREAK";
  ASSERT_TRUE(ledger.record(kTuesday, list));
  const std::string after = file_text(files);
  EXPECT_EQ(after.substr(0, before.size()), before);
  EXPECT_THAT(after.substr(before.size()), AllOf(HasSubstr("ETHUSDT"), HasSubstr("BREAK")));
  EXPECT_THAT(after.substr(before.size()), Not(HasSubstr("BTCUSDT")));
}

TEST(InstrumentLedger, RemembersWhenAMarketWasListedInFull) {
  SimFileSystem files;
  InstrumentLedger ledger = reopened(files);
  const InstrumentFacts list[] = {facts("BTCUSDT")};
  ASSERT_TRUE(ledger.record(kTuesday, list));
  EXPECT_FALSE(ledger.refreshed_at("binance", "um"));
  ASSERT_TRUE(ledger.record_list(kTuesday, "binance", "um", list));
  ASSERT_TRUE(ledger.record_list(kMonday, "binance", "um", list));
  ASSERT_TRUE(ledger.record_list(kMonday, "okx", "spot", {}));
  for (const InstrumentLedger& each : {ledger, reopened(files)}) {
    EXPECT_EQ(each.refreshed_at("binance", "um"), kTuesday);
    EXPECT_EQ(each.refreshed_at("okx", "spot"), kMonday);
    EXPECT_FALSE(each.refreshed_at("okx", "swap"));
  }
}

TEST(InstrumentLedger, KeepsMarketsApart) {
  SimFileSystem files;
  InstrumentLedger ledger = reopened(files);
  std::vector<InstrumentFacts> list = {facts("BTCUSDT"), facts("BTCUSDT"), facts("AUSDT")};
  list[1].instrument.market = "spot";
  ASSERT_TRUE(ledger.record(kMonday, list));
  EXPECT_THAT(ledger.all("binance", "spot"), SizeIs(1));
  const std::vector<InstrumentFacts> futures = ledger.all("binance", "um");
  ASSERT_THAT(futures, SizeIs(2));
  EXPECT_EQ(futures[0].instrument.symbol, "AUSDT");
  EXPECT_THAT(ledger.all("binance", ""), IsEmpty());
}

TEST(InstrumentLedger, RefusesFactsThatCannotBeKept) {
  SimFileSystem files;
  InstrumentLedger ledger = reopened(files);
  const auto refused = [&](auto change) {
    InstrumentFacts list[] = {facts("GOODUSDT"), facts("BTCUSDT")};
    change(list[1]);
    const Result<void> recorded = ledger.record(kMonday, list);
    return !recorded && recorded.error().code() == Code::kDataQuality;
  };
  EXPECT_TRUE(refused([](InstrumentFacts& f) { f.status = "A\tB"; }));
  EXPECT_TRUE(refused([](InstrumentFacts& f) { f.base = "A\nB"; }));
  EXPECT_TRUE(refused([](InstrumentFacts& f) { f.quote = std::string(65, 'x'); }));
  EXPECT_TRUE(refused([](InstrumentFacts& f) { f.settle = "\xFF"; }));
  EXPECT_TRUE(refused([](InstrumentFacts& f) { f.instrument.symbol = ""; }));
  EXPECT_TRUE(refused([](InstrumentFacts& f) { f.instrument.exchange = "Binance"; }));
  EXPECT_TRUE(refused([](InstrumentFacts& f) { f.multiplier = "ten"; }));
  EXPECT_TRUE(refused([](InstrumentFacts& f) { f.multiplier = ""; }));
  EXPECT_TRUE(refused([](InstrumentFacts& f) { f.price_tick = "1e-100"; }));
  EXPECT_TRUE(refused([](InstrumentFacts& f) { f.listed = 0; }));
  EXPECT_TRUE(refused([](InstrumentFacts& f) { f.delisted = kTimeMax; }));
  EXPECT_EQ(ledger.record(0, {}).error().code(), Code::kDataQuality);
  EXPECT_THAT(ledger.all("binance", "um"), IsEmpty());
  EXPECT_THAT(*files.list(""), IsEmpty());
}

/// Two markets, three facts, one of them changed.
std::string sample_text() {
  SimFileSystem files;
  InstrumentLedger ledger = reopened(files);
  const InstrumentFacts first[] = {facts("BTCUSDT"), facts("ETHUSDT")};
  const InstrumentFacts second[] = {facts("BTCUSDT", "SETTLING")};
  EXPECT_TRUE(ledger.record_list(kMonday, "binance", "um", first));
  EXPECT_TRUE(ledger.record(kTuesday, second));
  return file_text(files);
}

TEST(InstrumentLedger, ReadsWhatIsWholeOfATornFileAndCutsTheRestWithTheNextWrite) {
  const std::string text = sample_text();
  const std::size_t header = text.find('\n') + 1;
  for (std::size_t size = header; size < text.size(); ++size) {
    SimFileSystem files(disk_with(text.substr(0, size)));
    InstrumentLedger ledger = reopened(files);
    EXPECT_EQ(ledger.damaged_lines(), 0U) << size;
    const InstrumentFacts next[] = {facts("XRPUSDT")};
    ASSERT_TRUE(ledger.record(kTuesday + kDayMs, next));
    const std::size_t whole = text.substr(0, size).rfind('\n') + 1;
    const std::string after = file_text(files);
    ASSERT_EQ(after.substr(0, whole), text.substr(0, whole));
    ASSERT_EQ(
        std::count(after.begin(), after.end(), '\n'),
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(whole), '\n') + 1);
    ASSERT_EQ(reopened(files).find(next[0].instrument), next[0]);
  }
}

TEST(InstrumentLedger, NeverReturnsADamagedFact) {
  const std::string text = sample_text();
  const std::size_t header = text.find('\n') + 1;
  SimFileSystem good_files(disk_with(text));
  const InstrumentLedger good = reopened(good_files);
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const unsigned bit : {0U, 5U}) {
      SimFileSystem files(disk_with(text));
      files.disk().flip_bit(files.disk().find("instruments"), at, bit);
      const Result<InstrumentLedger> ledger = InstrumentLedger::open(files);
      if (at < header) {
        ASSERT_FALSE(ledger) << "byte " << at;
        ASSERT_THAT(ledger.error().code(), AnyOf(Code::kFormat, Code::kCorrupt)) << "byte " << at;
        continue;
      }
      ASSERT_TRUE(ledger) << "byte " << at;
      for (const InstrumentFacts& found : ledger->all("binance", "um")) {
        const bool known = found == good.find_as_of(found.instrument, kMonday) ||
                           found == good.find(found.instrument);
        ASSERT_TRUE(known) << "byte " << at << " bit " << bit;
      }
      const std::size_t last_line = text.rfind('\n', text.size() - 2) + 1;
      if (at < last_line && text[at] != '\n') {
        ASSERT_EQ(ledger->damaged_lines(), 1U) << "byte " << at;
      }
    }
  }
}

TEST(InstrumentLedger, KeepsADamagedLineAndRecordsItsFactAgain) {
  const std::string text = sample_text();
  SimFileSystem files(disk_with(text));
  files.disk().flip_bit(files.disk().find("instruments"), text.find("ETHUSDT"), 0);
  InstrumentLedger ledger = reopened(files);
  EXPECT_FALSE(ledger.find(facts("ETHUSDT").instrument));
  const InstrumentFacts list[] = {facts("BTCUSDT", "SETTLING"), facts("ETHUSDT")};
  ASSERT_TRUE(ledger.record_list(kTuesday, "binance", "um", list));
  const InstrumentLedger again = reopened(files);
  EXPECT_EQ(again.find(list[1].instrument), list[1]);
  EXPECT_EQ(again.damaged_lines(), 1U);
}

TEST(InstrumentLedger, RefusesOtherFiles) {
  for (const std::string& text : {std::string(), std::string("hello\n"), std::string("\0\0\0\0", 4),
                                  std::string("\x7F"
                                              "ELF")}) {
    SimFileSystem files(disk_with(text));
    const Result<InstrumentLedger> ledger = InstrumentLedger::open(files);
    ASSERT_FALSE(ledger);
    EXPECT_EQ(ledger.error().code(), Code::kFormat);
  }
}

/// The run whose crashes and failures are tested: three records by two processes.
constexpr int kSteps = 3;
InstrumentFacts step_facts(int step) { return facts("BTCUSDT", "STATUS" + std::to_string(step)); }

/// Does steps until one fails; how many were acknowledged.
int run(SimFileSystem& files, const std::function<void(int)>& acknowledged) {
  Result<InstrumentLedger> ledger = InstrumentLedger::open(files);
  for (int step = 0; step < kSteps; ++step) {
    if (step == kSteps - 1) ledger = InstrumentLedger::open(files);
    if (!ledger) return step;
    const InstrumentFacts list[] = {step_facts(step)};
    if (!ledger->record(kMonday + step, list)) return step;
    acknowledged(step + 1);
  }
  return kSteps;
}

/// The ledger of `files` holds the steps up to `acknowledged`, and maybe one more; none is made up.
void check(SimFileSystem& files, int acknowledged, const std::string& where) {
  const Result<InstrumentLedger> ledger = InstrumentLedger::open(files);
  ASSERT_TRUE(ledger) << where << ledger.error().message();
  for (int step = 0; step < kSteps; ++step) {
    const auto found = ledger->find_as_of(step_facts(step).instrument, kMonday + step);
    bool known = !found && acknowledged == 0;
    for (int earlier = 0; earlier <= step; ++earlier) {
      known = known ||
              (earlier + 1 >= std::min(acknowledged, step + 1) && found == step_facts(earlier));
    }
    ASSERT_TRUE(known) << where << "step " << step;
  }
  ASSERT_EQ(ledger->damaged_lines(), 0U) << where;
}

TEST(InstrumentLedger, LosesNothingAcknowledgedInAPowerLossAtAnyOperation) {
  SimFileSystem files;
  int acknowledged = 0;
  int states = 0;
  files.before_each = [&](const Operation& operation) {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      SimFileSystem after(files.disk().after_crash(seed));
      ASSERT_NO_FATAL_FAILURE(
          check(after, acknowledged, operation.text() + " seed " + std::to_string(seed) + ": "));
      ++states;
    }
  };
  ASSERT_EQ(run(files, [&](int step) { acknowledged = step; }), kSteps);
  EXPECT_GT(states, 500);
}

TEST(InstrumentLedger, StaysWholeWhenAnyOperationFails) {
  for (const int error : {EIO, ENOSPC, EMFILE}) {
    for (const auto times : {SimFileSystem::Times::kOnce, SimFileSystem::Times::kForEver}) {
      for (std::uint64_t number = 1;; ++number) {
        SimFileSystem files;
        files.fail_short_at(number, error, times);
        int acknowledged = 0;
        const int done = run(files, [&](int step) { acknowledged = step; });
        if (!files.fault_hit()) break;
        ASSERT_LT(done, kSteps) << "a failure was swallowed\n" << files.recent();
        // The next process writes on the same machine; then the power goes.
        files.kill();
        ASSERT_NO_FATAL_FAILURE(check(files, acknowledged, "operation " + std::to_string(number)));
        InstrumentLedger next = reopened(files);
        const InstrumentFacts list[] = {step_facts(kSteps - 1)};
        ASSERT_TRUE(next.record(kMonday + kSteps - 1, list));
        for (std::uint64_t seed = 0; seed < 8; ++seed) {
          SimFileSystem after(files.disk().after_crash(seed));
          ASSERT_EQ(reopened(after).find(list[0].instrument), list[0]) << "operation " << number;
          ASSERT_NO_FATAL_FAILURE(
              check(after, acknowledged, "operation " + std::to_string(number)));
        }
      }
    }
  }
}

TEST(InstrumentLedger, TellsWhatAllOfAMarketWereOnADay) {
  SimFileSystem files;
  InstrumentLedger ledger = reopened(files);
  const std::vector<InstrumentFacts> first = {facts("BTCUSDT"), facts("ETHUSDT")};
  ASSERT_TRUE(ledger.record_list(kMonday, "binance", "um", first));
  const std::vector<InstrumentFacts> second = {facts("BTCUSDT", "BREAK"), facts("NEWUSDT")};
  ASSERT_TRUE(ledger.record_list(kTuesday, "binance", "um", second));
  for (const InstrumentLedger& each : {ledger, reopened(files)}) {
    EXPECT_THAT(each.all("binance", "um", kMonday - 1), IsEmpty());
    EXPECT_EQ(each.all("binance", "um", kTuesday - 1), first);
    EXPECT_THAT(each.all("binance", "um"), SizeIs(3));
    EXPECT_EQ(each.all("binance", "um", kTuesday).front().status, "BREAK");
  }
}

TEST(InstrumentLedger, KeepsTheArchivesListApartFromTheExchanges) {
  SimFileSystem files;
  InstrumentLedger ledger = reopened(files);
  InstrumentFacts bare;
  bare.instrument = {"binance", "um", "OLDUSDT"};
  ASSERT_TRUE(ledger.record_list(kMonday, "binance", "um", std::span(&bare, 1), ListOf::kArchive));
  for (const InstrumentLedger& each : {ledger, reopened(files)}) {
    EXPECT_EQ(each.refreshed_at("binance", "um", ListOf::kArchive), kMonday);
    EXPECT_EQ(each.refreshed_at("binance", "um"), std::nullopt);
    EXPECT_EQ(each.find(bare.instrument), bare);
  }
}

}  // namespace
}  // namespace bf::store
