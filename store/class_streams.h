// store/class_streams.h
//
// What the two halves of class_codec.h share: how symbols are numbered and numbers are dealt to streams.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "store/base/processor.h"
#include "store/huffman_code.h"

namespace bf::store {

inline constexpr std::size_t kClassStreams = 4;
/// A symbol is how much wider a number is than expected, and this.
inline constexpr int kContextBias = 64;
static_assert(kCodeSymbols == 2 * kContextBias + 1);

/// The numbers of each stream: all have as many as the first, but for the last ones.
struct ClassLanes {
  explicit ClassLanes(std::size_t numbers)
      : rows((numbers + kClassStreams - 1) / kClassStreams), all(numbers) {}
  [[nodiscard]] std::size_t begin(std::size_t stream) const noexcept {
    return std::min(all, stream * rows);
  }
  [[nodiscard]] std::size_t end(std::size_t stream) const noexcept { return begin(stream + 1); }
  std::size_t rows;
  std::size_t all;
};

}  // namespace bf::store
