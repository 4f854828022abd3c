// store/huffman_code.h
//
// Canonical Huffman codes of at most eight bits over the symbols of class_codec.h, and how a column
// carries one. A code of one symbol takes no bits at all.
#pragma once

#include <array>
#include <cstdint>

#include "store/base/result.h"
#include "store/bytes.h"

namespace bf::store {

inline constexpr int kCodeSymbols = 129;
inline constexpr int kCodeLengthMax = 8;  ///< bits
using CodeLengths = std::array<std::uint8_t, kCodeSymbols>;
using SymbolCounts = std::array<std::uint32_t, kCodeSymbols>;

/// Huffman code lengths for symbols with these counts, at most kCodeLengthMax; 0 where a symbol does not
/// occur, or is the only one.
[[nodiscard]] CodeLengths code_lengths(const SymbolCounts& counts);

/// Code lengths, and the symbols that they are of: all others have none.
struct HuffmanCode {
  CodeLengths lengths{};
  std::size_t first = 0;
  std::size_t last = 0;
};

/// Errors: kCorrupt. Whether the lengths make a complete code is not looked at.
[[nodiscard]] Result<HuffmanCode> read_code(ByteReader& in);
/// Writes what read_code() reads: the lengths from the first symbol that occurs to the last.
void write_code(const SymbolCounts& counts, const CodeLengths& lengths, Bytes& out);

constexpr unsigned reversed(unsigned byte) noexcept {
  byte = (byte & 0xF0U) >> 4U | (byte & 0x0FU) << 4U;
  byte = (byte & 0xCCU) >> 2U | (byte & 0x33U) << 2U;
  return (byte & 0xAAU) >> 1U | (byte & 0x55U) << 1U;
}

/// Calls `take` with each symbol of [first, last] that has a code, its length and its canonical code:
/// shorter ones first, then by symbol. The code's first bit is its lowest, as the streams have it.
template <class Take>
void for_each_code(const CodeLengths& lengths, std::size_t first, std::size_t last, Take take) {
  std::array<std::uint8_t, kCodeLengthMax + 2> ends{};
  for (std::size_t s = first; s <= last; ++s) ++ends[lengths[s] + std::size_t{1}];
  ends[1] = 0;  // symbols without a code do not count
  for (std::size_t length = 2; length < ends.size(); ++length) ends[length] += ends[length - 1];
  std::array<std::uint8_t, kCodeSymbols> symbols;
  for (std::size_t s = first; s <= last; ++s) {
    if (lengths[s] != 0) symbols[ends[lengths[s]]++] = static_cast<std::uint8_t>(s);
  }
  unsigned code = 0;
  std::uint8_t length = 0;
  for (std::size_t i = 0; i < ends[kCodeLengthMax]; ++i, ++code) {
    const std::uint8_t next = lengths[symbols[i]];
    code <<= next - length;
    length = next;
    take(symbols[i], length, reversed(code) >> (kCodeLengthMax - length));
  }
}

}  // namespace bf::store
