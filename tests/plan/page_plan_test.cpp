// Goal: no plan of pages is beaten, and each covers exactly what is wanted. Method: brute force over
// small bands and random sets; arithmetic for the runs that matter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <random>

#include "engine/plan/planner.h"

namespace bf::plan {
namespace {

using exchange::PageBand;

constexpr TimeMs kBegin = 1'700'000'040'000;
constexpr std::array<PageBand, 4> kUm = {{{99, 1}, {499, 2}, {1000, 5}, {1500, 10}}};
constexpr std::array<PageBand, 1> kSpot = {{{1000, 2}}};

TimeRange minutes(std::int64_t from, std::int64_t to) {
  return {kBegin + from * kMinuteMs, kBegin + to * kMinuteMs};
}

std::int64_t weight_of(const std::vector<PageWindow>& pages) {
  std::int64_t weight = 0;
  for (const PageWindow& page : pages) weight += page.weight;
  return weight;
}

/// What every plan must keep, whatever it costs.
void check_plan(Interval interval, const RangeSet& wanted, std::span<const PageBand> bands,
                const std::vector<PageWindow>& pages) {
  RangeSet covered;
  TimeMs last = kTimeMin;
  for (const PageWindow& page : pages) {
    ASSERT_LT(last, page.window.to);
    ASSERT_LE(last, page.window.from) << "pages overlap";
    last = page.window.to;
    const std::int64_t rows = slot_count(interval, page.window);
    ASSERT_EQ(rows, page.rows_max);
    const auto* const band = std::find_if(bands.data(), bands.data() + bands.size(),
                                          [&](auto& b) { return rows <= b.rows_max; });
    ASSERT_NE(band, bands.data() + bands.size());
    ASSERT_EQ(page.weight, band->weight);
    ASSERT_TRUE(wanted.contains(page.window.from)) << "begins with a slot that is not wanted";
    ASSERT_TRUE(wanted.contains(page.window.to - 1)) << "ends with a slot that is not wanted";
    covered.add(page.window);
  }
  for (const TimeRange& range : wanted.ranges()) {
    ASSERT_TRUE(covered.covers(range)) << format_range(range) << " is not covered";
  }
}

TEST(PagePlan, NothingWantedIsNoPage) { EXPECT_TRUE(plan_pages(Interval::k1m, {}, kUm).empty()); }

TEST(PagePlan, OneSlotIsOnePageOfOneRow) {
  const std::vector<PageWindow> pages = plan_pages(Interval::k1m, RangeSet(minutes(7, 8)), kUm);
  ASSERT_EQ(pages.size(), 1U);
  EXPECT_EQ(pages[0].window, minutes(7, 8));
  EXPECT_EQ(pages[0].rows_max, 1U);
  EXPECT_EQ(pages[0].weight, 1U);
}

TEST(PagePlan, LongRunsGoByTheBandWithTheMostRowsPerWeight) {
  // 90 days: 259 pages of 499 rows and one of 359.
  const std::vector<PageWindow> pages =
      plan_pages(Interval::k1m, RangeSet(minutes(0, 129'600)), kUm);
  check_plan(Interval::k1m, RangeSet(minutes(0, 129'600)), kUm, pages);
  EXPECT_EQ(pages.size(), 260U);
  EXPECT_EQ(weight_of(pages), 520);
}

TEST(PagePlan, TheRestOfARunIsFilledWithWhatCostsLeast) {
  struct Case {
    std::int64_t rows;
    std::int64_t weight;
    std::size_t pages;
  };
  // By hand: 598 = 499 + 99 for 3; 1000 costs 5 in one page and 2 + 2 + 1 in three; 1097 costs 5.
  for (const Case& test :
       {Case{99, 1, 1}, Case{100, 2, 1}, Case{499, 2, 1}, Case{500, 3, 2}, Case{598, 3, 2},
        Case{599, 4, 2}, Case{998, 4, 2}, Case{999, 5, 1}, Case{1000, 5, 1}, Case{1097, 5, 3},
        Case{1499, 7, 2}, Case{1500, 7, 4}}) {
    const RangeSet wanted(minutes(0, test.rows));
    const std::vector<PageWindow> pages = plan_pages(Interval::k1m, wanted, kUm);
    check_plan(Interval::k1m, wanted, kUm, pages);
    EXPECT_EQ(weight_of(pages), test.weight) << test.rows;
    EXPECT_EQ(pages.size(), test.pages) << test.rows;
  }
}

TEST(PagePlan, BridgesAGapWhereOnePageCostsLessThanTwo) {
  RangeSet wanted;
  for (int i = 0; i < 10; ++i) wanted.add(minutes(i * 40, i * 40 + 1));
  const std::vector<PageWindow> pages = plan_pages(Interval::k1m, wanted, kUm);
  ASSERT_EQ(pages.size(), 1U);
  EXPECT_EQ(pages[0].window, minutes(0, 361));
  EXPECT_EQ(pages[0].weight, 2U);
}

TEST(PagePlan, DoesNotBridgeWhatCostsMore) {
  RangeSet wanted;
  wanted.add(minutes(0, 1));
  wanted.add(minutes(900, 901));
  const std::vector<PageWindow> pages = plan_pages(Interval::k1m, wanted, kUm);
  ASSERT_EQ(pages.size(), 2U);
  EXPECT_EQ(weight_of(pages), 2);
  EXPECT_EQ(pages[1].window, minutes(900, 901));
}

TEST(PagePlan, FlatWeightsTakeFullPages) {
  const RangeSet wanted(minutes(0, 129'600));
  const std::vector<PageWindow> pages = plan_pages(Interval::k1m, wanted, kSpot);
  check_plan(Interval::k1m, wanted, kSpot, pages);
  EXPECT_EQ(pages.size(), 130U);
  EXPECT_EQ(weight_of(pages), 260);
}

TEST(PagePlan, MonthsAreSlotsToo) {
  const RangeSet wanted({*parse_time("2019-09"), *parse_time("2026-11")});
  const std::vector<PageWindow> pages = plan_pages(Interval::k1mo, wanted, kUm);
  check_plan(Interval::k1mo, wanted, kUm, pages);
  ASSERT_EQ(pages.size(), 1U);
  EXPECT_EQ(pages[0].rows_max, 86U);
}

TEST(PagePlan, AMillionSlotsWithAMillionHolesTakeNoTimeToSpeakOf) {
  RangeSet wanted;
  for (int i = 0; i < 500'000; ++i) wanted.add(minutes(2 * i, 2 * i + 1));
  const std::vector<PageWindow> pages = plan_pages(Interval::k1m, wanted, kUm);
  check_plan(Interval::k1m, wanted, kUm, pages);
  // A page of 499 slots begins and ends with a wanted one, and the next begins 500 behind it.
  EXPECT_EQ(pages.size(), 2'000U);
}

// Brute force: the least (weight, pages) from the first uncovered wanted slot on, over every page that
// begins at or before it.
struct Cost {
  std::int64_t weight = 0;
  std::int64_t pages = 0;
  auto operator<=>(const Cost&) const = default;
};

Cost cheapest(const std::vector<bool>& wanted, std::span<const PageBand> bands, std::size_t from,
              std::map<std::size_t, Cost>& known) {
  while (from < wanted.size() && !wanted[from]) ++from;
  if (from == wanted.size()) return {};
  if (const auto at = known.find(from); at != known.end()) return at->second;
  Cost best{std::numeric_limits<std::int64_t>::max(), 0};
  for (const PageBand& band : bands) {
    for (std::size_t rows = 1; rows <= band.rows_max; ++rows) {
      const std::size_t end = std::min(from + rows, wanted.size());
      Cost cost = cheapest(wanted, bands, end, known);
      cost.weight += band.weight;
      cost.pages += 1;
      best = std::min(best, cost);
    }
  }
  known[from] = best;
  return best;
}

std::vector<PageBand> random_bands(std::mt19937_64& random) {
  std::vector<PageBand> bands;
  PageBand band;
  const std::size_t count = 1 + random() % 4;
  for (std::size_t i = 0; i < count; ++i) {
    band.rows_max += static_cast<std::uint32_t>(1 + random() % 7);
    band.weight += static_cast<std::uint32_t>(1 + random() % 5);
    bands.push_back(band);
  }
  return bands;
}

TEST(PagePlan, IsNeverBeatenByBruteForce) {
  std::mt19937_64 random(2'026'1120);
  for (int round = 0; round < 1'500; ++round) {
    const std::vector<PageBand> bands = random_bands(random);
    std::vector<bool> slots(1 + random() % 160);
    RangeSet wanted;
    // From single slots in wide gaps to one long run.
    const std::uint64_t change = 1 + random() % 40;
    bool on = true;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (random() % change == 0) on = !on;
      slots[i] = on;
      const auto slot = static_cast<std::int64_t>(i);
      if (on) wanted.add(minutes(slot, slot + 1));
    }
    const std::vector<PageWindow> pages = plan_pages(Interval::k1m, wanted, bands);
    check_plan(Interval::k1m, wanted, bands, pages);
    std::map<std::size_t, Cost> known;
    const Cost best = cheapest(slots, bands, 0, known);
    std::string shown;
    for (const PageBand& band : bands) {
      shown += " " + std::to_string(band.rows_max) + "@" + std::to_string(band.weight);
    }
    ASSERT_EQ(weight_of(pages), best.weight) << "round " << round << ", bands" << shown;
    ASSERT_EQ(static_cast<std::int64_t>(pages.size()), best.pages)
        << "round " << round << ", bands" << shown;
  }
}

}  // namespace
}  // namespace bf::plan
