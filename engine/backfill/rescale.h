// engine/backfill/rescale.h
//
// Candles of an instrument that counts one number of coins, as those of one that counts another:
// 1000BONK costs a thousand times what BONK does, and a thousandth of it is traded. Exact: only the
// decimal point moves. Pure.
#pragma once

#include <string_view>

#include "store/base/columns.h"

namespace bf::backfill {

/// The power of ten by which prices of an instrument of multiplier `other` become those of one of
/// multiplier `own`: 3 for "1000" and "1". Errors: kDataQuality where that is no power of ten.
[[nodiscard]] Result<int> price_shift(std::string_view own, std::string_view other);

/// Prices times 10^shift, base volumes divided by it; quote volumes and counts stay. All or nothing.
/// Errors: kDataQuality where a value would not fit its column any more.
[[nodiscard]] Result<void> rescale(CandleBatch& rows, int shift);

}  // namespace bf::backfill
