// engine/sim/market.h
//
// The markets that the simulator plays.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bf::sim {

enum class Market : std::uint8_t {
  kUm,
  kSpot,
  kOkxSwap,
  kOkxFutures,
  kOkxSpot,
  kBybitLinear,
  kBybitInverse,
  kBybitSpot,
  kBlofinSwap,
  kBitunixFutures,
  kDeribitFutures,
  kYahooChart,
};
inline constexpr std::size_t kMarketCount = 12;

/// All of them, in the order of their numbers.
inline constexpr std::array<Market, kMarketCount> kMarkets = {
    Market::kUm,         Market::kSpot,           Market::kOkxSwap,        Market::kOkxFutures,
    Market::kOkxSpot,    Market::kBybitLinear,    Market::kBybitInverse,   Market::kBybitSpot,
    Market::kBlofinSwap, Market::kBitunixFutures, Market::kDeribitFutures, Market::kYahooChart,
};

/// "binance/um", "okx/swap".
[[nodiscard]] std::string_view market_name(Market market) noexcept;
/// The inverse; nullopt for anything else.
[[nodiscard]] std::optional<Market> parse_market(std::string_view name) noexcept;

}  // namespace bf::sim
