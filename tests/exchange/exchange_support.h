// What the tests of engine/exchange share.
#pragma once

#include <string>
#include <string_view>

#include "engine/exchange/market_api.h"
#include "tests/support/source_tree.h"

namespace bf::exchange {

/// A body as the parsers want it: 64 readable bytes follow. They are digits, which a reader that runs
/// over the end would take for more of a number.
class Padded {
 public:
  explicit Padded(std::string_view text) : bytes_(text), size_(text.size()) {
    bytes_.append(64, '9');
  }
  [[nodiscard]] std::string_view view() const { return std::string_view(bytes_).substr(0, size_); }

 private:
  std::string bytes_;
  std::size_t size_;
};

inline std::string read_fixture(const std::string& name) {
  return test::read_source_file("fixtures/" + name);
}

inline Series series_of(std::string market, std::string symbol, Kind kind = Kind::kCandles,
                        Interval interval = Interval::k1m) {
  return Series{Instrument{"binance", std::move(market), std::move(symbol)}, kind, interval};
}

inline const MarketApi& market_of(std::string_view market) {
  return **find_market("binance", market);
}

}  // namespace bf::exchange
