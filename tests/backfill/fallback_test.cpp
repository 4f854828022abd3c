// tests/backfill/fallback_test.cpp
//
// Goal: what a series' own exchange does not have comes from its fallbacks, in their order, counted as
// theirs, of as many coins as the own instrument counts; the own exchange's candles win whenever they
// come; what nobody has is asked for once. Method: several exchanges in one world, on the virtual clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/backfill/shaped_truth.h"
#include "tests/backfill/sim_world.h"

namespace bf::test {
namespace {

using backfill::Exit;
using backfill::SeriesReport;
using sim::Market;
using ::testing::HasSubstr;

constexpr TimeMs kFrom = kWorldBegin - 12 * kDayMs;
constexpr TimeMs kOkxListed = kWorldBegin - 9 * kDayMs + 3 * kMinuteMs;
constexpr TimeMs kOwnListed = kWorldBegin - 6 * kDayMs + 7 * kMinuteMs;
constexpr TimeMs kTo = kWorldBegin - 2 * kDayMs;

sim::SimInstrument instrument(std::string symbol, std::string base, TimeRange life) {
  sim::SimInstrument made;
  made.symbol = std::move(symbol);
  made.base_asset = std::move(base);
  made.quote_asset = "USDT";
  made.life = life;
  made.price_decimals = 4;
  made.quantity_decimals = 3;
  return made;
}

/// BloFin's BTC is younger than OKX's, which is younger than Bybit's.
sim::GeneratedOptions three_exchanges() {
  sim::GeneratedOptions options;
  options.symbols = 0;
  options.outage_every_days = 0;
  options.named = {
      {Market::kBlofinSwap, instrument("BTC-USDT", "BTC", {kOwnListed, kTimeMax})},
      {Market::kOkxSwap, instrument("BTC-USDT-SWAP", "BTC", {kOkxListed, kTimeMax})},
      {Market::kBybitLinear, instrument("BTCUSDT", "BTC", {kFrom + kDayMs, kTimeMax})},
  };
  return options;
}

std::int64_t rows_from(const SeriesReport& report, std::string_view source) {
  for (const backfill::SourceRows& rows : report.rows_by_source) {
    if (rows.source == source) return rows.rows;
  }
  return 0;
}

std::int64_t minutes(TimeMs from, TimeMs to) { return (to - from) / kMinuteMs; }

/// A value with its point moved `shift` digits to the left.
std::string decimal(const CandleBatch& rows, Column column, std::size_t row, int shift) {
  const ColumnValues& values = rows.column(column);
  const Result<std::string> text = canonical_decimal(std::to_string(values.values[row]) + "e-" +
                                                     std::to_string(values.scale + shift));
  return text ? *text : text.error().message();
}

class Fallback : public ::testing::Test {
 protected:
  void make_world(const sim::GeneratedOptions& options) {
    truth_ = std::make_unique<ShapedTruth>(options);
    world_ = std::make_unique<SimWorld>(*truth_);
  }

  /// Of `symbol` of BloFin, filled by `fallbacks`.
  [[nodiscard]] backfill::RunOptions options(std::vector<std::string> fallbacks,
                                             const std::string& symbol = "BTC-USDT") const {
    backfill::RunOptions run = world_->options("blofin/swap", {symbol}, {kFrom, kTo});
    for (const char* const other : {"okx", "bybit"}) {
      run.base_urls[other] = run.base_urls["blofin"];
    }
    run.fallbacks["blofin"] = std::move(fallbacks);
    return run;
  }
  backfill::RunReport run(const backfill::RunOptions& options) {
    backfill::RunReport report = world_->run(options);
    EXPECT_EQ(world_->ledger().counters().limited + world_->ledger().counters().banned, 0U);
    return report;
  }
  [[nodiscard]] Series own(const std::string& symbol = "BTC-USDT") const {
    return world_->series("blofin/swap", symbol);
  }
  [[nodiscard]] Series okx() const { return world_->series("okx/swap", "BTC-USDT-SWAP"); }
  [[nodiscard]] Series bybit() const { return world_->series("bybit/linear", "BTCUSDT"); }

  std::unique_ptr<ShapedTruth> truth_;
  std::unique_ptr<SimWorld> world_;
};

TEST_F(Fallback, WhatIsOlderThanTheOwnHistoryComesFromEachInItsTurn) {
  make_world(three_exchanges());
  const backfill::RunReport report = run(options({"okx", "bybit"}));
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(world_->difference(own(), bybit(), {kFrom, kOkxListed}), "");
  EXPECT_EQ(world_->difference(own(), okx(), {kOkxListed, kOwnListed}), "");
  EXPECT_EQ(world_->difference(own(), {kOwnListed, kTo}), "");

  const SeriesReport& series = report_of(report, own());
  EXPECT_EQ(rows_from(series, "bybit rest"), minutes(kFrom + kDayMs, kOkxListed));
  EXPECT_EQ(rows_from(series, "okx rest"), minutes(kOkxListed, kOwnListed));
  EXPECT_EQ(rows_from(series, "blofin rest"), minutes(kOwnListed, kTo));
  EXPECT_EQ(series.slots.held, minutes(kFrom + kDayMs, kTo));
  EXPECT_EQ(series.slots.missing, 0);
  EXPECT_EQ(series.not_listed, minutes(kFrom, kFrom + kDayMs)) << "nobody had it then";
  EXPECT_EQ(series.wanted.from, kFrom + kDayMs);
  EXPECT_TRUE(world_->verify(own()));
}

TEST_F(Fallback, ASecondRunSendsNothing) {
  make_world(three_exchanges());
  run(options({"okx", "bybit"}));
  const std::uint64_t requests = world_->ledger().counters().requests;
  const backfill::RunReport again = run(options({"okx", "bybit"}));
  EXPECT_EQ(backfill::exit_code(again, true), Exit::kComplete) << failures_of(again);
  EXPECT_EQ(again.requests, 0);
  EXPECT_EQ(again.candles_stored, 0);
  EXPECT_EQ(world_->ledger().counters().requests, requests);
  EXPECT_EQ(report_of(again, own()).slots.held, minutes(kFrom + kDayMs, kTo));
}

TEST_F(Fallback, WhatTheOwnExchangeLeftOutIsFilled) {
  make_world(three_exchanges());
  const TimeRange hole = {kWorldBegin - 4 * kDayMs, kWorldBegin - 4 * kDayMs + 90 * kMinuteMs};
  truth_->add_hole("BTC-USDT", hole);
  const backfill::RunReport report = run(options({"okx"}));
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(world_->difference(own(), okx(), {kOkxListed, kOwnListed}), "");
  EXPECT_EQ(world_->difference(own(), okx(), hole), "");
  EXPECT_EQ(world_->difference(own(), {kOwnListed, hole.from}), "");
  EXPECT_EQ(world_->difference(own(), {hole.to, kTo}), "");
  EXPECT_EQ(rows_from(report_of(report, own()), "okx rest"), minutes(kOkxListed, kOwnListed) + 90);
  EXPECT_TRUE(world_->conflicts(own()).empty()) << "rows that are held are not stored again";
}

TEST_F(Fallback, OwnCandlesWinWheneverTheyCome) {
  make_world(three_exchanges());
  world_->set_faults("klines market=blofin/swap status=403");
  const backfill::RunReport first = run(options({"okx"}));
  EXPECT_EQ(backfill::exit_code(first, true), Exit::kComplete) << failures_of(first);
  EXPECT_EQ(world_->difference(own(), okx(), {kFrom, kTo}), "");
  EXPECT_EQ(rows_from(report_of(first, own()), "blofin rest"), 0);

  world_->set_faults("");
  const backfill::RunReport later = run(options({"okx"}));
  EXPECT_EQ(backfill::exit_code(later, true), Exit::kComplete) << failures_of(later);
  EXPECT_EQ(world_->difference(own(), {kOwnListed, kTo}), "");
  EXPECT_EQ(world_->difference(own(), okx(), {kOkxListed, kOwnListed}), "");
  EXPECT_EQ(rows_from(report_of(later, own()), "okx rest"), 0);
}

TEST_F(Fallback, ABlockedOneIsLeftOutAndTheChainGoesOn) {
  make_world(three_exchanges());
  world_->set_faults("any market=okx/swap status=451");
  backfill::RunOptions chained = options({"okx", "bybit"});
  chained.from.offset_ms = kFrom + kDayMs;  // from when on Bybit has it
  const backfill::RunReport report = run(chained);
  EXPECT_EQ(world_->difference(own(), bybit(), {kFrom, kOwnListed}), "");
  EXPECT_EQ(world_->difference(own(), {kOwnListed, kTo}), "");
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(world_->observer().count(backfill::Event::Type::kWarning), 1U) << "said once";
}

TEST_F(Fallback, WhatABlockedOneMayHaveIsMissing) {
  make_world(three_exchanges());
  world_->set_faults("any market=okx/swap status=451");
  const backfill::RunReport report = run(options({"okx"}));
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kTemporary) << failures_of(report);
  EXPECT_EQ(report_of(report, own()).slots.missing, minutes(kFrom, kOwnListed));
  EXPECT_THAT(failures_of(report), HasSubstr("--proxy"));
}

TEST_F(Fallback, MultipliersAreRescaled) {
  sim::GeneratedOptions options = three_exchanges();
  options.named = {
      {Market::kBlofinSwap, instrument("1000BONK-USDT", "1000BONK", {kOwnListed, kTimeMax})},
      {Market::kOkxSwap, instrument("BONK-USDT-SWAP", "BONK", {kOkxListed, kTimeMax})},
  };
  make_world(options);
  const backfill::RunReport report = run(this->options({"okx"}, "1000BONK-USDT"));
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  const Series other = world_->series("okx/swap", "BONK-USDT-SWAP");
  const TimeRange range = {kOkxListed, kOwnListed};
  const CandleBatch held = world_->stored_rows(own("1000BONK-USDT"), range);
  const CandleBatch theirs = world_->true_rows(other, range);
  ASSERT_EQ(held.row_count(), theirs.row_count());
  for (std::size_t row = 0; row < held.row_count(); ++row) {
    EXPECT_EQ(decimal(held, Column::kClose, row, 3), decimal(theirs, Column::kClose, row, 0));
    EXPECT_EQ(decimal(held, Column::kVolume, row, -3), decimal(theirs, Column::kVolume, row, 0));
    EXPECT_EQ(decimal(held, Column::kQuoteVolume, row, 0),
              decimal(theirs, Column::kQuoteVolume, row, 0));
    if (HasFailure()) return;
  }
}

TEST_F(Fallback, BehindTheDelistingNothingIsWanted) {
  sim::GeneratedOptions options = three_exchanges();
  const TimeMs delisted = kWorldBegin - 4 * kDayMs;
  options.named[0].second.life.to = delisted;
  make_world(options);
  const backfill::RunReport report = run(this->options({"okx"}));
  EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
  EXPECT_EQ(world_->stored_rows(own(), {delisted, kTo}).row_count(), 0U);
  EXPECT_EQ(world_->difference(own(), okx(), {kOkxListed, kOwnListed}), "");
}

TEST_F(Fallback, APlanCountsWhatTheChainIsAskedFor) {
  make_world(three_exchanges());
  const backfill::RunReport plan = world_->plan(options({"okx", "bybit"}));
  std::map<std::string, std::int64_t> candles;
  for (const plan::SourceTotals& totals : plan.planned) candles[totals.source] = totals.candles;
  EXPECT_EQ(candles["blofin/swap rest"], minutes(kOwnListed, kTo));
  EXPECT_EQ(candles["okx/swap rest"], minutes(kOkxListed, kOwnListed));
  EXPECT_EQ(candles["bybit/linear rest"], minutes(kFrom + kDayMs, kOkxListed));
  EXPECT_EQ(world_->ledger().counters().klines, 0U);
}

TEST_F(Fallback, AnUnknownOneIsRefused) {
  make_world(three_exchanges());
  const backfill::RunReport report = world_->run(options({"okex"}));
  EXPECT_EQ(backfill::exit_code(report, false), Exit::kUsage);
  EXPECT_THAT(failures_of(report), HasSubstr("did you mean \"okx\""));
}

TEST_F(Fallback, FaultsInTheChainLeaveTheTruthOfOneOrTheOther) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    make_world(three_exchanges());
    world_->exchange().faults() = sim::FaultPlan::swarm(seed, sim::Swarm::kTransport);
    for (int runs = 0; runs < 5; ++runs) {
      world_->run(options({"okx", "bybit"}));
      EXPECT_EQ(world_->wrong_row(own(), {kOwnListed, kTo}), "");
      world_->sleep(2 * kDayMs);
    }
    world_->set_faults("");
    world_->run(options({"okx", "bybit"}));
    world_->sleep(2 * kDayMs);
    const backfill::RunReport report = world_->run(options({"okx", "bybit"}));
    EXPECT_EQ(backfill::exit_code(report, true), Exit::kComplete) << failures_of(report);
    EXPECT_EQ(world_->difference(own(), {kOwnListed, kTo}), "");
    EXPECT_EQ(report_of(report, own()).slots.held, minutes(kFrom + kDayMs, kTo));
  }
}

}  // namespace
}  // namespace bf::test
