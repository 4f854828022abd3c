#include "store/base/decimal.h"

#include <array>
#include <charconv>

#include "store/base/assert.h"

namespace bf {
namespace {

constexpr std::array<std::int64_t, 19> kPowersOfTen = [] {
  std::array<std::int64_t, 19> powers{};
  std::int64_t power = 1;
  for (std::size_t i = 0; i < powers.size(); ++i) {
    powers[i] = power;
    if (i + 1 < powers.size()) power *= 10;
  }
  return powers;
}();
constexpr int kExponentMax = 400;

/// The parts of a number's text: [-]integer[.fraction][e exponent].
struct NumberText {
  bool negative = false;
  std::string_view integer;
  std::string_view fraction;
  int exponent = 0;
};

std::string_view take_digits(std::string_view& text) noexcept {
  std::size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

bool split_number(std::string_view text, NumberText& out) noexcept {
  if (!text.empty() && text.front() == '-') {
    out.negative = true;
    text.remove_prefix(1);
  }
  out.integer = take_digits(text);
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    out.fraction = take_digits(text);
    if (out.fraction.empty()) return false;
  }
  if (out.integer.empty()) return false;
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.exponent);
  return error == std::errc() && end == text.data() + text.size() &&
         out.exponent >= -kExponentMax && out.exponent <= kExponentMax;
}

std::string_view without_trailing_zeros(std::string_view digits) noexcept {
  while (!digits.empty() && digits.back() == '0') digits.remove_suffix(1);
  return digits;
}

/// Takes `digits` from the end of `mantissa`, so that INT64_MIN has room; false on overflow.
bool append_digits(std::string_view digits, std::int64_t& mantissa) noexcept {
  for (const char digit : digits) {
    if (__builtin_mul_overflow(mantissa, 10, &mantissa)) return false;
    if (__builtin_sub_overflow(mantissa, digit - '0', &mantissa)) return false;
  }
  return true;
}

bool to_decimal(const NumberText& number, Decimal& out) noexcept {
  std::int64_t mantissa = 0;
  if (!append_digits(number.integer, mantissa) || !append_digits(number.fraction, mantissa)) {
    return false;
  }
  auto scale = static_cast<std::int64_t>(number.fraction.size()) - number.exponent;
  if (mantissa == 0) scale = 0;
  if (!number.negative && __builtin_sub_overflow(std::int64_t{0}, mantissa, &mantissa))
    return false;
  if (scale < 0) {
    if (!scale_up(mantissa, static_cast<int>(-scale), mantissa)) return false;
    scale = 0;
  }
  for (; scale > kScaleMax && mantissa % 10 == 0; --scale) mantissa /= 10;
  if (scale > kScaleMax) return false;
  out = Decimal{mantissa, static_cast<int>(scale)};
  return true;
}

/// The same number by its significant digits alone: "1000.00e-2" becomes 1e1.
NumberText significant(NumberText number) noexcept {
  number.fraction = without_trailing_zeros(number.fraction);
  if (number.fraction.empty()) {
    const std::string_view digits = without_trailing_zeros(number.integer);
    number.exponent += static_cast<int>(number.integer.size() - digits.size());
    number.integer = digits;
  }
  return number;
}

}  // namespace

std::int64_t power_of_ten(int exponent) noexcept {
  BF_ASSERT(exponent >= 0 && exponent < static_cast<int>(kPowersOfTen.size()));
  return kPowersOfTen[static_cast<std::size_t>(exponent)];
}

bool scale_up(std::int64_t mantissa, int exponent, std::int64_t& out) noexcept {
  if (mantissa == 0) {
    out = 0;
    return true;
  }
  if (exponent >= static_cast<int>(kPowersOfTen.size())) return false;
  return !__builtin_mul_overflow(mantissa, power_of_ten(exponent), &out);
}

Decimal Decimal::normalized() const noexcept {
  if (mantissa == 0) return Decimal{};
  Decimal value = *this;
  while (value.scale > 0 && value.mantissa % 10 == 0) {
    value.mantissa /= 10;
    --value.scale;
  }
  return value;
}

DecimalStatus parse_decimal(std::string_view text, Decimal& out) noexcept {
  NumberText number;
  if (!split_number(text, number)) return DecimalStatus::kInvalid;
  if (to_decimal(number, out)) return DecimalStatus::kExact;
  if (to_decimal(significant(number), out)) return DecimalStatus::kExact;
  return DecimalStatus::kWide;
}

void append_decimal(std::string& out, Decimal value) {
  value = value.normalized();
  char digits[24];
  // The magnitude as unsigned: the negative of INT64_MIN does not exist.
  const std::uint64_t magnitude = value.mantissa < 0
                                      ? ~static_cast<std::uint64_t>(value.mantissa) + 1
                                      : static_cast<std::uint64_t>(value.mantissa);
  const char* const end = std::to_chars(digits, digits + sizeof digits, magnitude).ptr;
  const auto count = static_cast<std::size_t>(end - digits);
  const auto scale = static_cast<std::size_t>(value.scale);
  if (value.mantissa < 0) out.push_back('-');
  if (scale == 0) {
    out.append(digits, count);
  } else if (count > scale) {
    out.append(digits, count - scale).push_back('.');
    out.append(digits + (count - scale), scale);
  } else {
    out.append("0.").append(scale - count, '0').append(digits, count);
  }
}

std::string format_decimal(Decimal value) {
  std::string out;
  append_decimal(out, value);
  return out;
}

Result<std::string> canonical_decimal(std::string_view text) {
  NumberText number;
  if (!split_number(text, number)) {
    return fail(Code::kDataQuality, "\"" + std::string(text.substr(0, 64)) + "\" is not a number");
  }
  std::string digits(number.integer);
  digits.append(number.fraction);
  auto point = static_cast<std::int64_t>(number.integer.size()) + number.exponent;
  if (point < 0) {
    digits.insert(0, static_cast<std::size_t>(-point), '0');
    point = 0;
  }
  const auto integer_size = static_cast<std::size_t>(point);
  if (digits.size() < integer_size) digits.append(integer_size - digits.size(), '0');
  std::string_view integer = std::string_view(digits).substr(0, integer_size);
  const std::string_view fraction =
      without_trailing_zeros(std::string_view(digits).substr(integer_size));
  while (!integer.empty() && integer.front() == '0') integer.remove_prefix(1);

  if (integer.empty() && fraction.empty()) return std::string("0");
  std::string out(number.negative ? "-" : "");
  out.append(integer.empty() ? std::string_view("0") : integer);
  if (!fraction.empty()) out.append(".").append(fraction);
  return out;
}

}  // namespace bf
