// tests/backfill/symbols_test.cpp
//
// Goal: a word names exactly the instruments that it means, by own name, canonical symbol or glob, and
// one that means nothing is told apart. Method: a small market, and runs on the virtual clock.
#include "engine/backfill/symbols.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/backfill/shaped_truth.h"
#include "tests/backfill/sim_world.h"

namespace bf::test {
namespace {

using backfill::Exit;
using backfill::FactsBySymbol;
using backfill::select_symbols;
using backfill::Selection;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void add(FactsBySymbol& known, const std::string& symbol, const std::string& base,
         std::optional<TimeMs> expiry = std::nullopt) {
  store::InstrumentFacts facts;
  facts.instrument = {"binance", "um", symbol};
  facts.base = base;
  facts.quote = facts.settle = "USDT";
  facts.contract_type = expiry ? "CURRENT_QUARTER" : "PERPETUAL";
  facts.delisted = expiry;
  known.emplace(symbol, facts);
}

FactsBySymbol sample_market() {
  FactsBySymbol known;
  add(known, "BTCUSDT", "BTC");
  add(known, "ETHUSDT", "ETH");
  add(known, "1000SHIBUSDT", "1000SHIB");
  add(known, "BTCUSDT_241227", "BTC", 1'735'286'400'000);
  known["OLDUSDT"].instrument = {"binance", "um", "OLDUSDT"};  // no more than its name is known
  return known;
}

std::vector<std::string> selected(std::vector<std::string> words,
                                  std::vector<std::string> exclude = {}) {
  Selection selection;
  selection.symbols = std::move(words);
  selection.exclude = std::move(exclude);
  return select_symbols(selection, sample_market()).symbols;
}

TEST(SelectSymbols, TakesOwnNamesCanonicalSymbolsAndGlobs) {
  EXPECT_THAT(selected({"BTCUSDT"}), ElementsAre("BTCUSDT"));
  EXPECT_THAT(selected({"BTC/USDT:USDT"}), ElementsAre("BTCUSDT"));
  EXPECT_THAT(selected({"BTC/USDT:USDT-241227"}), ElementsAre("BTCUSDT_241227"));
  EXPECT_THAT(selected({"SHIB/USDT:USDT"}), ElementsAre("1000SHIBUSDT"));
  EXPECT_THAT(selected({"BTC/*"}), ElementsAre("BTCUSDT", "BTCUSDT_241227"));
  EXPECT_THAT(selected({"*:USDT"}), ElementsAre("1000SHIBUSDT", "BTCUSDT", "ETHUSDT"));
  EXPECT_THAT(selected({"?TCUSDT", "[EO]*"}), ElementsAre("BTCUSDT", "ETHUSDT", "OLDUSDT"));
  EXPECT_THAT(selected({"ETHUSDT", "E*", "ETH/USDT:USDT"}), ElementsAre("ETHUSDT"));
}

TEST(SelectSymbols, ExcludesByTheSameForms) {
  EXPECT_THAT(selected({"*"}, {"*_*", "SHIB/*", "OLDUSDT"}), ElementsAre("BTCUSDT", "ETHUSDT"));
  EXPECT_THAT(selected({"BTC*"}, {"BTC/USDT:USDT"}), ElementsAre("BTCUSDT_241227"));
}

TEST(SelectSymbols, TellsWordsThatNameNothing) {
  Selection selection;
  selection.symbols = {"BTCUSDT", "XRPUSDT", "BTC/USDT", "X*", "OLD/USDT:USDT", "GONEUSDT"};
  selection.exclude = {"GONEUSDT"};
  const backfill::SelectedSymbols chosen = select_symbols(selection, sample_market());
  EXPECT_THAT(chosen.symbols, ElementsAre("BTCUSDT"));
  EXPECT_THAT(chosen.unknown, ElementsAre("XRPUSDT", "BTC/USDT", "X*", "OLD/USDT:USDT"));
}

TEST(SymbolsInARun, AreResolvedAgainstTheListAndThenTheLedger) {
  const ShapedTruth truth(3);
  SimWorld world(truth);
  const TimeRange range = {kWorldBegin - kDayMs, kWorldBegin - kHourMs};
  const backfill::RunReport first = world.run(world.options("um", {"S001*"}, range));
  ASSERT_EQ(backfill::exit_code(first, true), Exit::kComplete) << failures_of(first);
  ASSERT_EQ(first.series.size(), 1U);
  EXPECT_EQ(first.series[0].series, world.series("um", "S001USDT"));
  const std::uint64_t before = world.ledger().counters().requests;
  const backfill::RunReport second = world.run(world.options("um", {"S001/USDT:USDT"}, range));
  EXPECT_EQ(backfill::exit_code(second, true), Exit::kComplete) << failures_of(second);
  EXPECT_EQ(second.series.at(0).slots.held, 23 * 60);
  EXPECT_EQ(world.ledger().counters().requests, before) << "the ledger knows it";
}

TEST(SymbolsInARun, OneThatNobodyKnowsIsNamedWithItsLineAndTheRestIsFetched) {
  const ShapedTruth truth(2);
  SimWorld world(truth);
  const TimeRange range = {kWorldBegin - 2 * kHourMs, kWorldBegin - kHourMs};
  backfill::RunOptions options = world.options("um", {"S000USDT", "X*", "XRP/USDT:USDT"}, range);
  options.selections[0].named_at["X*"] = "list.txt:7";
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kUsage);
  EXPECT_EQ(report_of(report, world.series("um", "S000USDT")).slots.held, 60);
  const std::string failures = failures_of(report);
  EXPECT_THAT(failures, HasSubstr("list.txt:7: binance/um has no symbol that matches \"X*\""));
  EXPECT_THAT(failures, HasSubstr("does not know the symbol \"XRP/USDT:USDT\""));
}

TEST(SymbolsInARun, MarketsRunAllAtOnceEachAtItsOwnLimit) {
  const ShapedTruth truth(2);
  SimWorld world(truth);
  const TimeRange range = {kWorldBegin - 3 * kDayMs, kWorldBegin - kHourMs};
  backfill::RunOptions options = world.options("um", {"S000USDT"}, range);
  options.selections.push_back(world.options("spot", {"S001/USDT"}, range).selections[0]);
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(world.difference(world.series("um", "S000USDT"), range), "");
  EXPECT_EQ(world.difference(world.series("spot", "S001USDT"), range), "");
  EXPECT_EQ(world.ledger().counters().limited, 0U);
}

}  // namespace
}  // namespace bf::test
