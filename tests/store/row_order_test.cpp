// tests/store/row_order_test.cpp
//
// Goal: what a user imports never stands against what the exchange itself said.
#include "store/row_order.h"

#include <gtest/gtest.h>

namespace bf::store {
namespace {

TEST(RowOrder, RanksAnImportBehindEveryOtherChannelOfTheExchange) {
  Answer import;
  import.exchange = "binance";
  import.channel = Channel::kImport;
  import.asked_at = 2'000;
  for (const Channel channel :
       {Channel::kRest, Channel::kArchiveDaily, Channel::kArchiveMonthly, Channel::kStream}) {
    Answer other = import;
    other.channel = channel;
    other.asked_at = 1'000;  // however much older
    EXPECT_TRUE(compare_rank(other, import, "binance") > 0) << channel_name(channel);
    EXPECT_TRUE(compare_rank(import, other, "binance") < 0) << channel_name(channel);
  }
}

TEST(RowOrder, RanksTheLaterOfTwoImportsHigher) {
  Answer first;
  first.exchange = "binance";
  first.channel = Channel::kImport;
  first.asked_at = 1'000;
  Answer second = first;
  second.asked_at = 2'000;
  EXPECT_TRUE(compare_rank(second, first, "binance") > 0);
}

}  // namespace
}  // namespace bf::store
