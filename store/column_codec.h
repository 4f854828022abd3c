// store/column_codec.h
//
// One column of one block as bytes. What is kept: a transform (transform.h) leaves residuals, and one of
// two codecs packs them. Closes are packed for speed where they can be, because every price leans on them.
// What is encoded anew before long is packed as it is, by a third.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "store/base/columns.h"
#include "store/base/result.h"
#include "store/bytes.h"
#include "store/class_codec.h"
#include "store/packed_deltas.h"
#include "store/transform.h"

namespace bf::store {

/// What an encoder aims at.
enum class Aim : std::uint8_t {
  kSmall,  ///< for what is kept
  kQuick,  ///< for what is encoded anew before long: a log's frames
};

/// The numbers are part of the format.
enum class Codec : std::uint8_t {
  kClasses = 1,       ///< class_codec.h
  kPackedDeltas = 2,  ///< packed_deltas.h; of the transform kDelta with step 0
  kZeros = 3,         ///< every residual is 0: no bytes
  kPackedGroups = 4,  ///< packed_groups.h; of the transform kOffset with base 0
};

/// How one column of one block is encoded.
struct ColumnBlock {
  Codec codec = Codec::kClasses;
  Context context = Context::kNone;
  std::uint8_t scale = 0;
  TransformFields fields;
  std::uint32_t size = 0;      ///< bytes as they are stored
  std::uint32_t raw_size = 0;  ///< bytes that the codec made; more than `size` where LZ4 packs them
};

void write_column_block(ByteWriter& out, const ColumnBlock& block);
/// Errors: kFormat for a codec, transform or context that this build does not know, kCorrupt.
[[nodiscard]] Result<ColumnBlock> read_column_block(ByteReader& in);

/// Whether the column is an arithmetic sequence of `rows` open times that rise: known without looking
/// at each.
[[nodiscard]] bool rises_evenly(const ColumnBlock& block, std::size_t rows) noexcept;

/// The columns that must be decoded before this one.
[[nodiscard]] ColumnSet dependencies(const ColumnBlock& block) noexcept;

class ColumnCodec {
 public:
  explicit ColumnCodec(Aim aim) : aim_(aim) {}

  /// Appends the bytes of `values` (1 .. 65536 of them) to `out`. A transform is only tried where
  /// `siblings` has what it leans on: prices at one scale, volumes at one, quote volumes at one.
  [[nodiscard]] ColumnBlock encode(Column column, std::span<const std::int64_t> values, int scale,
                                   const Siblings& siblings, Bytes& out);

  /// Errors: kCorrupt for bytes that contradict themselves.
  /// Requires: `siblings` has dependencies(block) and all scales; block came from read_column_block();
  /// kReadAhead readable bytes follow `bytes`.
  [[nodiscard]] Result<void> decode(const ColumnBlock& block, std::span<const std::byte> bytes,
                                    const Siblings& siblings, std::span<std::int64_t> out);

 private:
  [[nodiscard]] ColumnBlock encode_quickly(Column column, std::span<const std::int64_t> values,
                                           Bytes& out);
  /// A way to encode the column.
  struct Choice {
    TransformFields fields;
    Context context = Context::kNone;
  };
  [[nodiscard]] Choice choose(Column column, std::span<const std::int64_t> values,
                              const Siblings& siblings);
  /// Bits that the residuals of the first rows take without their codes.
  [[nodiscard]] std::uint64_t sample_bits(const TransformFields& fields,
                                          std::span<const std::int64_t> values,
                                          const Siblings& siblings);
  void encode_classes(std::span<const std::int64_t> values, const Siblings& siblings,
                      ColumnBlock& block, Bytes& out);

  Aim aim_;
  std::vector<std::uint64_t> residuals_;
  std::vector<std::uint8_t> widths_;
  ClassEncoder class_encoder_;
  PackedDeltas packed_deltas_;
  Bytes scratch_;
};

}  // namespace bf::store
