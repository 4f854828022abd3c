// engine/sim/binance_info.h
//
// The exchangeInfo of both markets: limits and instruments.
#pragma once

#include <span>
#include <string>

#include "engine/sim/binance_rest.h"

namespace bf::sim {

/// The whole document. Instruments that are not listed yet at `now` are left out; those whose life has
/// ended stay, as SETTLING with their deliveryDate (um) or BREAK (spot).
[[nodiscard]] std::string exchange_info_json(Market market,
                                             std::span<const SimInstrument> instruments,
                                             const PublishedLimits& limits, TimeMs now);

}  // namespace bf::sim
