// Goal: generated candles are what real ones are, and the same whoever asks, in whatever order.
// Method: parse what is served back into numbers and hold every invariant against every row.
#include "engine/sim/generated_truth.h"

#include <gtest/gtest.h>

#include <charconv>

#include "engine/sim/digits.h"
#include "store/base/decimal.h"
#include "tests/sim/sim_support.h"

namespace bf::sim {
namespace {

constexpr TimeMs kFrom = 1'704'067'200'000;  // 2024-01-01

GeneratedOptions options_of(std::uint64_t seed, std::size_t symbols = 8) {
  GeneratedOptions options;
  options.seed = seed;
  options.symbols = symbols;
  options.life = {kFrom, kFrom + 60 * kDayMs};
  options.outage_every_days = 5;
  return options;
}

std::string rows(const GeneratedTruth& truth, Market market, const std::string& symbol,
                 const RowQuery& query, Interval interval = Interval::k1m) {
  std::string out;
  truth.append_rows({market, symbol, interval}, query, out);
  return out;
}

struct Row {
  TimeMs open_time = 0;
  TimeMs close_time = 0;
  std::int64_t open = 0;
  std::int64_t high = 0;
  std::int64_t low = 0;
  std::int64_t close = 0;
  std::int64_t volume = 0;
  std::int64_t quote = 0;
  std::int64_t trades = 0;
  std::int64_t taker_base = 0;
  std::int64_t taker_quote = 0;
};

std::int64_t mantissa(const std::string& text) {
  Decimal value;
  EXPECT_EQ(parse_decimal(text, value), DecimalStatus::kExact) << text;
  return value.mantissa;
}

std::vector<Row> parse(const std::string& json) {
  std::vector<Row> parsed;
  for (const std::string_view text : split_rows(json)) {
    const KlineFields f = row_fields(text);
    Row row;
    row.open_time = mantissa(f[kOpenTimeField]);
    row.close_time = mantissa(f[kCloseTimeField]);
    row.open = mantissa(f[kOpenField]);
    row.high = mantissa(f[kHighField]);
    row.low = mantissa(f[kLowField]);
    row.close = mantissa(f[kCloseField]);
    row.volume = mantissa(f[kVolumeField]);
    row.quote = mantissa(f[kQuoteVolumeField]);
    row.trades = mantissa(f[kTradesField]);
    row.taker_base = mantissa(f[kTakerBuyBaseField]);
    row.taker_quote = mantissa(f[kTakerBuyQuoteField]);
    parsed.push_back(row);
  }
  return parsed;
}

void expect_sound(const Row& row) {
  EXPECT_GT(row.low, 0);
  EXPECT_LE(row.low, std::min(row.open, row.close)) << row.open_time;
  EXPECT_GE(row.high, std::max(row.open, row.close)) << row.open_time;
  EXPECT_LE(row.taker_base, row.volume);
  EXPECT_LE(row.taker_quote, row.quote);
  // um: a quote volume has the decimals of price and volume together.
  EXPECT_GE(row.quote, row.volume * row.low) << row.open_time;
  EXPECT_LE(row.quote, row.volume * row.high) << row.open_time;
  EXPECT_EQ(row.volume == 0, row.trades == 0);
  EXPECT_TRUE(row.volume != 0 || row.high == row.low) << row.open_time;
}

TEST(GeneratedTruth, MakesSoundCandles) {
  const GeneratedTruth truth(options_of(7));
  std::size_t quiet = 0;
  std::size_t continued = 0;
  std::size_t total = 0;
  for (const SimInstrument& instrument : truth.instruments(Market::kUm)) {
    const RowQuery query{{kFrom, kFrom + 4 * kDayMs}, 100'000, false};
    const std::vector<Row> all = parse(rows(truth, Market::kUm, instrument.symbol, query));
    for (std::size_t i = 0; i < all.size(); ++i) {
      expect_sound(all[i]);
      quiet += all[i].volume == 0 ? 1 : 0;
      continued += i > 0 && all[i].open == all[i - 1].close ? 1 : 0;
    }
    total += all.size();
  }
  EXPECT_GT(total, 40'000U);
  EXPECT_GT(quiet, 0U);
  EXPECT_LT(quiet, total / 2);
  EXPECT_GT(continued, total * 3 / 4) << "open is mostly the close before it";
}

TEST(GeneratedTruth, IsTheSameInAnyPieces) {
  const GeneratedTruth truth(options_of(3, 2));
  const TimeRange range{kFrom + kDayMs, kFrom + 8 * kDayMs};
  const std::string whole = rows(truth, Market::kSpot, "S001USDT", {range, 1'000'000, false});
  std::string pieces;
  for (TimeMs from = range.from; from < range.to; from += 499 * kMinuteMs) {
    const TimeRange piece = TimeRange{from, from + 499 * kMinuteMs}.intersect(range);
    const std::string part = rows(truth, Market::kSpot, "S001USDT", {piece, 499, false});
    if (!pieces.empty() && !part.empty()) pieces += ',';
    pieces += part;
  }
  EXPECT_EQ(pieces, whole);
  const GeneratedTruth again(options_of(3, 2));
  EXPECT_EQ(rows(again, Market::kSpot, "S001USDT", {range, 1'000'000, false}), whole);
}

TEST(GeneratedTruth, DiffersBySeedMarketAndSymbol) {
  const GeneratedTruth truth(options_of(3));
  const GeneratedTruth other(options_of(4));
  const RowQuery query{{kFrom, kTimeMax}, 5, false};
  const std::string base = rows(truth, Market::kUm, "S000USDT", query);
  EXPECT_NE(base, rows(other, Market::kUm, "S000USDT", query));
  EXPECT_NE(base, rows(truth, Market::kSpot, "S000USDT", query));
  EXPECT_NE(base, rows(truth, Market::kUm, "S001USDT", query));
}

TEST(GeneratedTruth, GivesTheNewestAcrossAnOutage) {
  const GeneratedTruth truth(options_of(11, 1));
  ASSERT_FALSE(truth.outages().empty());
  const TimeRange outage = truth.outages().front();
  const RowQuery query{{0, outage.to + 3 * kMinuteMs}, 5, true};
  const std::vector<TimeMs> opens =
      open_times("[" + rows(truth, Market::kUm, "S000USDT", query) + "]");
  const std::vector<TimeMs> expected = {outage.from - 2 * kMinuteMs, outage.from - kMinuteMs,
                                        outage.to, outage.to + kMinuteMs,
                                        outage.to + 2 * kMinuteMs};
  EXPECT_EQ(opens, expected);
}

TEST(GeneratedTruth, HasNoRowsInOutagesAndAnEarlyCloseBeforeThem) {
  const GeneratedTruth truth(options_of(11));
  ASSERT_GE(truth.outages().size(), 10U);
  for (const TimeRange& outage : truth.outages()) {
    for (const Market market : {Market::kUm, Market::kSpot}) {
      EXPECT_EQ(rows(truth, market, "S002USDT", {outage, 10, false}), "");
    }
    const RowQuery before{{outage.from - 2 * kMinuteMs, outage.from}, 2, false};
    const std::vector<Row> last = parse(rows(truth, Market::kUm, "S002USDT", before));
    ASSERT_EQ(last.size(), 2U);
    EXPECT_EQ(last[0].close_time, last[0].open_time + kMinuteMs - 1);
    EXPECT_GE(last[1].close_time, last[1].open_time);
    EXPECT_LT(last[1].close_time, last[1].open_time + kMinuteMs - 1);
  }
}

TEST(GeneratedTruth, BuildsLongIntervalsAcrossListingOutagesAndDelisting) {
  GeneratedOptions options = options_of(5, 1);
  options.life = {kFrom + 90 * kMinuteMs, kFrom + 10 * kDayMs + 30 * kMinuteMs};
  const GeneratedTruth truth(options);
  const RowQuery all{{0, kTimeMax}, 1'000'000, false};
  const std::vector<Row> minutes = parse(rows(truth, Market::kUm, "S000USDT", all));
  for (const Interval interval : {Interval::k3m, Interval::k1h, Interval::k1d, Interval::k1mo}) {
    const std::vector<Row> longer = parse(rows(truth, Market::kUm, "S000USDT", all, interval));
    std::size_t at = 0;
    for (const Row& row : longer) {
      EXPECT_EQ(row.open_time, slot_begin(interval, minutes.at(at).open_time));
      EXPECT_EQ(row.open, minutes[at].open);
      std::int64_t volume = 0;
      while (at < minutes.size() && slot_begin(interval, minutes[at].open_time) == row.open_time) {
        EXPECT_GE(row.high, minutes[at].high);
        volume += minutes[at].volume;
        ++at;
      }
      EXPECT_EQ(row.close, minutes[at - 1].close);
      EXPECT_EQ(row.volume, volume);
    }
    EXPECT_EQ(at, minutes.size()) << interval_name(interval);
    const RowQuery newest{{0, kTimeMax}, 2, true};
    const std::vector<Row> last = parse(rows(truth, Market::kUm, "S000USDT", newest, interval));
    ASSERT_FALSE(last.empty());
    EXPECT_EQ(last.back().open_time, longer.back().open_time);
  }
}

TEST(GeneratedTruth, KeepsToTheLivesOfItsSymbols) {
  GeneratedOptions options = options_of(9, 60);
  options.varied_lives = true;
  const GeneratedTruth truth(options);
  std::size_t late = 0;
  std::size_t ended = 0;
  for (const SimInstrument& instrument : truth.instruments(Market::kUm)) {
    late += instrument.life.from > kFrom ? 1 : 0;
    ended += instrument.life.to < options.life.to ? 1 : 0;
    ASSERT_FALSE(instrument.life.empty());
    const RowQuery first{{0, kTimeMax}, 1, false};
    const RowQuery last{{0, kTimeMax}, 1, true};
    const TimeMs begin = truth.outages().front().contains(instrument.life.from)
                             ? truth.outages().front().to
                             : instrument.life.from;
    const auto opens = open_times("[" + rows(truth, Market::kUm, instrument.symbol, first) + "]");
    ASSERT_EQ(opens.size(), 1U);
    EXPECT_GE(opens[0], begin);
    const auto ends = open_times("[" + rows(truth, Market::kUm, instrument.symbol, last) + "]");
    EXPECT_LT(ends.at(0), instrument.life.to);
  }
  EXPECT_GT(late, 5U);
  EXPECT_GT(ended, 3U);
}

TEST(GeneratedTruth, WritesSpotWithEightDecimals) {
  const GeneratedTruth truth(options_of(2));
  for (const SimInstrument& instrument : truth.instruments(Market::kSpot)) {
    const RowQuery query{{kFrom, kTimeMax}, 50, false};
    const std::string json = rows(truth, Market::kSpot, instrument.symbol, query);
    for (const std::string_view row : split_rows(json)) {
      const KlineFields f = row_fields(row);
      for (const std::size_t i : {kOpenField, kVolumeField, kQuoteVolumeField}) {
        ASSERT_EQ(f[i].size() - f[i].find('.'), 9U) << row;
      }
    }
  }
}

TEST(WriteFixed, WritesEveryDigit) {
  const auto text = [](std::uint64_t value, std::size_t decimals, std::size_t zeros) {
    char out[kFixedBytesMax];
    return std::string(out, write_fixed(out, value, decimals, zeros));
  };
  EXPECT_EQ(text(0, 0, 0), "0");
  EXPECT_EQ(text(0, 2, 0), "0.00");
  EXPECT_EQ(text(5, 2, 1), "0.050");
  EXPECT_EQ(text(12345, 2, 0), "123.45");
  EXPECT_EQ(text(100, 0, 3), "100.000");
  EXPECT_EQ(text(18'446'744'073'709'551'615U, 0, 0), "18446744073709551615");
  EXPECT_EQ(text(999, 3, 5), "0.99900000");
}

}  // namespace
}  // namespace bf::sim
