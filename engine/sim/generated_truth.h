// engine/sim/generated_truth.h
//
// A truth that costs nothing to keep: each candle is a pure function of (seed, market, symbol, open
// time), so any row of any run can be checked without a stored oracle.
//
//   symbols      of S000, S001, ... against USDT, spelled as the market does (S000USDT,
//                S000-USDT-SWAP): each with its own price, lot and liquidity
//   prices       a sum of value noise at six time scales; open is the close before it (mostly)
//   quiet        runs of flat minutes without a trade, more of them for some symbols
//   outages      ranges in which no symbol of any market has a row; the last close time before one
//                comes early
//   intervals    1m and whatever is built of it, up to 1mo
//   funding      every 8, 4 or 1 hours; of some the period changes (generated_funding.cpp)
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/sim/truth.h"

namespace bf::sim {

struct GeneratedOptions {
  std::uint64_t seed = 1;
  std::size_t symbols = 3;  ///< of each of `markets`; at most kGeneratedSymbolsMax
  std::vector<Market> markets = {Market::kUm, Market::kSpot};
  /// Instruments with names and lives of their own, beside the others.
  std::vector<std::pair<Market, SimInstrument>> named;
  /// When symbols trade: from the first to the last instant, or, with `varied_lives`, for many of them
  /// only a part of it.
  TimeRange life{1'577'836'800'000, kTimeMax};  // from 2020-01-01
  bool varied_lives = false;
  /// One outage in about so many days; 0: none. At most one in the life of a test of a few days.
  std::int64_t outage_every_days = 30;
};
inline constexpr std::size_t kGeneratedSymbolsMax = 10'000;

class GeneratedTruth final : public Truth {
 public:
  /// Requires: options.symbols <= kGeneratedSymbolsMax, a life that is not empty.
  explicit GeneratedTruth(GeneratedOptions options);

  [[nodiscard]] std::span<const SimInstrument> instruments(Market market) const noexcept override;
  [[nodiscard]] std::vector<Interval> intervals(Market market,
                                                std::string_view symbol) const override;
  /// Cost: about 0.2 us a minute that is looked at: a 1h row costs 60 of them.
  RowsInfo append_rows(const SimSeries& series, const RowQuery& query,
                       std::string& out) const override;
  [[nodiscard]] std::vector<FundingEvent> funding(Market market, std::string_view symbol,
                                                  const RowQuery& query) const override;

  /// Sorted; those that touch the options' life.
  [[nodiscard]] std::span<const TimeRange> outages() const noexcept { return outages_; }

 private:
  /// What a symbol's candles are computed from.
  struct Source {
    std::uint64_t key = 0;
    std::int64_t price = 0;           ///< mantissa around which it moves
    std::int64_t volume = 0;          ///< mantissa of a lively minute
    std::uint32_t quiet_in_1024 = 0;  ///< of blocks of 16 minutes
    std::size_t price_decimals = 0;
    std::size_t lot_decimals = 0;
    std::size_t padding_price = 0;  ///< zeros that spot appends
    std::size_t padding_lot = 0;
    std::size_t padding_quote = 0;
    std::size_t made_as = 0;  ///< as which of its market, from 0
  };
  struct ByMarket {
    std::vector<SimInstrument> instruments;
    std::vector<Source> sources;
  };
  struct Candle;
  class Minutes;

  static void sort_by_symbol(ByMarket& market);

  void add_symbol(Market market, std::size_t index);
  void add_instrument(Market market, SimInstrument instrument, std::uint64_t key);
  void add_outages();
  [[nodiscard]] TimeMs oldest_open(const SimInstrument& instrument, Interval interval,
                                   const RowQuery& query) const;
  [[nodiscard]] bool exists(const SimInstrument& instrument, Interval interval, TimeMs open) const;
  [[nodiscard]] TimeMs behind_outage(TimeMs t) const noexcept;
  [[nodiscard]] static DurationMs funding_period(Market market, const SimInstrument& instrument,
                                                 const Source& source, TimeMs t) noexcept;
  [[nodiscard]] static std::int64_t close_of(const Source& source, std::int64_t minute) noexcept;
  static void append_candle(const Source& source, const Candle& candle, std::string& out);

  GeneratedOptions options_;
  std::vector<TimeRange> outages_;
  std::array<ByMarket, kMarketCount> markets_;
};

}  // namespace bf::sim
