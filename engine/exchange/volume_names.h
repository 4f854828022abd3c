// engine/exchange/volume_names.h
//
// Tells base from quote volumes where an exchange's names cannot be trusted: what a page traded in quote
// units over what it traded in base units is a price between its low and its high.
#pragma once

#include <cstdint>

#include "store/base/columns.h"

namespace bf::exchange {

enum class VolumeNames : std::uint8_t {
  kRight,    ///< kVolume and kQuoteVolume hold what they should
  kSwapped,  ///< each holds the other
  kUnclear,  ///< prices near 1, nothing traded, or sizes that fit neither
};
/// Requires: `page` has prices and both volumes.
[[nodiscard]] VolumeNames judge_volume_names(const CandleBatch& page);
/// Exchanges the two columns, digit for digit.
void swap_volumes(CandleBatch& page);

}  // namespace bf::exchange
