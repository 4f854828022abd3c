// tests/backfill/every_market_test.cpp
//
// Goal: each market that the engine speaks gives the truth, whole and once, within its limits: over page
// boundaries, outages, a listing, a second run, and a mixture of faults; of candles, and of funding where it
// has that. Method: the same runs against
// the simulated exchange of each. BF_MARKET_SEEDS sets how many seeds of faults.
#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/sim/deribit_calendar.h"
#include "engine/sim/generated_truth.h"
#include "tests/backfill/sim_world.h"

namespace bf::test {
namespace {

using backfill::Exit;

constexpr TimeRange kRange = {kWorldBegin - 9 * kDayMs, kWorldBegin - 2 * kDayMs};
/// In which one contract pays at other hours than before.
constexpr TimeRange kFundingRange = {kWorldBegin - 62 * kDayMs, kWorldBegin - 2 * kDayMs};
constexpr std::size_t kSymbols = 3;
constexpr int kRunsMax = 8;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// Two futures that expire within the range.
std::vector<std::pair<sim::Market, sim::SimInstrument>> expired_in_range() {
  sim::DeribitCalendar month;
  month.btc_first_year = month.eth_first_year = month.last_year = 2024;
  month.btc_first_month = month.eth_first_month = month.last_month = 6;
  month.quarterly_ms = 30 * kDayMs;
  return sim::deribit_dated_futures(month);
}

/// What is backfilled of which market.
struct Part {
  sim::Market market = sim::Market::kUm;
  Kind kind = Kind::kCandles;

  [[nodiscard]] bool funding() const { return kind == Kind::kFunding; }
  [[nodiscard]] TimeRange range() const { return funding() ? kFundingRange : kRange; }
};

/// Trading begins within the range, and an outage lies in it.
sim::GeneratedTruth make_truth(Part part, std::uint64_t seed) {
  const sim::Market market = part.market;
  sim::GeneratedOptions options;
  options.seed = seed;
  options.symbols = part.funding() ? kSymbols + 1 : kSymbols;  // each way to pay
  options.markets = {market};
  options.life = {part.range().from + 5 * kHourMs + 7 * kMinuteMs, kTimeMax};
  options.outage_every_days = 4;
  // What else the calendar makes an engine ask Deribit for.
  if (market == sim::Market::kDeribitFutures) options.named = expired_in_range();
  return sim::GeneratedTruth(options);
}

class EveryMarket : public ::testing::TestWithParam<Part> {
 protected:
  [[nodiscard]] static sim::Market market() { return GetParam().market; }
  [[nodiscard]] static std::string name() { return std::string(sim::market_name(market())); }
  [[nodiscard]] static TimeRange range() { return GetParam().range(); }

  [[nodiscard]] static bool has_listing_times() {
    return market() != sim::Market::kBybitSpot && market() != sim::Market::kBitunixFutures;
  }

  /// Everything that there is: by name where the market has no list.
  static backfill::RunOptions run_options(const SimWorld& world, const sim::GeneratedTruth& truth) {
    std::vector<std::string> names;
    if (market() == sim::Market::kYahooChart) {
      for (const auto& instrument : truth.instruments(market())) {
        names.push_back(instrument.symbol);
      }
    }
    backfill::RunOptions options = world.options(name(), names, range());
    options.kind = GetParam().kind;
    if (GetParam().funding()) options.interval = Interval::kEvents;
    return options;
  }

  /// Those that a run of everything has: dated futures pay no funding.
  static std::vector<Series> all_series(const SimWorld& world, const sim::GeneratedTruth& truth) {
    std::vector<Series> all;
    for (const sim::SimInstrument& instrument : truth.instruments(market())) {
      const bool dated = instrument.life.to != kTimeMax;
      if (GetParam().funding()) {
        if (!dated) all.push_back(world.funding(name(), instrument.symbol));
      } else {
        all.push_back(world.series(name(), instrument.symbol));
      }
    }
    return all;
  }

  static void expect_truth(SimWorld& world, const sim::GeneratedTruth& truth) {
    for (const Series& series : all_series(world, truth)) {
      EXPECT_EQ(world.difference(series, range()), "") << series.name();
      EXPECT_TRUE(world.verify(series)) << series.name();
    }
  }
};

TEST_P(EveryMarket, GivesTheTruthOnceAndWithinItsLimits) {
  const sim::GeneratedTruth truth = make_truth(GetParam(), 1);
  SimWorld world(truth);
  const backfill::RunOptions options = run_options(world, truth);
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, /*strict=*/false), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(report.series.size(), all_series(world, truth).size());
  expect_truth(world, truth);
  const sim::LedgerCounters& counters = world.ledger().counters();
  EXPECT_EQ(counters.limited + counters.banned + counters.failed, 0U);
  EXPECT_EQ(counters.out_of_turn, 0U);
  // Where no list tells when a symbol was listed, its first day is looked through for that.
  const std::uint64_t looked_through = has_listing_times() ? 0 : kSymbols * kDayMs / kMinuteMs;
  EXPECT_LE(counters.rows_again, looked_through);

  const std::uint64_t pages = counters.klines + counters.funding;
  const backfill::RunReport again = world.run(options);
  EXPECT_EQ(backfill::exit_code(again, /*strict=*/false), Exit::kComplete) << failures_of(again);
  EXPECT_EQ(again.candles_stored, 0);
  EXPECT_EQ(world.ledger().counters().klines + world.ledger().counters().funding, pages);

  world.sleep(2 * kDayMs);  // what is absent provisionally is due again, and then confirmed
  const backfill::RunReport later = world.run(options);
  EXPECT_EQ(backfill::exit_code(later, /*strict=*/true), Exit::kComplete) << failures_of(later);
  expect_truth(world, truth);
}

TEST_P(EveryMarket, FaultsLeaveTheTruthOrSayWhatIsMissing) {
  const std::uint64_t seeds = number_from("BF_MARKET_SEEDS", 10);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(name() + ", seed " + std::to_string(seed));
    const sim::GeneratedTruth truth = make_truth(GetParam(), seed);
    WorldOptions world_options;
    world_options.exchange.faults = sim::FaultPlan::swarm(seed, sim::Swarm::kTransport);
    SimWorld world(truth, world_options);
    const backfill::RunOptions options = run_options(world, truth);
    backfill::RunReport report;
    for (int run = 0; run < kRunsMax; ++run) {
      report = world.run(options);
      for (const Series& series : all_series(world, truth)) {
        EXPECT_EQ(world.wrong_row(series, range()), "");
      }
      world.sleep(2 * kDayMs);
    }
    world.set_faults("");
    report = world.run(options);
    world.sleep(2 * kDayMs);
    report = world.run(options);
    EXPECT_EQ(backfill::exit_code(report, /*strict=*/true), Exit::kComplete) << failures_of(report);
    expect_truth(world, truth);
    EXPECT_EQ(world.ledger().counters().out_of_turn, 0U);
    if (HasFailure()) return;
  }
}

TEST(MarketsOfOneExchange, HaveOneBudget) {
  using sim::Market;
  for (const std::vector<Market>& markets :
       {std::vector<Market>{Market::kOkxSwap, Market::kOkxFutures, Market::kOkxSpot},
        std::vector<Market>{Market::kBybitLinear, Market::kBybitInverse, Market::kBybitSpot}}) {
    sim::GeneratedOptions generated;
    generated.symbols = kSymbols;
    generated.markets = markets;
    generated.life = {kRange.from, kTimeMax};
    const sim::GeneratedTruth truth(generated);
    SimWorld world(truth);
    backfill::RunOptions options =
        world.options(std::string(sim::market_name(markets.front())), {}, kRange);
    for (std::size_t i = 1; i < markets.size(); ++i) {
      const backfill::RunOptions other =
          world.options(std::string(sim::market_name(markets[i])), {}, kRange);
      options.selections.push_back(other.selections.front());
    }
    const backfill::RunReport report = world.run(options);
    EXPECT_EQ(backfill::exit_code(report, /*strict=*/false), Exit::kComplete)
        << failures_of(report);
    EXPECT_EQ(report.series.size(), kSymbols * markets.size());
    EXPECT_EQ(world.ledger().counters().limited + world.ledger().counters().banned, 0U);
  }
}

TEST(AllMarkets, AtOnceKeepTheirLimitsAndGiveTheTruth) {
  sim::GeneratedOptions generated;
  generated.symbols = kSymbols;
  generated.markets.assign(sim::kMarkets.begin(), sim::kMarkets.end());
  generated.life = {kRange.from, kTimeMax};
  const sim::GeneratedTruth truth(generated);
  SimWorld world(truth);
  backfill::RunOptions options = world.options("um", {}, kRange);
  options.selections.clear();
  std::vector<Series> all;
  for (const sim::Market market : sim::kMarkets) {
    const std::string name(sim::market_name(market));
    std::vector<std::string> symbols;
    for (const sim::SimInstrument& instrument : truth.instruments(market)) {
      symbols.push_back(instrument.symbol);
      all.push_back(world.series(name, instrument.symbol));
    }
    const backfill::RunOptions one = world.options(name, symbols, kRange);
    options.selections.push_back(one.selections.front());
    options.base_urls.insert(one.base_urls.begin(), one.base_urls.end());
  }
  const backfill::RunReport report = world.run(options);
  EXPECT_EQ(backfill::exit_code(report, /*strict=*/false), Exit::kComplete) << failures_of(report);
  for (const Series& series : all) {
    EXPECT_EQ(world.difference(series, kRange), "") << series.name();
  }
  const sim::LedgerCounters& counters = world.ledger().counters();
  EXPECT_EQ(counters.limited + counters.banned + counters.failed + counters.out_of_turn, 0U);
}

std::vector<Part> all_parts() {
  std::vector<Part> parts;
  for (const sim::Market market : sim::kMarkets) parts.push_back({market, Kind::kCandles});
  for (const sim::Market market :
       {sim::Market::kUm, sim::Market::kOkxSwap, sim::Market::kBlofinSwap,
        sim::Market::kBybitLinear, sim::Market::kBybitInverse, sim::Market::kDeribitFutures}) {
    parts.push_back({market, Kind::kFunding});
  }
  return parts;
}

INSTANTIATE_TEST_SUITE_P(Markets, EveryMarket, ::testing::ValuesIn(all_parts()),
                         [](const auto& tested) {
                           std::string name(sim::market_name(tested.param.market));
                           name[name.find('/')] = '_';
                           return tested.param.funding() ? name + "_funding" : name;
                         });

}  // namespace
}  // namespace bf::test
