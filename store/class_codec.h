// store/class_codec.h
//
// Unsigned numbers of fat-tailed distributions in few bits: each number's bit width (its class) as a
// Huffman code, then the bits below its leading one as they are. Where a context tells how wide each
// number is about to be, the code says only by how much it differs.
//
// Four streams lie side by side, each with a quarter of the numbers, so that a decoder follows four
// chains of positions at once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "store/base/result.h"
#include "store/bytes.h"

namespace bf::store {

/// Bytes that must be readable behind the bytes of an encoded column: decoders load whole words.
inline constexpr std::size_t kReadAhead = 16;

/// Expected bit widths, one a number; empty where nothing is expected. Each is at most 64.
using Contexts = std::span<const std::uint8_t>;

/// Encodes; keeps its scratch memory.
class ClassEncoder {
 public:
  /// Appends the bytes of `numbers` (at least one) to `out`.
  void encode(std::span<const std::uint64_t> numbers, Contexts contexts, Bytes& out);

 private:
  std::vector<std::uint8_t> symbols_;
  std::vector<std::uint16_t> codes_;
  std::vector<std::uint64_t> bits_;    ///< of each number, as its stream has it,
  std::vector<std::uint8_t> lengths_;  ///< and how many they are
};

/// Reads out.size() numbers (at least one) from `bytes`, which kReadAhead readable bytes follow.
/// Errors: kCorrupt. Whatever the bytes are, nothing else is read or written.
[[nodiscard]] Result<void> decode_class_codes(std::span<const std::byte> bytes, Contexts contexts,
                                              std::span<std::uint64_t> out);

}  // namespace bf::store
