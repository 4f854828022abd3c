// engine/sim/digits.h
//
// Writes decimals, fast: a generated page is nothing but digits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace bf::sim {

/// The most bytes that one call of write_fixed writes, with decimals + zeros <= 16.
inline constexpr std::size_t kFixedBytesMax = 40;

namespace detail {
inline constexpr std::array<char, 200> kDigitPairs = [] {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();
}  // namespace detail

/// Writes `value` with at least `digits_min` (<= 20) digits; gives the end.
inline char* write_digits(char* out, std::uint64_t value, std::size_t digits_min = 1) noexcept {
  constexpr std::size_t kDigitsMax = 20;
  char buffer[kDigitsMax];
  std::size_t begin = kDigitsMax;
  while (value >= 100) {
    begin -= 2;
    std::memcpy(buffer + begin, &detail::kDigitPairs[value % 100 * 2], 2);
    value /= 100;
  }
  if (value >= 10) {
    begin -= 2;
    std::memcpy(buffer + begin, &detail::kDigitPairs[value * 2], 2);
  } else {
    buffer[--begin] = static_cast<char>('0' + value);
  }
  while (kDigitsMax - begin < digits_min) buffer[--begin] = '0';
  std::memcpy(out, buffer + begin, kDigitsMax - begin);
  return out + (kDigitsMax - begin);
}

/// Writes mantissa / 10^decimals with all its decimals and `zeros` more; gives the end.
inline char* write_fixed(char* out, std::uint64_t mantissa, std::size_t decimals,
                         std::size_t zeros) noexcept {
  char* end = write_digits(out, mantissa, decimals + 1);
  if (decimals + zeros == 0) return end;
  std::memmove(end - decimals + 1, end - decimals, decimals);
  *(end - decimals) = '.';
  ++end;
  std::memset(end, '0', zeros);
  return end + zeros;
}

}  // namespace bf::sim
