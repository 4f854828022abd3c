// engine/exchange/number_scan.h
//
// The fast reading of plain numbers, shared by the JSON and the CSV parsers: almost every value of a
// candle is a short run of digits with a point in it. Whatever is not (exponents, 19 digits and more,
// words) is left to store/base/decimal.h.
#pragma once

#include <cstdint>

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

/// Reads [-]digits[.digits] at `at`. Returns the end of it, or nullptr when no plain number stands
/// there: no digit, none behind the point, or more than kPlainDigitsMax of them.
[[nodiscard]] inline const char* scan_plain_number(const char* at, const char* end,
                                                   PlainNumber& out) noexcept {
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
[[nodiscard]] inline const char* scan_whole_number(const char* at, const char* end,
                                                   std::int64_t& out) noexcept {
  std::uint64_t value = 0;
  const char* const next = scan_digits(at, end, value);
  if (next == at || next - at > kPlainDigitsMax) return nullptr;
  out = static_cast<std::int64_t>(value);
  return next;
}

}  // namespace bf::exchange
