// engine/sim/mixer.h
//
// Randomness as a pure function: the same key and position give the same bits, in any order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace bf::sim {

/// splitmix64's output function: every bit of `x` reaches every bit of the result.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t key, std::uint64_t position) noexcept {
  return mix(key + position * 0x9e3779b97f4a7c15U);
}

/// A hash of `bytes`, to tell answers apart.
[[nodiscard]] inline std::uint64_t hash_of(std::string_view bytes) noexcept {
  std::uint64_t hash = mix(bytes.size());
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const std::size_t size = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), size);
    hash = mix(hash ^ word);
    bytes.remove_prefix(size);
  }
  return hash;
}

}  // namespace bf::sim
