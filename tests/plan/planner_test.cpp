// Goal: each slot is asked for once, of the source that pays. Method: the calendar of a few months.
#include "engine/plan/planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bf::plan {
namespace {

using testing::HasSubstr;

const Series kSeries{Instrument{"binance", "um", "BTCUSDT"}, Kind::kCandles, Interval::k1m};

TimeMs at(std::string_view text) { return *parse_time(text); }

class PlannerTest : public testing::Test {
 protected:
  PlannerTest() { options_.now = at("2024-03-20T15:00:00Z"); }

  SeriesPlan plan(const RangeSet& wanted, SourceChoice source = SourceChoice::kAuto) {
    options_.source = source;
    SeriesPlan plan = plan_series(series_, wanted, market_, archive_, options_);
    RangeSet seen;
    for (const exchange::ArchiveFile& file : plan.files) {
      EXPECT_TRUE(seen.intersect(file.range).empty()) << file.path;
      seen.add(file.range);
    }
    for (const PageWindow& page : plan.pages) {
      EXPECT_TRUE(seen.intersect(page.window).empty()) << format_range(page.window);
      seen.add(page.window);
    }
    if (source != SourceChoice::kArchive) {
      for (const TimeRange& range : wanted.ranges()) EXPECT_TRUE(seen.covers(range));
    }
    return plan;
  }

  const exchange::MarketApi& market_ = **exchange::find_market("binance", "um");
  const exchange::ArchiveApi* archive_ = exchange::find_archive("binance", "um");
  Series series_ = kSeries;
  PlanOptions options_;
};

TEST_F(PlannerTest, WholeMonthsThenDaysThenPages) {
  const SeriesPlan got = plan(RangeSet({at("2024-01-10"), at("2024-03-20T14:00:00Z")}));
  // January and February are published; March is not, but its days to the 19th are.
  ASSERT_EQ(got.files.size(), 2U + 19U);
  EXPECT_THAT(got.files[0].path, HasSubstr("monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01.zip"));
  EXPECT_THAT(got.files[1].path, HasSubstr("BTCUSDT-1m-2024-02.zip"));
  EXPECT_THAT(got.files[2].path, HasSubstr("daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-03-01.zip"));
  EXPECT_THAT(got.files.back().path, HasSubstr("BTCUSDT-1m-2024-03-19.zip"));
  ASSERT_FALSE(got.pages.empty());
  EXPECT_EQ(got.pages.front().window.from, at("2024-03-20"));
  EXPECT_EQ(got.pages.back().window.to, at("2024-03-20T14:00:00Z"));
}

TEST_F(PlannerTest, AFileIsNotAskedForBeforeItIsPublished) {
  options_.now = at("2024-03-04T12:00:00Z");  // the first Monday of March: a day too early
  const SeriesPlan early = plan(RangeSet({at("2024-02-01"), at("2024-03-01")}));
  ASSERT_EQ(early.files.size(), 29U);
  EXPECT_FALSE(early.files[0].monthly);
  options_.now = at("2024-03-05");
  const SeriesPlan due = plan(RangeSet({at("2024-02-01"), at("2024-03-01")}));
  ASSERT_EQ(due.files.size(), 1U);
  EXPECT_TRUE(due.files[0].monthly);

  options_.now = at("2024-03-20T09:59:00Z");
  EXPECT_TRUE(plan(RangeSet({at("2024-03-19"), at("2024-03-20")})).files.empty());
  options_.now = at("2024-03-20T10:00:00Z");
  EXPECT_EQ(plan(RangeSet({at("2024-03-19"), at("2024-03-20")})).files.size(), 1U);
}

TEST_F(PlannerTest, AFewSlotsAreCheaperByRest) {
  const TimeMs day = at("2024-01-10");
  const SeriesPlan got = plan(RangeSet({day, day + 999 * kMinuteMs}));
  EXPECT_TRUE(got.files.empty());
  EXPECT_FALSE(got.pages.empty());
  EXPECT_EQ(plan(RangeSet({day, day + 1'000 * kMinuteMs})).files.size(), 1U);
  EXPECT_FALSE(plan(RangeSet({day, day + 2 * kDayMs})).files.front().monthly);
  EXPECT_TRUE(plan(RangeSet({day, day + 3'000 * kMinuteMs})).files.front().monthly);
}

TEST_F(PlannerTest, WhatTheArchiveLacksIsLeftToRest) {
  options_.archive_answered.add({at("2024-01-01"), at("2024-02-01")});
  const SeriesPlan got = plan(RangeSet({at("2024-01-01"), at("2024-02-10")}));
  for (const exchange::ArchiveFile& file : got.files) {
    EXPECT_GE(file.range.from, at("2024-02-01")) << file.path;
  }
  EXPECT_EQ(got.pages.front().window.from, at("2024-01-01"));
  EXPECT_EQ(got.pages.back().window.to, at("2024-02-01"));
}

TEST_F(PlannerTest, RestAloneAndArchiveAlone) {
  const RangeSet wanted({at("2024-01-10"), at("2024-03-20T14:00:00Z")});
  EXPECT_TRUE(plan(wanted, SourceChoice::kRest).files.empty());
  const SeriesPlan archive = plan(wanted, SourceChoice::kArchive);
  EXPECT_TRUE(archive.pages.empty());
  EXPECT_EQ(archive.files.size(), 21U);
  // A single slot is worth a file, when a file is all there may be.
  const TimeMs slot = at("2024-01-10T12:00:00Z");
  EXPECT_EQ(plan(RangeSet({slot, slot + kMinuteMs}), SourceChoice::kArchive).files.size(), 1U);
  options_.archive_answered.add({at("2024-01-01"), at("2024-04-01")});
  EXPECT_TRUE(plan(wanted, SourceChoice::kArchive).empty());
}

TEST_F(PlannerTest, WithoutAnArchiveThereAreOnlyPages) {
  archive_ = nullptr;
  const RangeSet wanted({at("2024-01-01"), at("2024-02-01")});
  EXPECT_FALSE(plan(wanted).pages.empty());
  EXPECT_TRUE(plan(wanted, SourceChoice::kArchive).empty());
}

TEST_F(PlannerTest, AWeekBelongsToTheMonthInWhichItOpens) {
  series_.interval = Interval::k1w;
  options_.archive_rows_min = 1;
  options_.archive_answered.add({at("2024-02-01"), at("2024-04-01")});
  // Mondays from 2024-01-29 on: the first one lies in January's file, though it ends in February.
  const RangeSet wanted({at("2024-01-29"), at("2024-02-19")});
  const SeriesPlan got = plan_series(series_, wanted, market_, archive_, options_);
  ASSERT_EQ(got.files.size(), 1U);
  ASSERT_EQ(got.pages.size(), 1U);
  EXPECT_EQ(got.pages[0].window, (TimeRange{at("2024-02-05"), at("2024-02-19")}));
}

TEST_F(PlannerTest, NothingWantedIsAnEmptyPlan) {
  EXPECT_TRUE(plan(RangeSet()).empty());
  EXPECT_TRUE(plan(RangeSet(), SourceChoice::kArchive).empty());
}

TEST_F(PlannerTest, TotalsAddUpBySource) {
  std::vector<SourceTotals> totals;
  const SeriesPlan both = plan(RangeSet({at("2024-02-01"), at("2024-03-20T14:00:00Z")}));
  add_totals(both, market_, archive_, totals);
  add_totals(both, market_, archive_, totals);
  ASSERT_EQ(totals.size(), 2U);
  EXPECT_EQ(totals[0].source, "binance archive");
  EXPECT_EQ(totals[0].requests, 2 * 2 * 20);
  EXPECT_EQ(totals[0].candles, 2 * (29 + 19) * 1'440);
  EXPECT_EQ(totals[0].weight, 0);
  EXPECT_EQ(totals[1].source, "binance/um rest");
  EXPECT_EQ(totals[1].candles, 2 * 840);
  EXPECT_EQ(totals[1].weight, 2 * 4);  // 499 + 341 rows
  EXPECT_GT(totals[1].bytes, 2 * 840 * 100);
}

TEST(PlannerTotals, SecondsAreWhatTheBindingRuleImposes) {
  const exchange::MarketApi& um = **exchange::find_market("binance", "um");
  SourceTotals totals;
  totals.weight = 541 * 520;  // 541 symbols, 90 days of 1m
  set_seconds(totals, um.limit_rules(), 100);
  EXPECT_EQ(totals.seconds, 117 * 60);
  set_seconds(totals, um.limit_rules(), 50);
  EXPECT_EQ(totals.seconds, 234 * 60);
  totals.weight = 2'400;
  set_seconds(totals, um.limit_rules(), 100);
  EXPECT_EQ(totals.seconds, 0);
  totals.weight = 2'401;
  set_seconds(totals, um.limit_rules(), 100);
  EXPECT_EQ(totals.seconds, 60);

  const limits::LimitRule tokens{
      "tokens", limits::Unit::kRequests, limits::Shape::kTokenBucket, 100, 5'000, ""};
  totals.requests = 700;
  set_seconds(totals, {tokens}, 100);
  EXPECT_EQ(totals.seconds, 30);
  set_seconds(totals, {}, 100);
  EXPECT_EQ(totals.seconds, 0);
}

TEST(PlannerTotals, ARuleForOneEndpointCountsThatOneAlone) {
  const RangeSet days({at("2024-01-01"), at("2024-03-01")});
  const auto seconds = [&days](std::string_view exchange, std::string_view market) {
    const exchange::MarketApi& api = **exchange::find_market(exchange, market);
    const Series series{Instrument{std::string(exchange), std::string(market), "A"}, Kind::kCandles,
                        Interval::k1m};
    std::vector<SourceTotals> totals;
    add_totals(plan_series(series, days, api, nullptr, PlanOptions{}), api, nullptr, totals);
    set_seconds(totals.at(0), api.limit_rules(), 100);
    return totals[0].seconds;
  };
  EXPECT_EQ(seconds("okx", "swap"), (288 - 1) / 20 * 2) << "not the 10 in 2 s of other endpoints";
  EXPECT_EQ(seconds("deribit", "futures"), 0) << "not the one in a second of its lists";
}

TEST(Throughput, IsThatOfTheBestPagesUnderTheTightestRule) {
  const auto of = [](std::string_view exchange, std::string_view market, int share) {
    const Throughput most = throughput_of(**exchange::find_market(exchange, market), Kind::kCandles,
                                          Interval::k1m, share);
    return std::pair<std::int64_t, std::int64_t>(most.page_rows, most.candles_per_minute);
  };
  EXPECT_EQ(of("binance", "um", 100), std::pair(499L, 1'200L * 499));
  EXPECT_EQ(of("binance", "um", 50), std::pair(499L, 600L * 499));
  EXPECT_EQ(of("binance", "spot", 100), std::pair(1'000L, 3'000L * 1'000));
  EXPECT_EQ(of("okx", "swap", 90), std::pair(300L, 18 * 30L * 300));
  EXPECT_EQ(of("blofin", "swap", 100), std::pair(1'440L, 300L * 1'440));
  EXPECT_EQ(of("deribit", "futures", 100), std::pair(5'000L, 20 * 60L * 5'000));
}

TEST(SourceChoice, IsReadFromItsName) {
  EXPECT_EQ(*parse_source_choice("auto"), SourceChoice::kAuto);
  EXPECT_EQ(*parse_source_choice("rest"), SourceChoice::kRest);
  EXPECT_EQ(*parse_source_choice("archive"), SourceChoice::kArchive);
  const Result<SourceChoice> unknown = parse_source_choice("ftp");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), Code::kUsage);
}

Series funding_series(std::string exchange, std::string market) {
  return {Instrument{std::move(exchange), std::move(market), "X"}, Kind::kFunding,
          Interval::kEvents};
}

SeriesPlan funding_plan(const Series& series, const RangeSet& wanted) {
  const exchange::MarketApi& market =
      **exchange::find_market(series.instrument.exchange, series.instrument.market);
  const exchange::ArchiveApi* const archive =
      exchange::find_archive(series.instrument.exchange, series.instrument.market);
  return plan_series(series, wanted, market, archive, PlanOptions());
}

TEST(PlanEvents, AsksForARangeWhole) {
  const TimeRange years = {at("2021-01-01"), at("2024-01-01T00:00:00.123Z")};
  const SeriesPlan got = funding_plan(funding_series("binance", "um"), RangeSet(years));
  EXPECT_TRUE(got.files.empty());
  ASSERT_EQ(got.pages.size(), 1U);
  EXPECT_EQ(got.pages.front().window, years);
  EXPECT_EQ(got.pages.front().weight, 0U);
  EXPECT_EQ(got.pages.front().requests, 4U) << "3,286 events of 8 hours at 1,000 a page";
}

TEST(PlanEvents, JoinsRangesThatOnePageHolds) {
  RangeSet wanted;
  wanted.add({at("2024-01-01"), at("2024-01-02")});
  wanted.add({at("2024-01-20"), at("2024-01-21")});
  EXPECT_EQ(funding_plan(funding_series("binance", "um"), wanted).pages.size(), 1U);
  EXPECT_EQ(funding_plan(funding_series("okx", "swap"), wanted).pages.size(), 2U);
}

TEST(PlanEvents, CountsTheWindowsThatAnExchangeTakes) {
  const SeriesPlan got = funding_plan(funding_series("deribit", "futures"),
                                      RangeSet({at("2023-01-01"), at("2024-01-01")}));
  ASSERT_EQ(got.pages.size(), 1U);
  EXPECT_EQ(got.pages.front().requests, 12U);
}

TEST(PlanEvents, TakeTheTimeOfTheirOwnEndpoint) {
  const exchange::MarketApi& market = **exchange::find_market("binance", "um");
  std::vector<SourceTotals> totals;
  const RangeSet month({at("2024-01-01"), at("2024-02-01")});
  for (int i = 0; i < 600; ++i) {
    add_totals(funding_plan(funding_series("binance", "um"), month), market, nullptr, totals);
  }
  ASSERT_EQ(totals.size(), 1U);
  set_seconds(totals.front(), market.limit_rules(), 100);
  EXPECT_EQ(totals.front().requests, 600);
  EXPECT_EQ(totals.front().weight, 0);
  EXPECT_EQ(totals.front().seconds, 300) << "500 in five minutes";

  // Candles do not wait for it.
  std::vector<SourceTotals> candles;
  PlanOptions options;
  options.source = SourceChoice::kRest;
  const SeriesPlan pages = plan_series(kSeries, RangeSet({at("2023-01-01"), at("2023-12-01")}),
                                       market, nullptr, options);
  add_totals(pages, market, nullptr, candles);
  ASSERT_GT(candles.front().requests, 500);
  set_seconds(candles.front(), market.limit_rules(), 100);
  EXPECT_EQ(candles.front().seconds, 0);
}

}  // namespace
}  // namespace bf::plan
