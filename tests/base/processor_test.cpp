// Goal: whatever a processor offers, a loop's compilations say the same.
// Method: each that this processor can run, on numbers of all widths.
#include "store/base/processor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <random>
#include <span>
#include <vector>

namespace bf {
namespace {

BF_INLINE std::uint64_t widths_loop(std::span<const std::uint64_t> numbers, std::uint64_t* out) {
  std::uint64_t longest = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    out[i] =
        numbers[i] << (numbers[i] % 64) | static_cast<std::uint64_t>(std::bit_width(numbers[i]));
    longest = std::max(longest, out[i]);
  }
  return longest;
}

TEST(Processor, CompilationsOfALoopAgree) {
  using Loop = Compiled<&widths_loop>;
  std::mt19937_64 random(1);
  std::vector<std::uint64_t> numbers(1'001);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = random() >> (i % 64);
  std::vector<std::uint64_t> expected(numbers.size());
  const std::uint64_t longest = Loop::anywhere(numbers, expected.data());

  std::vector<Loop::Function> possible = {best_lanes<&widths_loop>(), best_bits<&widths_loop>()};
  if (has_bit_loops()) possible.push_back(&Loop::bits);
  if (has_lanes()) possible.push_back(&Loop::lanes);
  if (modern_processor()) possible.push_back(&Loop::modern);
  for (const Loop::Function run : possible) {
    std::vector<std::uint64_t> out(numbers.size());
    EXPECT_EQ(run(numbers, out.data()), longest);
    EXPECT_EQ(out, expected);
  }
}

}  // namespace
}  // namespace bf
