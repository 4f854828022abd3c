// store/base/decimal.h
//
// Exact decimals. A price or volume is the decimal that the exchange sent: mantissa / 10^scale, never
// a rounded double. Equal values have many spellings (1.50, 1.5, 15e-1); normalized() has one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/base/result.h"

namespace bf {

/// The most decimal places that a mantissa may stand for; finer values are kept as text (WideValue).
inline constexpr int kScaleMax = 30;

/// value = mantissa / 10^scale, scale 0 .. kScaleMax.
struct Decimal {
  std::int64_t mantissa = 0;
  int scale = 0;

  /// Without trailing zeros behind the point; zero has scale 0.
  [[nodiscard]] Decimal normalized() const noexcept;
  /// Spelling equality: {150, 2} differs from {15, 1}. Compare normalized() for the value.
  friend bool operator==(const Decimal&, const Decimal&) = default;
};

/// 10^exponent for 0 <= exponent <= 18.
[[nodiscard]] std::int64_t power_of_ten(int exponent) noexcept;

/// mantissa * 10^exponent (exponent >= 0) into `out`; false when it does not fit an int64.
[[nodiscard]] bool scale_up(std::int64_t mantissa, int exponent, std::int64_t& out) noexcept;

enum class DecimalStatus : std::uint8_t {
  kExact,    ///< `out` holds the value
  kWide,     ///< a number, but no int64 mantissa at a scale up to kScaleMax holds it
  kInvalid,  ///< not a number: empty, "NaN", "1,5", "0x1", a second point ...
};
/// Reads [-]digits[.digits][(e|E)[+-]digits], the whole of `text`, exactly. Trailing zeros behind the
/// point are kept in the scale when they fit, else dropped.
[[nodiscard]] DecimalStatus parse_decimal(std::string_view text, Decimal& out) noexcept;

/// The shortest plain spelling: no exponent, no trailing zeros, no "-0".
void append_decimal(std::string& out, Decimal value);
[[nodiscard]] std::string format_decimal(Decimal value);

/// The plain spelling of any valid number, also of one that is kWide: "1E-40" becomes "0.000...1".
/// Errors: kDataQuality for what is not a number, or an exponent beyond +-400.
[[nodiscard]] Result<std::string> canonical_decimal(std::string_view text);

}  // namespace bf
