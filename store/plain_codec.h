// store/plain_codec.h
//
// One column of a block as bytes: a transform takes away what the neighbours already say, the residuals
// are cut into byte planes (all lowest bytes, then all second bytes, ...), and LZ4 packs the planes
// where that is shorter. What a reader needs to undo it stands in the ColumnBlock; another codec gets
// another Codec number.
//
// Arithmetic is modulo 2^64 throughout, so that every int64 goes through unharmed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "store/base/columns.h"
#include "store/base/result.h"
#include "store/bytes.h"

namespace bf::store {

/// The numbers are part of the format.
enum class Codec : std::uint8_t { kPlain = 1 };

/// What residual[i] is. The numbers are part of the format.
enum class Transform : std::uint8_t {
  kOffset = 0,         ///< value[i] - base
  kDelta = 1,          ///< zigzag(value[i] - value[i-1] - step); residual[0] = 0, value[0] = base
  kPreviousClose = 2,  ///< zigzag(value[i] - close[i-1]), close[-1] standing for close[0]
  kBodyTop = 3,        ///< zigzag(value[i] - max(open[i], close[i]))
  kBodyBottom = 4,     ///< zigzag(min(open[i], close[i]) - value[i])
};

/// How one column of one block is encoded. On disk: 24 bytes, the fields in this order.
struct ColumnBlock {
  Codec codec = Codec::kPlain;
  Transform transform = Transform::kOffset;
  std::uint8_t scale = 0;
  std::uint8_t width = 0;  ///< byte planes, 0 .. 8
  std::uint32_t size = 0;  ///< bytes; rows x width where the planes are not packed
  std::int64_t base = 0;
  std::int64_t step = 0;

  friend bool operator==(const ColumnBlock&, const ColumnBlock&) = default;
};
inline constexpr std::size_t kColumnBlockBytes = 24;
static_assert(sizeof(ColumnBlock) == kColumnBlockBytes);
static_assert(std::is_trivially_copyable_v<ColumnBlock>);

/// The columns that must be decoded before one of this transform.
[[nodiscard]] ColumnSet dependencies(Transform transform) noexcept;

/// The decoded columns that others lean on; null where they are not at hand.
struct PriceColumns {
  const std::int64_t* open = nullptr;
  const std::int64_t* close = nullptr;
};

/// Whether planes are packed one column at a time (segments), or left for the frame to pack as a whole.
enum class Packing : std::uint8_t { kNone, kLz4 };

class PlainCodec {
 public:
  /// Appends the bytes of `values` (1 .. 65536 of them) to `out`. `prices` must be given, at the same
  /// scale, for the transforms that lean on them to be used.
  [[nodiscard]] ColumnBlock encode(Column column, std::span<const std::int64_t> values, int scale,
                                   const PriceColumns& prices, Packing packing, Bytes& out);

  /// Errors: kFormat for an unknown codec or transform, kCorrupt for sizes that contradict each other.
  /// Requires: `prices` has what dependencies(block.transform) names, out.size() values each.
  [[nodiscard]] Result<void> decode(const ColumnBlock& block, std::span<const std::byte> bytes,
                                    const PriceColumns& prices, std::span<std::int64_t> out);

 private:
  /// Chooses the column's transform, and leaves its residuals in residuals_.
  void transform(Column column, std::span<const std::int64_t> values, const PriceColumns& prices,
                 ColumnBlock& block);

  std::vector<std::uint64_t> residuals_;
  std::vector<std::uint64_t> others_;
  Bytes planes_;
};

}  // namespace bf::store
