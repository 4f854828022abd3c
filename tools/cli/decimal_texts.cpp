#include "tools/cli/decimal_texts.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "store/base/assert.h"
#include "store/base/processor.h"
#include "tools/cli/number_writer.h"

namespace bf::cli {
namespace {

static_assert(std::endian::native == std::endian::little);
static_assert(DecimalTexts::kTextBytesMax > kNumberBytesMax);

constexpr std::size_t kTexts = DecimalTexts::kValuesMax;
constexpr int kWordDigits = 8;
constexpr std::uint64_t kWordLimit = 100'000'000;  // what one word of digits does not hold
constexpr std::uint64_t kDoubleLimit = std::uint64_t{1} << 53;
constexpr std::uint64_t kZeros = 0x3030303030303030U;
constexpr std::uint64_t kFirstByte = 0xFF;
constexpr std::uint64_t kPoint = '.';

/// value / 10^8, in steps that vectors have. Requires: value < kDoubleLimit.
BF_INLINE std::uint64_t over_ten_to_the_eighth(std::uint64_t value) noexcept {
  const auto quotient = static_cast<std::uint64_t>(
      static_cast<std::int64_t>(static_cast<double>(static_cast<std::int64_t>(value)) * 1e-8));
  const std::uint64_t product = quotient * kWordLimit;
  // The nearest double to 10^-8 may be too large for a quotient that is whole, or too small.
  if (product > value) return quotient - 1;
  return value - product >= kWordLimit ? quotient + 1 : quotient;
}

/// Makes of each word, a number below 10^8, its eight digits as bytes 0 .. 9, the first one lowest:
/// halves, quarters and single digits are split off in numbers of 64, 32 and 16 bits, because processors
/// multiply short numbers many at a time. A product and a shift are the quotient for all that occur.
BF_INLINE void split_digits(std::uint64_t* const __restrict words) noexcept {
  alignas(64) std::uint32_t halves[2 * kTexts];
  alignas(64) std::uint16_t pairs[4 * kTexts];
  for (std::size_t i = 0; i < kTexts; ++i) {
    const std::uint64_t value = words[i] & 0xFFFFFFFFU;
    const std::uint64_t high = (value * 109'951'163U) >> 40U;
    words[i] = high | (value - 10'000U * high) << 32U;
  }
  std::memcpy(halves, words, sizeof(halves));
  for (std::uint32_t& half : halves) {
    const std::uint32_t hundreds = (half * 5'243U) >> 19U;
    // hundreds + (half - 100 * hundreds) * 2^16
    half = (half << 16U) - hundreds * 6'553'599U;
  }
  std::memcpy(pairs, halves, sizeof(pairs));
  for (std::uint16_t& pair : pairs) {
    const auto tens = static_cast<std::uint16_t>(static_cast<std::uint16_t>(pair * 103U) >> 10U);
    // tens + (pair - 10 * tens) * 2^8
    pair = static_cast<std::uint16_t>(pair * 256U - tens * 2'559U);
  }
  std::memcpy(words, pairs, sizeof(pairs));
}

/// The words without their first `bits` bits.
BF_INLINE std::uint64_t shifted(std::uint64_t word, std::uint64_t bits) noexcept {
  return bits < 64 ? word >> (bits % 64) : 0;
}
BF_INLINE std::uint64_t shifted(std::uint64_t word, std::uint64_t more,
                                std::uint64_t bits) noexcept {
  // (more << 1) << (63 - bits) is more << (64 - bits), also where bits is 0.
  const std::uint64_t entering = (more << 1U) << ((63 - bits) % 64);
  return bits < 64 ? word >> (bits % 64) | entering : more >> (bits % 64);
}

}  // namespace

template <int kWords>
BF_INLINE void DecimalTexts::fill() {
  // Plain pointers, of which each is alone with its memory: else no compiler takes eight at a time.
  const std::int64_t* const __restrict values = mantissas_.data();
  std::uint64_t* const __restrict whole = texts_.whole.data();
  std::uint64_t* const __restrict whole_more = texts_.whole_more.data();
  std::uint64_t* const __restrict fraction = texts_.fraction.data();
  std::uint64_t* const __restrict fraction_more = texts_.fraction_more.data();
  std::uint64_t* const __restrict bytes = texts_.bytes.data();
  const std::size_t count = mantissas_.size();
  alignas(64) std::uint64_t highs[kTexts] = {};
  alignas(64) std::uint64_t lows[kTexts] = {};
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = static_cast<std::uint64_t>(values[i]);
    highs[i] = kWords == 2 ? over_ten_to_the_eighth(value) : value;
    lows[i] = kWords == 2 ? value - kWordLimit * highs[i] : 0;
  }
  split_digits(highs);
  if constexpr (kWords == 2) split_digits(lows);
  const auto scale = static_cast<std::int64_t>(scale_);
  const std::int64_t point = kWordDigits * kWords - scale;
  // The fraction has the point in the place of the digit before it.
  const auto point_bits = static_cast<std::uint64_t>(8 * (point - 1));
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t high = highs[i];
    const std::uint64_t low = lows[i];
    std::int64_t leading = std::countr_zero(high) / 8;
    std::int64_t trailing = std::countl_zero(kWords == 2 ? low : high) / 8;
    if constexpr (kWords == 2) {
      leading = high == 0 ? 8 + std::countr_zero(low) / 8 : leading;
      trailing = low == 0 ? 8 + std::countl_zero(high) / 8 : trailing;
    }
    const std::int64_t first = std::min(leading, point - 1);
    const std::int64_t places = scale - trailing;
    bytes[i] = static_cast<std::uint64_t>(point - first) |
               static_cast<std::uint64_t>(places > 0 ? places + 1 : 0) << 32U;
    const std::uint64_t text = high | kZeros;
    const std::uint64_t more = low | kZeros;
    const auto first_bits = static_cast<std::uint64_t>(8 * first);
    if constexpr (kWords == 1) {
      whole[i] = shifted(text, first_bits);
      fraction[i] = (shifted(text, point_bits) & ~kFirstByte) | kPoint;
    } else {
      whole[i] = shifted(text, more, first_bits);
      whole_more[i] = shifted(more, first_bits);
      fraction[i] = (shifted(text, more, point_bits) & ~kFirstByte) | kPoint;
      fraction_more[i] = shifted(more, point_bits);
    }
  }
}

BF_INLINE void DecimalTexts::fill_loop(DecimalTexts& texts) {
  texts.words_ == 1 ? texts.fill<1>() : texts.fill<2>();
}

void DecimalTexts::assign(std::span<const std::int64_t> mantissas, int scale) {
  BF_ASSERT(mantissas.size() <= kValuesMax);
  mantissas_ = mantissas;
  scale_ = scale;
  std::uint64_t all = 0;  // a negative one has the highest bit
  for (const std::int64_t mantissa : mantissas) all |= static_cast<std::uint64_t>(mantissa);
  words_ = all < kWordLimit && scale < kWordDigits         ? 1
           : all < kDoubleLimit && scale < 2 * kWordDigits ? 2
                                                           : 0;
  static const auto fill_texts = best_lanes<&DecimalTexts::fill_loop>();
  if (words_ != 0) fill_texts(*this);
}

BF_INLINE char* DecimalTexts::write(char* out, std::size_t i) const noexcept {
  if (words_ == 0) return write_decimal(out, mantissas_.data()[i], scale_);
  std::memcpy(out, texts_.whole.data() + i, 8);
  if (words_ == 2) std::memcpy(out + 8, texts_.whole_more.data() + i, 8);
  const std::uint64_t bytes = texts_.bytes.data()[i];
  out += static_cast<std::uint32_t>(bytes);
  std::memcpy(out, texts_.fraction.data() + i, 8);
  if (words_ == 2) std::memcpy(out + 8, texts_.fraction_more.data() + i, 8);
  return out + (bytes >> 32U);
}

char* DecimalTexts::write_lines(std::span<const DecimalTexts> columns, std::size_t lines,
                                char* out) noexcept {
  BF_ASSERT(!columns.empty());
  for (const DecimalTexts& column : columns) BF_ASSERT(lines <= column.mantissas_.size());
  const DecimalTexts* const begin = columns.data();
  const DecimalTexts* const end = begin + columns.size();
  for (std::size_t line = 0; line < lines; ++line) {
    for (const DecimalTexts* column = begin; column != end; ++column) {
      out = column->write(out, line);
      *out++ = ',';
    }
    out[-1] = '\n';
  }
  return out;
}

}  // namespace bf::cli
