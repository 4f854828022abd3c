// engine/sim/truth.h
//
// What exists on a simulated exchange: its instruments, and for each series the candles that it has.
// The truth knows nothing of requests, limits, faults or of what time it is.
//
// Rows are text from the start, as the exchange's JSON has them and joined by commas:
//   [open time,"open","high","low","close","volume",close time,"quote volume",trades,
//    "taker buy base","taker buy quote","ignore"]
// so that what is served can be equal to the source to the letter, and a page is one copy.
//
// Threads: immutable once made; const members may run on any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sim/market.h"
#include "store/base/interval.h"
#include "store/base/time.h"

namespace bf::sim {

struct SimInstrument {
  std::string symbol;
  std::string base_asset;
  std::string quote_asset;
  TimeRange life;  ///< [listed, delisted); kTimeMax where the end is not known
  int price_decimals = 8;
  int quantity_decimals = 8;
};

/// Names a series of candles; `symbol` outlives its use.
struct SimSeries {
  Market market = Market::kUm;
  std::string_view symbol;
  Interval interval = Interval::k1m;
};

struct RowQuery {
  TimeRange opens;  ///< rows with open times in here
  std::size_t rows_max = 0;
  bool newest = false;  ///< of more than rows_max rows: the newest ones, else the oldest
};

struct RowsInfo {
  std::size_t rows = 0;
  TimeMs first_open = 0;
  TimeMs last_open = 0;
};

/// One event of funding; decimals, as an exchange writes them.
struct FundingEvent {
  TimeMs time = 0;
  std::string rate;
  std::string mark_price;  ///< or the index, where that is told; "" where it is not known any more
};

class Truth {
 public:
  virtual ~Truth() = default;
  /// Sorted by symbol.
  [[nodiscard]] virtual std::span<const SimInstrument> instruments(
      Market market) const noexcept = 0;
  /// The intervals that `symbol` has rows of, rising; empty for an unknown symbol.
  [[nodiscard]] virtual std::vector<Interval> intervals(Market market,
                                                        std::string_view symbol) const = 0;
  /// Appends the rows that `query` selects, oldest first, joined by commas. Nothing for an unknown
  /// series.
  virtual RowsInfo append_rows(const SimSeries& series, const RowQuery& query,
                               std::string& out) const = 0;
  /// The events of funding that `query` selects, oldest first. Most truths have none.
  [[nodiscard]] virtual std::vector<FundingEvent> funding(Market /*market*/,
                                                          std::string_view /*symbol*/,
                                                          const RowQuery& /*query*/) const {
    return {};
  }
};

/// nullptr where there is none.
[[nodiscard]] const SimInstrument* find_instrument(const Truth& truth, Market market,
                                                   std::string_view symbol) noexcept;

/// An interval as the archive and the names of fixtures spell it ("1mo"), and as REST does ("1M").
/// Both know 1s to 1mo, without 10m and 3h; false for anything else.
[[nodiscard]] bool parse_archive_interval(std::string_view text, Interval& out) noexcept;
[[nodiscard]] bool parse_rest_interval(std::string_view text, Interval& out) noexcept;

}  // namespace bf::sim
