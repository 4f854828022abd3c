// tools/cli/number_writer.h
//
// Numbers and times as text, into a buffer that has room, without locale, allocation or rounding.
// Each call returns the end of what it wrote.
#pragma once

#include <cstddef>
#include <cstdint>

#include "store/base/time.h"

namespace bf::cli {

/// Room that any number needs: more than its text takes, because whole words are copied.
inline constexpr std::size_t kNumberBytesMax = 48;
/// "2024-01-31T23:59:00.123Z".
inline constexpr std::size_t kTimeBytesMax = 24;

/// Decimal digits of an integer. Writes at most kNumberBytesMax bytes.
char* write_integer(char* out, std::int64_t value) noexcept;

/// mantissa / 10^scale exactly, in the shortest plain spelling: no exponent, no trailing zeros, no
/// "-0"; the same text as format_decimal(). Writes at most kNumberBytesMax bytes.
/// Requires: 0 <= scale <= kScaleMax.
char* write_decimal(char* out, std::int64_t mantissa, int scale) noexcept;

/// As format_time(). Writes at most kTimeBytesMax bytes. Requires: kTimeMin <= t < kTimeMax.
char* write_rfc3339(char* out, TimeMs t) noexcept;

}  // namespace bf::cli
