#include "engine/sim/market.h"

#include <algorithm>

namespace bf::sim {
namespace {

constexpr std::array<std::string_view, kMarketCount> kNames = {
    "binance/um",  "binance/spot",    "okx/swap",        "okx/futures",
    "okx/spot",    "bybit/linear",    "bybit/inverse",   "bybit/spot",
    "blofin/swap", "bitunix/futures", "deribit/futures", "yahoo/chart",
};

}  // namespace

std::string_view market_name(Market market) noexcept {
  return kNames[static_cast<std::size_t>(market)];
}

std::optional<Market> parse_market(std::string_view name) noexcept {
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return kMarkets[static_cast<std::size_t>(found - kNames.begin())];
}

}  // namespace bf::sim
