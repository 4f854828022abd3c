// store/trailing_zeros.h
//
// The decimal zeros that all values of a column end with: without a division.
#pragma once

#include <cstdint>
#include <span>

namespace bf::store {

/// Powers of ten up to this fit an int64.
inline constexpr int kTrailingZerosMax = 18;

/// The largest power of ten, up to `power_max` (at most kTrailingZerosMax), that divides every value.
[[nodiscard]] int common_power(std::span<const std::int64_t> values, int power_max) noexcept;
/// values / 10^power to `out`, which has as many. Requires: the power divides them all.
void drop_zeros(std::span<const std::int64_t> values, int power, std::int64_t* out) noexcept;

}  // namespace bf::store
