// tools/cli/number_writer.h
//
// Numbers and times as text, into a buffer that has room, without locale, allocation or rounding.
// Each call returns the end of what it wrote.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

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

/// The texts of some values of one column, made side by side: several times as fast as one by one.
class DecimalTexts {
 public:
  static constexpr std::size_t kValuesMax = 256;

  /// The values mantissa / 10^scale, at most kValuesMax; they outlive their texts.
  void assign(std::span<const std::int64_t> mantissas, int scale);
  /// Text `i`, as write_decimal() writes it. Writes at most kNumberBytesMax bytes.
  char* write(char* out, std::size_t i) const noexcept;

 private:
  using Words = std::array<std::uint64_t, kValuesMax>;
  /// Digits before the point and behind it, eight a word.
  struct Texts {
    Words whole;
    Words whole_more;
    Words fraction;
    Words fraction_more;
    /// How many bytes count of the whole (low half) and of the point and the fraction (high half).
    Words bytes;
  };
  template <int kWords>
  void fill();
  void fill_anywhere();
  void fill_modern();

  std::span<const std::int64_t> mantissas_;
  int scale_ = 0;
  int words_ = 0;  ///< that hold all digits of any value: 1, 2, or 0 where more would be needed
  Texts texts_;
};

/// As format_time(). Writes at most kTimeBytesMax bytes. Requires: kTimeMin <= t < kTimeMax.
char* write_rfc3339(char* out, TimeMs t) noexcept;

}  // namespace bf::cli
