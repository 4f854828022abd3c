// tests/exchange/canonical_test.cpp
//
// Goal: the same thing has the same canonical symbol on every exchange, and no real name is cut.
// Method: the spellings that the exchanges use, and names that look like them.
#include "engine/exchange/canonical.h"

#include <gtest/gtest.h>

namespace bf::exchange {
namespace {

constexpr TimeMs kExpiry = 1'735'286'400'000;  // 2024-12-27T08:00:00Z

std::string canonical(const InstrumentTerms& terms) {
  const std::optional<CanonicalSymbol> symbol = canonical_symbol(terms);
  return symbol ? symbol->text() : "none";
}

TEST(SplitMultiplier, TakesTheSpellingsThatExchangesUse) {
  const CoinSet listed = {"BABYDOGE", "MOG", "IL"};
  struct Case {
    std::string_view base;
    CoinName name;
  };
  const Case cases[] = {
      {"BTC", {"BTC", "1"}},
      {"1000SHIB", {"SHIB", "1000"}},
      {"10000SATS", {"SATS", "10000"}},
      {"100000ABC", {"ABC", "100000"}},
      {"1000000MOG", {"MOG", "1000000"}},
      {"1MMOG", {"MOG", "1000000"}},
      {"1MBABYDOGE", {"BABYDOGE", "1000000"}},
      {"SHIB1000", {"SHIB", "1000"}},
      {"1000X", {"X", "1000"}},
  };
  for (const Case& one : cases) EXPECT_EQ(split_multiplier(one.base, listed), one.name) << one.base;
}

TEST(SplitMultiplier, LeavesRealNamesWhole) {
  const CoinSet listed = {"IL", "BTC"};
  for (const std::string_view base :
       {"1INCH", "1000", "1MIL", "1MIDDLE", "1M", "10SET", "100X", "10000000X", "1000-X", "X1000",
        "BTC1000", "0X", "", "币安人生"}) {
    EXPECT_EQ(split_multiplier(base, listed), (CoinName{std::string(base), "1"})) << base;
  }
}

TEST(SplitMultiplier, KnowsACoinOfTheListWhenItReadsThatList) {
  std::vector<InstrumentInfo> list(3);
  list[0].base_asset = "WHALE";
  list[1].base_asset = "1MWHALE";
  list[2].base_asset = "1000BONK";
  set_multipliers(list);
  EXPECT_EQ(list[0].multiplier, "1");
  EXPECT_EQ(list[1].multiplier, "1000000");
  EXPECT_EQ(list[2].multiplier, "1000");
  // Whoever reads the multiplier later has no list at hand.
  list[1].quote_asset = "USDT";
  EXPECT_EQ(canonical_symbol(list[1])->text(), "WHALE/USDT");
}

TEST(CanonicalSymbol, NamesSpotPerpetualsAndDatedFutures) {
  EXPECT_EQ(canonical({"BTC", "USDT", "", "", "1", 0}), "BTC/USDT");
  EXPECT_EQ(canonical({"BTC", "USDT", "USDT", "PERPETUAL", "1", 0}), "BTC/USDT:USDT");
  EXPECT_EQ(canonical({"BTC", "USD", "BTC", "InversePerpetual", "1", 0}), "BTC/USD:BTC");
  EXPECT_EQ(canonical({"BTC", "USDT", "USDT", "CURRENT_QUARTER", "1", kExpiry}),
            "BTC/USDT:USDT-241227");
  EXPECT_EQ(canonical({"BTC", "USD", "BTC", "InverseFutures", "1", kExpiry}), "BTC/USD:BTC-241227");
  EXPECT_EQ(canonical({"1000BONK", "USDT", "USDT", "PERPETUAL", "1000", 0}), "BONK/USDT:USDT");
}

TEST(CanonicalSymbol, ADelistedPerpetualKeepsItsName) {
  EXPECT_EQ(canonical({"BTC", "USDT", "USDT", "PERPETUAL", "1", kExpiry}), "BTC/USDT:USDT");
  EXPECT_EQ(canonical({"BTC", "USDT", "USDT", "TRADIFI_PERPETUAL", "1", kExpiry}), "BTC/USDT:USDT");
  EXPECT_EQ(canonical({"BTC", "USDT", "USDT", "swap", "1", kExpiry}), "BTC/USDT:USDT");
  EXPECT_EQ(canonical({"BTC", "USDT", "", "", "1", kExpiry}), "BTC/USDT") << "spot never expires";
}

TEST(CanonicalSymbol, HasNoneWhereTheAssetsAreNotKnown) {
  EXPECT_EQ(canonical({"", "USDT", "", "", "1", 0}), "none");
  EXPECT_EQ(canonical({"BTC", "", "", "", "1", 0}), "none");
  EXPECT_EQ(canonical({"A/B", "USDT", "", "", "1", 0}), "none");
  EXPECT_EQ(canonical({"BTC", "USDT", "A:B", "", "1", 0}), "none");
}

TEST(ParseCanonical, ReadsWhatIsWritten) {
  for (const std::string_view text :
       {"BTC/USDT", "BTC/USDT:USDT", "BTC/USD:BTC-241227", "币安人生/USDT", "1INCH/USDT:USDT"}) {
    const Result<CanonicalSymbol> symbol = parse_canonical(text);
    ASSERT_TRUE(symbol) << text;
    EXPECT_EQ(symbol->text(), text);
  }
  EXPECT_EQ(parse_canonical("BTC/USD:BTC-241227")->expiry, slot_begin(Interval::k1d, kExpiry));
}

TEST(ParseCanonical, RefusesTheRest) {
  for (const std::string_view text :
       {"", "BTCUSDT", "/USDT", "BTC/", "BTC/USDT:", "BTC/USDT:USDT-", "BTC/USDT:USDT-24122",
        "BTC/USDT:USDT-241327", "BTC/USDT:USDT-2412 7", "BTC/USDT/X", "BTC/USDT:A:B",
        "BTC/USDT:-241227"}) {
    const Result<CanonicalSymbol> symbol = parse_canonical(text);
    ASSERT_FALSE(symbol) << text;
    EXPECT_EQ(symbol.error().code(), Code::kUsage) << text;
  }
}

}  // namespace
}  // namespace bf::exchange
