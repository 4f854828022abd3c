// engine/sim/file_truth.h
//
// A truth of real candles: every DIR/binance/{spot,um}/SYMBOL-INTERVAL.csv.gz (or .csv) of kline rows,
// twelve columns, with or without a header line, held in memory as the text that will be served.
// A symbol is listed with its first row and delisted where its last row ends.
#pragma once

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/sim/truth.h"
#include "store/base/result.h"

namespace bf::sim {

class FileTruth final : public Truth {
 public:
  /// Reads every series below `directory`.
  /// Errors: kNotFound  there is no such folder, or no series in it
  ///         kIo        a file could not be read
  ///         kFormat    a name or a line that is not as above, or rows that do not rise in time; names
  ///                    file and line
  [[nodiscard]] static Result<FileTruth> load(const std::string& directory);

  [[nodiscard]] std::span<const SimInstrument> instruments(Market market) const noexcept override;
  [[nodiscard]] std::vector<Interval> intervals(Market market,
                                                std::string_view symbol) const override;
  RowsInfo append_rows(const SimSeries& series, const RowQuery& query,
                       std::string& out) const override;

 private:
  struct Rows {
    std::vector<TimeMs> open_times;
    std::vector<std::size_t> begins;  ///< of each row in `json`, and one more: the end + 1
    std::string json;                 ///< joined by commas
    int price_decimals = 0;
    int quantity_decimals = 0;
  };
  using Key = std::pair<std::string, Interval>;
  struct ByMarket {
    std::vector<SimInstrument> instruments;
    std::map<Key, Rows, std::less<>> series;
  };

  FileTruth() = default;
  [[nodiscard]] Result<void> load_market(const std::string& directory, Market market);
  [[nodiscard]] static Result<Rows> parse_rows(std::string_view csv);
  static void list_instrument(ByMarket& market, const std::string& symbol, const Rows& rows,
                              Interval interval);
  [[nodiscard]] const ByMarket& of(Market market) const noexcept {
    return markets_[static_cast<std::size_t>(market)];
  }

  std::array<ByMarket, kMarketCount> markets_;
};

}  // namespace bf::sim
