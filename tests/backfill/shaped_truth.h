// tests/backfill/shaped_truth.h
//
// A generated truth with the events that a test needs, where it needs them: holes, listings earlier
// than the first candle, delistings, candles that the exchange revises later.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/sim/generated_truth.h"
#include "store/base/range_set.h"

namespace bf::test {

class ShapedTruth final : public sim::Truth {
 public:
  /// Of Binance's markets.
  explicit ShapedTruth(std::size_t symbols, std::uint64_t seed = 1);
  explicit ShapedTruth(const sim::GeneratedOptions& options);

  /// No candle of `symbol` opens in `hole`, on whatever market has that name.
  void add_hole(const std::string& symbol, TimeRange hole);
  void clear_holes();
  /// What the instrument list says of `symbol`'s life; candles exist in it alone.
  void set_life(const std::string& symbol, TimeRange life);
  /// Candles that open in `range` get other values.
  void revise(TimeRange range);

  [[nodiscard]] std::span<const sim::SimInstrument> instruments(
      sim::Market market) const noexcept override;
  [[nodiscard]] std::vector<Interval> intervals(sim::Market market,
                                                std::string_view symbol) const override;
  sim::RowsInfo append_rows(const sim::SimSeries& series, const sim::RowQuery& query,
                            std::string& out) const override;

 private:
  /// Where `symbol` has candles in `opens`.
  [[nodiscard]] RangeSet existing(sim::Market market, std::string_view symbol,
                                  TimeRange opens) const;

  sim::GeneratedTruth rows_;
  sim::GeneratedTruth revised_rows_;
  std::array<std::vector<sim::SimInstrument>, sim::kMarketCount> instruments_;
  std::map<std::string, RangeSet, std::less<>> holes_;
  RangeSet revised_;
};

}  // namespace bf::test
