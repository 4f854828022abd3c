// Goal: the names of expired futures are those that Deribit gave them. Method: known ones.
#include "engine/exchange/deribit_calendar.h"

#include <gtest/gtest.h>

#include <set>

namespace bf::exchange::deribit {
namespace {

TEST(DeribitCalendar, ExpiresOnTheLastFridayAtEight) {
  EXPECT_EQ(format_time(last_friday(2024, 12)), "2024-12-27T08:00:00Z");
  EXPECT_EQ(last_friday(2022, 5), 1'653'638'400'000);  // BTC-27MAY22, as recorded
  EXPECT_EQ(format_time(last_friday(2020, 2)), "2020-02-28T08:00:00Z");
  EXPECT_EQ(format_time(last_friday(2019, 5)), "2019-05-31T08:00:00Z");
  EXPECT_EQ(format_time(last_friday(2026, 2)), "2026-02-27T08:00:00Z");
}

TEST(DeribitCalendar, EveryExpiryIsAFridayInTheLastSevenDaysOfItsMonth) {
  for (int year = 2019; year < 2100; ++year) {
    for (int month = 1; month <= 12; ++month) {
      const TimeMs expiry = last_friday(year, month);
      EXPECT_EQ(expiry / kDayMs % 7, 1) << year << "-" << month;  // 1970-01-01 was a Thursday
      EXPECT_EQ(to_civil(expiry).month, month);
      EXPECT_NE(to_civil(expiry + 7 * kDayMs).month, month);
    }
  }
}

TEST(DeribitCalendar, WritesDaysWithoutALeadingZero) {
  EXPECT_EQ(future_name("BTC", last_friday(2024, 12)), "BTC-27DEC24");
  EXPECT_EQ(future_name("BTC", from_civil({.year = 2026, .month = 6, .day = 5})), "BTC-5JUN26");
  EXPECT_EQ(future_name("ETH", from_civil({.year = 2105, .month = 1, .day = 2})), "ETH-2JAN05");
}

TEST(DeribitCalendar, NamesEachExpiredFutureOnceAndNoneThatTrades) {
  const TimeMs expiry = last_friday(2025, 7);
  const std::vector<DatedFuture> before = expired_futures("BTC", expiry - 1);
  const std::vector<DatedFuture> futures = expired_futures("BTC", expiry);
  EXPECT_EQ(before.size(), 78U);
  ASSERT_EQ(futures.size(), 79U);
  EXPECT_EQ(futures.front().symbol, "BTC-25JAN19");
  EXPECT_EQ(futures.back().symbol, "BTC-25JUL25");
  std::set<std::string> names;
  for (const DatedFuture& future : futures) names.insert(future.symbol);
  EXPECT_EQ(names.size(), futures.size());
  EXPECT_TRUE(expired_futures("BTC", 0).empty());
  EXPECT_LT(expired_futures("BTC", kTimeMax).size(), 2'200U);
}

}  // namespace
}  // namespace bf::exchange::deribit
