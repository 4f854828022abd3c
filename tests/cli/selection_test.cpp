// tests/cli/selection_test.cpp
//
// Goal: what is selected is exactly what was named, and a name that nobody has is never passed over.
#include "tools/cli/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace bf::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string message_of(const Result<RunSelection>& result) {
  return result ? std::string("no error") : result.error().message();
}

Series series(const std::string& market, const std::string& symbol,
              Interval interval = Interval::k1m) {
  return Series{Instrument{"binance", market, symbol}, Kind::kCandles, interval};
}

/// As a ledger that knows BTCUSDT alone.
std::string canonical(const Instrument& instrument) {
  if (instrument.symbol != "BTCUSDT") return "";
  return instrument.market == "spot" ? "BTC/USDT" : "BTC/USDT:USDT";
}

Result<std::vector<Series>> select_series(const SelectionFlags& flags, std::vector<Series> held) {
  return cli::select_series(flags, std::move(held), &canonical);
}

std::vector<Series> sample_store() {
  return {series("spot", "BTCUSDT"), series("um", "BTCUSDT"),
          series("um", "BTCUSDT", Interval::k1h), series("um", "ETHUSDT")};
}

TEST(RunSelectionTest, TakesSymbolsCommaSeparatedAndRepeatedOnce) {
  SelectionFlags flags;
  flags.exchange = "binance";
  flags.market = "spot";
  flags.symbols = {"BTCUSDT, ETHUSDT", "BTCUSDT", "ARBUSDT"};
  flags.exclude = {"ETHUSDT"};
  flags.interval = "1h";
  const Result<RunSelection> run = resolve_selection(flags);
  ASSERT_TRUE(run) << message_of(run);
  ASSERT_EQ(run->selections.size(), 1U);
  EXPECT_EQ(run->selections[0].market, "spot");
  EXPECT_THAT(run->selections[0].symbols, ElementsAre("BTCUSDT", "ETHUSDT", "ARBUSDT"));
  EXPECT_THAT(run->selections[0].exclude, ElementsAre("ETHUSDT"));
  EXPECT_EQ(run->interval, Interval::k1h);
  EXPECT_EQ(run->kind, Kind::kCandles);
}

TEST(RunSelectionTest, TakesTheExchangesFirstMarketWithoutOne) {
  SelectionFlags flags;
  flags.exchange = "binance";
  flags.all = true;
  const Result<RunSelection> run = resolve_selection(flags);
  ASSERT_TRUE(run) << message_of(run);
  EXPECT_EQ(run->selections[0].market, "um");
  EXPECT_TRUE(run->selections[0].all);
}

TEST(RunSelectionTest, RefusesWhatDoesNotAddUp) {
  SelectionFlags nothing;
  EXPECT_THAT(message_of(resolve_selection(nothing)), HasSubstr("nothing is selected"));

  SelectionFlags no_exchange;
  no_exchange.symbols = {"BTCUSDT"};
  EXPECT_THAT(message_of(resolve_selection(no_exchange)), HasSubstr("--exchange"));

  SelectionFlags both;
  both.exchange = "binance";
  both.symbols = {"BTCUSDT"};
  both.all = true;
  EXPECT_THAT(message_of(resolve_selection(both)), HasSubstr("contradict"));

  SelectionFlags market;
  market.exchange = "binance";
  market.market = "umm";
  market.symbols = {"BTCUSDT"};
  EXPECT_FALSE(resolve_selection(market));

  SelectionFlags interval;
  interval.exchange = "binance";
  interval.all = true;
  interval.interval = "7m";
  EXPECT_THAT(message_of(resolve_selection(interval)), HasSubstr("--interval"));
}

TEST(RunSelectionTest, RefusesAMarketThatDoesNotServeTheInterval) {
  SelectionFlags flags;
  flags.exchange = "binance";
  flags.market = "um";
  flags.all = true;
  flags.interval = "1s";
  EXPECT_THAT(message_of(resolve_selection(flags)), HasSubstr("has no candles of 1s"));
}

TEST(SymbolsFile, ReadsLinesAndSkipsComments) {
  const auto lines = parse_symbols_file(
      "# mine\nBTCUSDT binance/um\n\n  ETHUSDT\tbinance   # the default market\r\n", "list.txt");
  ASSERT_TRUE(lines) << lines.error().message();
  ASSERT_EQ(lines->size(), 2U);
  EXPECT_EQ((*lines)[0].symbol, "BTCUSDT");
  EXPECT_EQ((*lines)[0].market, "um");
  EXPECT_EQ((*lines)[1].exchange, "binance");
  EXPECT_EQ((*lines)[1].market, "");
  EXPECT_EQ((*lines)[1].where, "list.txt:4");
}

TEST(SymbolsFile, NamesFileAndLineOfWhatCannotBeRead) {
  for (const char* const line : {"BTCUSDT", "BTCUSDT binance um", "BTCUSDT nowhere",
                                 "BTCUSDT binance/nowhere", "BTCUSDT /um", "\x01 binance"}) {
    const auto lines = parse_symbols_file(std::string("ETHUSDT binance\n# two\n") + line, "l.txt");
    ASSERT_FALSE(lines) << line;
    EXPECT_EQ(lines.error().code(), Code::kUsage) << line;
    EXPECT_THAT(lines.error().message(), HasSubstr("l.txt:3")) << line;
  }
}

TEST(SymbolsFile, RefusesOneWithoutSymbols) {
  ASSERT_FALSE(parse_symbols_file("# none\n", "l.txt"));
}

TEST(SymbolsFile, GroupsBySourceAndJoinsWithFlags) {
  const std::string path = ::testing::TempDir() + "bf_symbols_test_" + std::to_string(::getpid());
  std::ofstream(path) << "ETHUSDT binance/um\nARBUSDT binance/spot\nBTCUSDT binance/um\n";
  SelectionFlags flags;
  flags.exchange = "binance";
  flags.symbols = {"BTCUSDT"};
  flags.symbols_file = path;
  const Result<RunSelection> run = resolve_selection(flags);
  std::filesystem::remove(path);
  ASSERT_TRUE(run) << message_of(run);
  ASSERT_EQ(run->selections.size(), 2U);
  EXPECT_THAT(run->selections[0].symbols, ElementsAre("BTCUSDT", "ETHUSDT"));
  EXPECT_EQ(run->selections[0].named_at.at("ETHUSDT"), path + ":1");
  EXPECT_EQ(run->selections[0].named_at.count("BTCUSDT"), 0U) << "a flag named it first";
  EXPECT_EQ(run->selections[1].market, "spot");
}

TEST(SelectSeries, TakesAllWithoutFlags) {
  const auto selected = select_series(SelectionFlags{}, sample_store());
  ASSERT_TRUE(selected);
  EXPECT_EQ(selected->size(), 4U);
}

TEST(SelectSeries, TakesNothingOfAnEmptyStoreWithoutComplaint) {
  SelectionFlags flags;
  flags.exchange = "binance";
  const auto selected = select_series(flags, {});
  ASSERT_TRUE(selected);
  EXPECT_TRUE(selected->empty());
}

TEST(SelectSeries, NarrowsByEachFlag) {
  SelectionFlags flags;
  flags.symbols = {"BTCUSDT"};
  EXPECT_EQ(select_series(flags, sample_store())->size(), 3U);
  flags.market = "um";
  EXPECT_EQ(select_series(flags, sample_store())->size(), 2U);
  flags.interval = "1h";
  EXPECT_THAT(*select_series(flags, sample_store()),
              ElementsAre(series("um", "BTCUSDT", Interval::k1h)));
}

TEST(SelectSeries, TakesCanonicalSymbolsAndGlobsOverEitherName) {
  const auto selected = [](const std::string& symbol, const std::string& exclude = "") {
    SelectionFlags flags;
    flags.symbols = {symbol};
    flags.exclude = {exclude};
    flags.interval = "1m";
    const auto series = select_series(flags, sample_store());
    return series ? *series : std::vector<Series>();
  };
  EXPECT_THAT(selected("BTC/USDT"), ElementsAre(series("spot", "BTCUSDT")));
  EXPECT_THAT(selected("BTC/USDT:USDT"), ElementsAre(series("um", "BTCUSDT")));
  EXPECT_THAT(selected("*:USDT"), ElementsAre(series("um", "BTCUSDT")));
  EXPECT_THAT(selected("ETH*"), ElementsAre(series("um", "ETHUSDT")));
  EXPECT_EQ(selected("*USDT").size(), 3U);
  EXPECT_THAT(selected("*USDT", "BTC/*"), ElementsAre(series("um", "ETHUSDT")));
  EXPECT_TRUE(selected("XRP*").empty());
}

TEST(SelectSeries, SuggestsWhatIsHeld) {
  SelectionFlags flags;
  flags.symbols = {"BTCUSTD"};
  const auto selected = select_series(flags, sample_store());
  ASSERT_FALSE(selected);
  EXPECT_EQ(selected.error().code(), Code::kUsage);
  EXPECT_THAT(selected.error().message(), HasSubstr("did you mean BTCUSDT"));
}

TEST(SelectSeries, RefusesToSelectNothing) {
  SelectionFlags flags;
  flags.market = "um";
  flags.exclude = {"BTCUSDT,ETHUSDT"};
  ASSERT_FALSE(select_series(flags, sample_store()));
}

TEST(RunSelection, OfFundingHasNoInterval) {
  SelectionFlags flags;
  flags.exchange = "binance";
  flags.symbols = {"BTCUSDT"};
  flags.kind = "funding";
  const Result<RunSelection> run = resolve_selection(flags);
  ASSERT_TRUE(run) << message_of(run);
  EXPECT_EQ(run->kind, Kind::kFunding);
  EXPECT_EQ(run->interval, Interval::kEvents);
  flags.interval = "events";
  EXPECT_TRUE(resolve_selection(flags));
  flags.interval = "1h";
  EXPECT_EQ(resolve_selection(flags).error().code(), Code::kUsage);
  flags.kind = "candles";
  flags.interval = "events";
  EXPECT_EQ(resolve_selection(flags).error().code(), Code::kUsage);
  flags.kind = "funding";
  flags.interval.clear();
  flags.market = "spot";
  EXPECT_THAT(message_of(resolve_selection(flags)), HasSubstr("binance/spot has no funding"));
}

}  // namespace
}  // namespace bf::cli
