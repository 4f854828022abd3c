// store/lz4_bytes.h
//
// LZ4 blocks whose sizes are known from outside. Unpacking trusts neither: it writes exactly the
// expected number of bytes or fails.
#pragma once

#include <cstddef>
#include <span>

#include "store/base/result.h"
#include "store/bytes.h"

namespace bf::store {

/// Appends `raw` to `out`, packed where that is shorter; returns the number of bytes appended, which
/// equals raw.size() exactly when the bytes stand there as they are.
std::size_t append_packed(Bytes& out, std::span<const std::byte> raw);

/// Whether `packed_size` bytes can be the packed form of `raw_size`: LZ4 never exceeds 255:1. Asked
/// before anything is allocated.
[[nodiscard]] bool plausible_sizes(std::uint64_t packed_size, std::uint64_t raw_size) noexcept;

/// The inverse of append_packed. Errors: kCorrupt.
[[nodiscard]] Result<void> unpack(std::span<const std::byte> packed, std::span<std::byte> raw);

}  // namespace bf::store
