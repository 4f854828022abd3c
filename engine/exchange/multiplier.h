// engine/exchange/multiplier.h
//
// How many units of a coin a symbol counts as one, by the base asset's name: 1000PEPE, SHIB1000,
// 1MBABYDOGE. Coins whose names begin with a digit (1INCH) have none.
#pragma once

#include <string>
#include <string_view>

namespace bf::exchange {

/// "1000" for "1000PEPE" and "SHIB1000"; "1" where the name has no multiplier.
[[nodiscard]] std::string multiplier_of(std::string_view base_asset);

}  // namespace bf::exchange
