// store/checksum.h
//
// Checksums know where their bytes belong: XXH3-64, seeded with the series, the file and the offset.
// A frame or block that is intact but lies in the wrong file or at the wrong place fails as well.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace bf::store {

using Uuid = std::array<std::uint8_t, 16>;

/// Which file of a series the checked bytes are in. The numbers are part of the format.
enum class Unit : std::uint32_t { kLog = 1, kSegment = 2, kManifest = 3, kStore = 4, kGaps = 5 };

struct Place {
  Uuid series{};
  Unit unit = Unit::kLog;
  std::uint32_t number = 0;  ///< the log's epoch, the segment's id, else 0
  std::uint64_t offset = 0;  ///< of the first checked byte in the file
};
static_assert(sizeof(Place) == 32);

[[nodiscard]] std::uint64_t checksum(std::span<const std::byte> bytes, const Place& place) noexcept;

/// XXH3-64 without a place, for comparisons in memory.
[[nodiscard]] std::uint64_t digest(std::span<const std::byte> bytes, std::uint64_t seed) noexcept;

/// XXH3-64 (seed 0) of bytes that come piece by piece: the same as of all of them at once.
class Digest {
 public:
  Digest();
  void add(std::span<const std::byte> bytes) noexcept;
  [[nodiscard]] std::uint64_t value() const noexcept;

 private:
  struct State;
  struct Free {
    void operator()(State* state) const noexcept;
  };
  std::unique_ptr<State, Free> state_;
};

/// A UUID (version 8: made by hashing) that names what the parts say.
[[nodiscard]] Uuid make_uuid(const Uuid& parent, std::string_view name, std::int64_t wall_ms,
                             std::int64_t steady_ns) noexcept;

}  // namespace bf::store
