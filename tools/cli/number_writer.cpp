#include "tools/cli/number_writer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "store/base/assert.h"
#include "store/base/decimal.h"
#include "store/base/processor.h"

namespace bf::cli {
namespace {

constexpr std::size_t kDigitsMax = 20;
/// Digits end here in their buffer; a whole copy may read as far behind the begin of any of them.
constexpr std::size_t kDigitsBuffer = 2 * kDigitsMax;

/// "00", "01" ... "99".
constexpr std::array<char, 200> kPairs = [] {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

void put_pair(char* out, std::uint64_t value) noexcept { std::memcpy(out, &kPairs[2 * value], 2); }

/// Writes the digits so that they end at `end`; returns where they begin.
char* write_backwards(char* end, std::uint64_t value) noexcept {
  while (value >= 100) {
    end -= 2;
    put_pair(end, value % 100);
    value /= 100;
  }
  if (value >= 10) {
    end -= 2;
    put_pair(end, value);
    return end;
  }
  *--end = static_cast<char>('0' + value);
  return end;
}

/// The magnitude as unsigned: the negative of INT64_MIN does not exist.
std::uint64_t magnitude_of(std::int64_t value) noexcept {
  const auto bits = static_cast<std::uint64_t>(value);
  return value < 0 ? ~bits + 1 : bits;
}

/// Copies `count` <= kDigitsMax bytes as one block of fixed size, which is a few moves, not a call.
/// Bytes behind them in `out` are overwritten with anything.
char* copy(char* out, const char* from, std::size_t count) noexcept {
  std::memcpy(out, from, kDigitsMax);
  return out + count;
}

/// The eight digits of a number below 10^8 as bytes 0 .. 9, the first digit in the lowest byte: halves,
/// quarters and single digits are split off side by side in one word.
BF_INLINE std::uint64_t eight_digits(std::uint64_t value) noexcept {
  // A product and a shift are value / 10'000 for every value below 10^8.
  const std::uint64_t high = (value * 109'951'163U) >> 40U;
  const std::uint64_t halves = high | (value - 10'000U * high) << 32U;
  const std::uint64_t hundreds = ((halves * 10'486U) >> 20U) & 0x7F0000007FU;
  const std::uint64_t pairs = ((halves - 100U * hundreds) << 16U) + hundreds;
  const std::uint64_t tens = ((pairs * 103U) >> 10U) & 0x000F000F000F000FU;
  return ((pairs - 10U * tens) << 8U) + tens;
}

/// Eight digits with leading zeros, as text with the first digit in the lowest byte. All of it stays
/// in a register: a load that spans two stores just made would wait for both.
class EightDigits {
 public:
  static constexpr int kCount = 8;
  static constexpr std::uint64_t kLimit = 100'000'000;
  static constexpr std::uint64_t kZeros = 0x3030303030303030U;

  explicit EightDigits(std::uint64_t value) noexcept : digits_(eight_digits(value)) {}
  [[nodiscard]] std::uint64_t text() const noexcept { return digits_ | kZeros; }
  [[nodiscard]] int leading_zeros() const noexcept { return std::countr_zero(digits_) / 8; }
  [[nodiscard]] int trailing_zeros() const noexcept { return std::countl_zero(digits_) / 8; }

 private:
  std::uint64_t digits_;
};
static_assert(std::endian::native == std::endian::little);

__extension__ using Word128 = unsigned __int128;

/// Sixteen digits with leading zeros, as EightDigits.
class SixteenDigits {
 public:
  static constexpr int kCount = 16;
  static constexpr std::uint64_t kLimit = EightDigits::kLimit * EightDigits::kLimit;

  explicit SixteenDigits(std::uint64_t value) noexcept
      : high_(value / EightDigits::kLimit), low_(value % EightDigits::kLimit) {}
  [[nodiscard]] Word128 text() const noexcept { return Word128{low_.text()} << 64U | high_.text(); }
  [[nodiscard]] int leading_zeros() const noexcept {
    const int high = high_.leading_zeros();
    return high < EightDigits::kCount ? high : high + low_.leading_zeros();
  }
  [[nodiscard]] int trailing_zeros() const noexcept {
    const int low = low_.trailing_zeros();
    return low < EightDigits::kCount ? low : low + high_.trailing_zeros();
  }

 private:
  EightDigits high_;
  EightDigits low_;
};

/// A decimal of at most Digits::kCount digits, whole words at a time: bytes behind the text are
/// overwritten with anything. Requires: value < Digits::kLimit, scale < Digits::kCount.
template <class Digits>
BF_INLINE char* write_whole_words(char* out, std::uint64_t value, int scale) noexcept {
  const Digits digits(value);
  const auto text = digits.text();
  const int point = Digits::kCount - scale;
  const int first = std::min(digits.leading_zeros(), point - 1);
  const auto whole = text >> static_cast<unsigned>(8 * first);
  std::memcpy(out, &whole, sizeof(whole));
  out += point - first;
  // The fraction is always written, and kept where it has digits: no branch that nobody foresees.
  const int places = scale - digits.trailing_zeros();
  *out = '.';
  const auto fraction = text >> (static_cast<unsigned>(8 * point) % (8 * sizeof(text)));
  std::memcpy(out + 1, &fraction, sizeof(fraction));
  return out + (places > 0 ? places + 1 : 0);
}

/// As write_decimal(), for numbers of any length.
char* write_long_decimal(char* out, std::uint64_t magnitude, int scale) noexcept {
  char digits[kDigitsBuffer];
  const char* end = digits + kDigitsMax;
  const char* const begin = write_backwards(digits + kDigitsMax, magnitude);
  while (scale > 0 && end[-1] == '0') {
    --end;
    --scale;
  }
  const auto count = static_cast<std::size_t>(end - begin);
  const auto places = static_cast<std::size_t>(scale);
  if (places == 0) return copy(out, begin, count);
  if (count > places) {
    out = copy(out, begin, count - places);
    *out++ = '.';
    return copy(out, begin + (count - places), places);
  }
  *out++ = '0';
  *out++ = '.';
  std::memset(out, '0', places - count);
  out += places - count;
  std::memcpy(out, begin, count);
  return out + count;
}

BF_INLINE char* write_number(char* out, std::int64_t mantissa, int scale) noexcept {
  *out = '-';
  out += mantissa < 0 ? 1 : 0;
  const std::uint64_t magnitude = magnitude_of(mantissa);
  if (magnitude < EightDigits::kLimit && scale < EightDigits::kCount) {
    return write_whole_words<EightDigits>(out, magnitude, scale);
  }
  if (magnitude < SixteenDigits::kLimit && scale < SixteenDigits::kCount) {
    return write_whole_words<SixteenDigits>(out, magnitude, scale);
  }
  // 0 is 0 at any scale.
  return write_long_decimal(out, magnitude, magnitude == 0 ? 0 : scale);
}

char* write_two(char* out, int value) noexcept {
  put_pair(out, static_cast<std::uint64_t>(value));
  return out + 2;
}

}  // namespace

char* write_integer(char* out, std::int64_t value) noexcept { return write_number(out, value, 0); }

char* write_decimal(char* out, std::int64_t mantissa, int scale) noexcept {
  return write_number(out, mantissa, scale);
}

char* write_rfc3339(char* out, TimeMs t) noexcept {
  BF_ASSERT(t >= kTimeMin && t < kTimeMax);
  const CivilTime civil = to_civil(t);
  out = write_two(out, civil.year / 100);
  out = write_two(out, civil.year % 100);
  *out++ = '-';
  out = write_two(out, civil.month);
  *out++ = '-';
  out = write_two(out, civil.day);
  *out++ = 'T';
  out = write_two(out, civil.hour);
  *out++ = ':';
  out = write_two(out, civil.minute);
  *out++ = ':';
  out = write_two(out, civil.second);
  if (civil.millisecond != 0) {
    *out++ = '.';
    *out++ = static_cast<char>('0' + civil.millisecond / 100);
    out = write_two(out, civil.millisecond % 100);
  }
  *out++ = 'Z';
  return out;
}

}  // namespace bf::cli
