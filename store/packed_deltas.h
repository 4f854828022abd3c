// store/packed_deltas.h
//
// Values that follow each other closely, packed for the fastest decoding: the differences from row to
// row in a fixed number of bits, those that need more patched in, spread over four lanes that vector
// instructions unpack and add up side by side.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "store/base/result.h"
#include "store/bytes.h"

namespace bf::store {

class PackedDeltas {
 public:
  /// Appends `values` (at least one) to `out`, as differences from the one before; the first is `base`.
  /// False, with nothing appended, where the differences add up to 2^31 or more in a block.
  [[nodiscard]] bool encode(std::span<const std::int64_t> values, Bytes& out);

  /// Reads out.size() values (at least one). Errors: kCorrupt.
  [[nodiscard]] Result<void> decode(std::span<const std::byte> bytes, std::int64_t base,
                                    std::span<std::int64_t> out);

 private:
  [[nodiscard]] bool subtract(std::span<const std::int64_t> values);
  void find_patches(std::size_t rows, std::size_t width);

  /// zigzag differences, those of the four lanes side by side: [row in lane * 4 + lane].
  std::vector<std::uint32_t> deltas_;
  std::uint64_t bits_ = 0;              ///< that any of them has
  std::vector<std::uint16_t> patched_;  ///< rows whose difference needs more bits,
  std::vector<std::uint32_t> highs_;    ///< and what of it does not fit
};

}  // namespace bf::store
