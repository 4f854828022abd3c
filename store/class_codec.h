// store/class_codec.h
//
// Unsigned numbers of fat-tailed distributions in few bits: each number's bit width (its class) as a
// Huffman code, then the bits below its leading one as they are. Where a context tells how wide each
// number is about to be, the code says only by how much it differs.
//
// Four streams lie side by side, each with a quarter of the numbers, so that a decoder follows four
// chains of positions at once.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "store/base/result.h"
#include "store/bytes.h"

namespace bf::store {

/// Bytes that must be readable behind the bytes of an encoded column: decoders load whole words.
inline constexpr std::size_t kReadAhead = 16;

/// Expected bit widths, one a number; empty where nothing is expected. Each is at most 64.
using Contexts = std::span<const std::uint8_t>;

/// How the classes of some numbers are coded.
class ClassCode {
 public:
  static constexpr int kSymbols = 129;  ///< class - context + 64
  static constexpr int kLengthMax = 8;  ///< bits of the longest code

  /// The code that takes the fewest bits for `numbers` (at least one).
  [[nodiscard]] static ClassCode for_numbers(std::span<const std::uint64_t> numbers,
                                             Contexts contexts);

  /// Bytes that encode() appends for the same numbers, about.
  [[nodiscard]] std::uint64_t cost() const noexcept { return bits_ / 8; }
  /// Whether every number is 0 and nothing else was expected.
  [[nodiscard]] bool all_zero() const noexcept { return all_zero_; }
  void encode(std::span<const std::uint64_t> numbers, Contexts contexts, Bytes& out) const;

 private:
  void count(std::span<const std::uint64_t> numbers, Contexts contexts);

  std::array<std::uint32_t, kSymbols> counts_{};
  std::array<std::uint8_t, kSymbols> lengths_{};
  std::uint64_t bits_ = 0;
  bool all_zero_ = false;
};

/// Reads out.size() numbers (at least one) from `bytes`, which kReadAhead readable bytes follow.
/// Errors: kCorrupt. Whatever the bytes are, nothing else is read or written.
[[nodiscard]] Result<void> decode_classes(std::span<const std::byte> bytes, Contexts contexts,
                                          std::span<std::uint64_t> out);

}  // namespace bf::store
