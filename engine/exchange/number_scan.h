// engine/exchange/number_scan.h
//
// The fast reading of plain numbers, shared by the JSON and the CSV parsers: almost every value of a
// candle is a short run of digits with a point in it. Whatever is not (exponents, 19 digits and more,
// words) is left to store/base/decimal.h.
//
// Where the text goes on for a while, 32 bytes are looked at in one step, which finds the point and the
// end, and eight digits are read in another; else it goes byte by byte.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace bf::exchange {

/// Digits that any int64 mantissa can hold.
inline constexpr std::ptrdiff_t kPlainDigitsMax = 18;

/// value = mantissa / 10^scale, with the digits as they were written.
struct PlainNumber {
  std::int64_t mantissa = 0;
  int scale = 0;
};

[[nodiscard]] inline const char* scan_digits(const char* at, const char* end,
                                             std::uint64_t& value) noexcept {
  while (at != end) {
    const auto digit = static_cast<unsigned>(static_cast<unsigned char>(*at)) - '0';
    if (digit > 9) break;
    value = value * 10 + digit;  // may wrap: callers look at the number of digits
    ++at;
  }
  return at;
}

inline constexpr std::array<std::uint64_t, kPlainDigitsMax + 1> kPowersOfTen = [] {
  std::array<std::uint64_t, kPlainDigitsMax + 1> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

/// The number that `count` digits at `at` write, 0 <= count <= 8. Reads eight bytes.
[[nodiscard, gnu::always_inline]] inline std::uint64_t eight_digits(const char* at,
                                                                    unsigned count) noexcept {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, at, sizeof(bytes));
  const unsigned half = 32 - 4 * count;  // there is no shift by 64
  std::uint64_t digits = (bytes ^ 0x3030303030303030U) << half << half;
  digits = digits * 10 + (digits >> 8U);  // pairs, in every other byte
  const std::uint64_t low = (digits & 0x000000FF000000FFU) * 0x000F424000000064U;
  const std::uint64_t high = (digits >> 16U & 0x000000FF000000FFU) * 0x0000271000000001U;
  return (low + high) >> 32U;
}
/// As eight_digits, up to 16 of them.
[[nodiscard]] inline std::uint64_t sixteen_digits(const char* at, unsigned count) noexcept {
  if (count <= 8) return eight_digits(at, count);
  return eight_digits(at, count - 8) * 100'000'000U + eight_digits(at + (count - 8), 8);
}

#if defined(__SSE2__)
/// Bytes that must be readable for the quick way.
inline constexpr std::ptrdiff_t kQuickBytes = 32;

/// Of the kQuickBytes bytes at `at`: those that are no digits, the first one as the lowest bit.
[[nodiscard, gnu::always_inline]] inline std::uint32_t other_bytes(const char* at) noexcept {
  const auto others = [](const char* from) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i above_nine =
        _mm_subs_epu8(_mm_sub_epi8(text, _mm_set1_epi8('0')), _mm_set1_epi8(9));
    const int digits = _mm_movemask_epi8(_mm_cmpeq_epi8(above_nine, _mm_setzero_si128()));
    return static_cast<std::uint32_t>(digits) ^ 0xFFFFU;
  };
  return others(at) | others(at + 16) << 16U;
}

/// As scan_plain_number, for numbers without a sign of up to 16 digits on each side of the point; nullptr
/// for all others too. Requires: kQuickBytes can be read at `at`.
[[nodiscard, gnu::always_inline]] inline const char* scan_short_number(const char* at,
                                                                       PlainNumber& out) noexcept {
  const std::uint32_t others = other_bytes(at);
  const auto whole = static_cast<unsigned>(std::countr_zero(others));
  if (whole == 0 || whole > 16) return nullptr;
  const std::uint64_t before = sixteen_digits(at, whole);
  if (at[whole] != '.') {
    out = {static_cast<std::int64_t>(before), 0};
    return at + whole;
  }
  const auto stop = static_cast<unsigned>(std::countr_zero(others & (others - 1)));
  const unsigned places = stop - whole - 1;
  // Without an end in sight (stop is 32) there are more places than that.
  if (places == 0 || places > 16 || whole + places > kPlainDigitsMax || stop == 32) return nullptr;
  const std::uint64_t behind = sixteen_digits(at + whole + 1, places);
  out = {static_cast<std::int64_t>(before * kPowersOfTen[places] + behind),
         static_cast<int>(places)};
  return at + stop;
}
#endif

/// Reads [-]digits[.digits] at `at`. Returns the end of it, or nullptr when no plain number stands
/// there: no digit, none behind the point, or more than kPlainDigitsMax of them.
[[nodiscard, gnu::always_inline]] inline const char* scan_plain_number(const char* at,
                                                                       const char* end,
                                                                       PlainNumber& out) noexcept {
#if defined(__SSE2__)
  if (end - at >= kQuickBytes) {
    if (const char* const next = scan_short_number(at, out)) return next;
  }
#endif
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  std::uint64_t magnitude = 0;
  const char* next = scan_digits(at, end, magnitude);
  std::ptrdiff_t digits = next - at;
  if (digits == 0) return nullptr;
  out.scale = 0;
  if (next != end && *next == '.') {
    const char* const fraction = next + 1;
    next = scan_digits(fraction, end, magnitude);
    out.scale = static_cast<int>(next - fraction);
    if (out.scale == 0) return nullptr;
    digits += out.scale;
  }
  if (digits > kPlainDigitsMax) return nullptr;
  const auto mantissa = static_cast<std::int64_t>(magnitude);
  out.mantissa = negative ? -mantissa : mantissa;
  return next;
}

/// Reads digits at `at`: no sign, no point. Returns the end of them, or nullptr.
[[nodiscard, gnu::always_inline]] inline const char* scan_whole_number(const char* at,
                                                                       const char* end,
                                                                       std::int64_t& out) noexcept {
#if defined(__SSE2__)
  if (end - at >= kQuickBytes) {
    const auto digits = static_cast<unsigned>(std::countr_zero(other_bytes(at)));
    if (digits >= 1 && digits <= 16) {
      out = static_cast<std::int64_t>(sixteen_digits(at, digits));
      return at + digits;
    }
  }
#endif
  std::uint64_t value = 0;
  const char* const next = scan_digits(at, end, value);
  if (next == at || next - at > kPlainDigitsMax) return nullptr;
  out = static_cast<std::int64_t>(value);
  return next;
}

}  // namespace bf::exchange
