// tests/base/series_test.cpp
//
// Goal: every name that an exchange may think of has one path, two names never share one, and none
// leads out of its directory. Method: nasty names; every byte; random names both ways.
#include "store/base/series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <string>

#include "tests/support/sim_disk.h"

namespace bf {
namespace {

using ::testing::HasSubstr;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

Series series(std::string symbol, Kind kind = Kind::kCandles, Interval interval = Interval::k1m) {
  Series out;
  out.instrument = Instrument{"binance", "um", std::move(symbol)};
  out.kind = kind;
  out.interval = interval;
  return out;
}

TEST(EscapeSymbol, LeavesOrdinaryNamesAlone) {
  for (const char* name : {"BTCUSDT", "BTC-USDT-SWAP", "BTC_PERP", "BTC-27DEC24", "1000BONK"}) {
    EXPECT_EQ(escape_symbol(name).value(), name);
  }
}

TEST(EscapeSymbol, MakesNoPathOfItsOwn) {
  EXPECT_EQ(escape_symbol("..").value(), "%2E%2E");
  EXPECT_EQ(escape_symbol("a/B").value(), "%61%2FB");
  EXPECT_EQ(escape_symbol(std::string_view("A\0B", 3)).value(), "A%00B");
  EXPECT_EQ(escape_symbol("%41").value(), "%2541");
  EXPECT_EQ(escape_symbol("\xEF\xBC\x91").value(), "%EF%BC%91");  // a full-width 1
}

TEST(EscapeSymbol, BoundsTheName) {
  EXPECT_EQ(escape_symbol("").error().code(), Code::kUsage);
  EXPECT_EQ(escape_symbol(std::string(64, '.')).value().size(), 192U);
  EXPECT_EQ(escape_symbol(std::string(65, 'A')).error().code(), Code::kUsage);
}

TEST(EscapeSymbol, ComesBackFromEveryByte) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string name(1, static_cast<char>(byte));
    EXPECT_EQ(unescape_symbol(escape_symbol(name).value()).value(), name) << byte;
  }
}

TEST(EscapeSymbol, KeepsNamesApartWhereCaseIsIgnored) {
  std::map<std::string, std::string> names;  // by path without case
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    test::Random random(seed);
    constexpr std::string_view kLetters = "aAbB%2./-_6\xC3\xA9";
    std::string name;
    for (std::uint64_t i = random.below(4) + 1; i > 0; --i) {
      name.push_back(kLetters[random.below(kLetters.size())]);
    }
    const std::string escaped = escape_symbol(name).value();
    ASSERT_EQ(unescape_symbol(escaped).value(), name);
    const auto [at, is_new] = names.emplace(lower(escaped), name);
    ASSERT_EQ(at->second, name) << escaped;
  }
}

TEST(UnescapeSymbol, RefusesWhatIsNeverWritten) {
  for (const char* text :
       {"", "%41", "%2e", "%2", "%", "A%", "%GG", "a", "A.B", "A/B", "%%", "A%2"}) {
    EXPECT_EQ(unescape_symbol(text).error().code(), Code::kFormat) << text;
  }
  std::string long_name;
  for (int i = 0; i < 65; ++i) long_name += "%2E";
  EXPECT_EQ(unescape_symbol(long_name).error().code(), Code::kFormat);
}

TEST(Series, ReadsItsOwnPath) {
  for (const char* symbol : {"BTCUSDT", "..", "a/b", "btcusdt", "\xE5\xB8\x81\xE5\xAE\x89", "%"}) {
    for (std::size_t kind = 0; kind < 4; ++kind) {
      for (std::size_t interval = 0; interval < kIntervalCount; ++interval) {
        if (static_cast<Interval>(interval) == Interval::kEvents) continue;
        const Series one = series(symbol, static_cast<Kind>(kind), static_cast<Interval>(interval));
        EXPECT_EQ(parse_series_path(one.path()).value(), one) << one.path();
      }
    }
    const Series funding = series(symbol, Kind::kFunding, Interval::kEvents);
    EXPECT_EQ(parse_series_path(funding.path()).value(), funding);
  }
  EXPECT_EQ(series("BTCUSDT").path(), "binance/um/BTCUSDT/candles/1m");
  EXPECT_EQ(series("BTCUSDT", Kind::kFunding, Interval::kEvents).path(),
            "binance/um/BTCUSDT/funding/events");
  EXPECT_EQ(series("a/b").name(), "binance/um/a/b/candles/1m");
}

TEST(Series, OfEventsHasNoInterval) {
  EXPECT_TRUE(validate(series("BTCUSDT", Kind::kFunding, Interval::kEvents)));
  EXPECT_TRUE(validate(series("BTCUSDT", Kind::kMark, Interval::k1h)));
  for (const Series& wrong : {series("BTCUSDT", Kind::kFunding, Interval::k8h),
                              series("BTCUSDT", Kind::kCandles, Interval::kEvents)}) {
    const Result<void> valid = validate(wrong);
    ASSERT_FALSE(valid) << wrong.name();
    EXPECT_EQ(valid.error().code(), Code::kUsage);
  }
}

TEST(Series, RefusesOtherPaths) {
  for (const char* path :
       {"", "binance", "binance/um/BTCUSDT/candles", "binance/um/BTCUSDT/candles/1m/",
        "/binance/um/BTCUSDT/candles/1m", "binance/um/BTCUSDT/candles/1m/x",
        "binance/um/BTCUSDT/candles/events", "binance/um/BTCUSDT/funding/1m",
        "binance/um/BTCUSDT/trades/1m", "binance/um/btcusdt/candles/1m",
        "Binance/um/BTCUSDT/candles/1m", "../um/BTCUSDT/candles/1m", "binance//BTCUSDT/candles/1m",
        "binance/um//candles/1m", "binance/um/A%0AB/candles/1m",
        "abcdefghijklmnopq/um/BTCUSDT/candles/1m"}) {
    const Result<Series> parsed = parse_series_path(path);
    ASSERT_FALSE(parsed) << path;
    EXPECT_EQ(parsed.error().code(), Code::kFormat) << path;
  }
}

TEST(Instrument, RefusesNamesThatNobodyShouldSee) {
  EXPECT_TRUE(validate(Instrument{"binance", "um", "\xE5\xB8\x81\xE5\xAE\x89USDT"}));
  EXPECT_TRUE(validate(Instrument{"okx", "swap2", "BTC USDT"}));
  for (const char* symbol :
       {"", "A\nB", "A\x1B[31m", "A\x7F", "A\xC2\x9B", "A\xE2\x80\xAE", "A\xFF"}) {
    const Result<void> valid = validate(Instrument{"binance", "um", symbol});
    ASSERT_FALSE(valid) << symbol;
    EXPECT_EQ(valid.error().code(), Code::kUsage);
  }
  for (const char* name : {"", "Binance", "bin/ance", "..", "a b", "seventeenletters1"}) {
    EXPECT_FALSE(validate(Instrument{name, "um", "A"})) << name;
    EXPECT_FALSE(validate(Instrument{"binance", name, "A"})) << name;
  }
}

TEST(Kind, NamesRoundTrip) {
  for (std::size_t i = 0; i < 5; ++i) {
    const auto kind = static_cast<Kind>(i);
    EXPECT_EQ(parse_kind(kind_name(kind)).value(), kind);
  }
  EXPECT_THAT(parse_kind("trades").error().message(),
              HasSubstr("candles mark index premium funding"));
}

TEST(Printable, EscapesWhatATerminalObeys) {
  EXPECT_EQ(printable("BTC/USDT \xE5\xB8\x81 \xF0\x9F\x98\x80"),
            "BTC/USDT \xE5\xB8\x81 \xF0\x9F\x98\x80");
  EXPECT_EQ(printable("a\x1B[2J\r\n\x7F"), "a\\x1B[2J\\x0D\\x0A\\x7F");
  EXPECT_EQ(printable("\xC2\x9B"), "\\xC2\\x9B");           // C1: CSI
  EXPECT_EQ(printable("\xE2\x80\xAE"), "\\xE2\\x80\\xAE");  // right-to-left override
  EXPECT_EQ(printable("\xD8\x9C"), "\\xD8\\x9C");           // Arabic letter mark
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Printable, EscapesBytesThatAreNoUtf8) {
  EXPECT_EQ(printable("\x9B"
                      "A"),
            "\\x9BA");                             // C1 in a terminal of 8 bits
  EXPECT_EQ(printable("\xC0\x80"), "\\xC0\\x80");  // overlong
  EXPECT_EQ(printable("\xE0\x80\x80"), "\\xE0\\x80\\x80");
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xED\\xA0\\x80");  // a surrogate
  EXPECT_EQ(printable("\xF4\x90\x80\x80"), "\\xF4\\x90\\x80\\x80");
  EXPECT_EQ(printable("\xE5\xB8"), "\\xE5\\xB8");  // cut short
}

TEST(Printable, CutsLongTextsBetweenCharacters) {
  EXPECT_EQ(printable("abcdef", 3), "abc...");
  EXPECT_EQ(printable("abc", 3), "abc");
  EXPECT_EQ(printable("ab\xE5\xB8\x81"
                      "c",
                      4),
            "ab...");
}

}  // namespace
}  // namespace bf
