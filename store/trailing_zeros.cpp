#include "store/trailing_zeros.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "store/base/processor.h"

namespace bf::store {
namespace {

/// What finds the values that 10^power divides, and divides them. Modulo 2^64 the inverse of 5^power takes
/// its multiples, and nothing else, to the numbers from -`most` to `most`; the twos are bits, which a rotation
/// puts above all others.
struct Divisor {
  std::uint64_t inverse = 1;
  std::uint64_t most = std::numeric_limits<std::int64_t>::max();  ///< itself a multiple of 2^power
  std::uint64_t mark_max = 2 * most;
  int power = 0;

  /// At most mark_max where 10^power divides the value, and only there.
  BF_INLINE std::uint64_t mark(std::int64_t value) const noexcept {
    return std::rotr(static_cast<std::uint64_t>(value) * inverse + most, power);
  }
  /// Requires: 10^power divides the value.
  BF_INLINE std::int64_t divide(std::int64_t value) const noexcept {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) * inverse) >> power;
  }
};

constexpr Divisor divisor_of(int power) {
  Divisor divisor;
  std::uint64_t fives = 1;
  for (int i = 0; i < power; ++i) fives *= 5;
  // Newton's steps double the bits that are right; of an odd number's own three are.
  std::uint64_t inverse = fives;
  for (int i = 0; i < 5; ++i) inverse *= 2 - fives * inverse;
  divisor.inverse = inverse;
  divisor.most = divisor.most / fives >> power << power;
  divisor.mark_max = 2 * divisor.most >> power;
  divisor.power = power;
  return divisor;
}
constexpr auto kDivisors = [] {
  std::array<Divisor, kTrailingZerosMax + 1> divisors;
  for (int power = 0; power <= kTrailingZerosMax; ++power) {
    divisors[static_cast<std::size_t>(power)] = divisor_of(power);
  }
  return divisors;
}();

BF_INLINE std::size_t find_loop(std::span<const std::int64_t> values, std::size_t from,
                                const Divisor& by) {
  constexpr std::size_t kStep = 64;
  const std::int64_t* const all = values.data();
  const Divisor divisor = by;
  std::size_t at = from;
  // A power that is too high mostly shows at once.
  if (at < values.size() && divisor.mark(all[at]) > divisor.mark_max) return at;
  for (; at + kStep <= values.size(); at += kStep) {
    std::uint64_t highest = 0;
    for (std::size_t i = 0; i < kStep; ++i) highest = std::max(highest, divisor.mark(all[at + i]));
    if (highest > divisor.mark_max) break;
  }
  while (at < values.size() && divisor.mark(all[at]) <= divisor.mark_max) ++at;
  return at;
}

BF_INLINE void divide_loop(std::span<const std::int64_t> values, const Divisor& by,
                           std::int64_t* out) {
  const Divisor divisor = by;
  const std::int64_t* const all = values.data();
  const std::size_t rows = values.size();
  for (std::size_t i = 0; i < rows; ++i) out[i] = divisor.divide(all[i]);
}

}  // namespace

int common_power(std::span<const std::int64_t> values, int power_max) noexcept {
  static const auto find_indivisible = best_lanes<&find_loop>();
  int power = power_max;
  std::size_t at = 0;
  // What a higher power divides, a lower one does too.
  while (power > 0) {
    at = find_indivisible(values, at, kDivisors[static_cast<std::size_t>(power)]);
    if (at == values.size()) break;
    --power;
  }
  return power;
}

void drop_zeros(std::span<const std::int64_t> values, int power, std::int64_t* out) noexcept {
  static const auto divide_all = best_lanes<&divide_loop>();
  divide_all(values, kDivisors[static_cast<std::size_t>(power)], out);
}

}  // namespace bf::store
