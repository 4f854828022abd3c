#include "store/column_codec.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "store/base/assert.h"
#include "store/base/processor.h"
#include "store/lz4_bytes.h"
#include "store/packed_groups.h"

namespace bf::store {
namespace {

/// Set in the byte of the codec where LZ4 packs what the codec made.
constexpr std::uint8_t kPackedFlag = 0x80;
/// A column that takes more than half a byte a row has nothing left for LZ4.
constexpr std::size_t kRowsAByteForLz4 = 2;
constexpr std::uint32_t kColumnBytesMax = 1U << 20;

/// Rows that a transform is tried on before it is taken.
constexpr std::size_t kSampleRows = 256;

/// With these a column can be told from columns before it.
struct Model {
  Transform transform;
  Context context;
};

std::optional<Model> model_of(Column column) {
  switch (column) {
    case Column::kOpen:
      return Model{Transform::kPreviousClose, Context::kNone};
    case Column::kHigh:
      return Model{Transform::kAboveBody, Context::kNone};
    case Column::kLow:
      return Model{Transform::kBelowBody, Context::kNone};
    case Column::kVolume:
      return Model{Transform::kOffset, Context::kTrades};
    case Column::kQuoteVolume:
      return Model{Transform::kTurnover, Context::kRange};
    case Column::kTakerBuyBase:
      return Model{Transform::kHalfVolume, Context::kVolume};
    case Column::kTakerBuyQuote:
      return Model{Transform::kTakerTurnover, Context::kTakerRange};
    case Column::kOpenTime:
    case Column::kClose:
    case Column::kTrades:
    case Column::kFundingRate:
    case Column::kMarkPrice:
    case Column::kFundingHours:
    case Column::kIndexPrice:
      return std::nullopt;
  }
  return std::nullopt;
}

bool is_price(Column column) noexcept {
  return column == Column::kOpen || column == Column::kHigh || column == Column::kLow ||
         column == Column::kClose || column == Column::kMarkPrice || column == Column::kIndexPrice;
}

/// Rows of the transform kDelta of which every residual is 0.
BF_INLINE void count_up_loop(const TransformFields& fields, std::span<std::int64_t> out) {
  const auto step = static_cast<std::uint64_t>(fields.step);
  std::int64_t* const to = out.data();
  const std::size_t rows = out.size();
  auto value = static_cast<std::uint64_t>(fields.base);
  const auto count_to = [&](std::size_t row, std::size_t end) __attribute__((always_inline)) {
    for (; row < end; ++row, value += step) to[row] = static_cast<std::int64_t>(value);
  };
  const std::size_t head = std::min(rows, misaligned(to, 64));
  count_to(0, head);
  count_to(head, rows);
}

/// Whether each value is `step` more than the one before.
bool counts_up(std::span<const std::int64_t> values, std::int64_t step) noexcept {
  std::uint64_t differences = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    differences |=
        (static_cast<std::uint64_t>(values[i]) - static_cast<std::uint64_t>(values[i - 1])) ^
        static_cast<std::uint64_t>(step);
  }
  return differences == 0;
}

}  // namespace

bool rises_evenly(const ColumnBlock& block, std::size_t rows) noexcept {
  if (block.codec != Codec::kZeros || block.fields.transform != Transform::kDelta) return false;
  const std::int64_t first = block.fields.base;
  const std::int64_t step = block.fields.step;
  if (first < 0 || first >= kTimeMax || step <= 0 || step >= kTimeMax) return false;
  return static_cast<std::int64_t>(rows - 1) <= (kTimeMax - 1 - first) / step;
}

ColumnSet dependencies(const ColumnBlock& block) noexcept {
  return ColumnSet::from_bits(dependencies(block.fields.transform).bits() |
                              dependencies(block.context).bits());
}

void write_column_block(ByteWriter& out, const ColumnBlock& block) {
  const bool packed = block.size != block.raw_size;
  out.fixed(
      static_cast<std::uint8_t>(static_cast<unsigned>(block.codec) | (packed ? kPackedFlag : 0U)));
  out.fixed(static_cast<std::uint8_t>(block.fields.transform));
  out.fixed(static_cast<std::uint8_t>(block.context));
  out.fixed(block.scale);
  out.varint(block.size);
  if (packed) out.varint(block.raw_size);
  out.signed_varint(block.fields.base);
  out.signed_varint(block.fields.step);
}

Result<ColumnBlock> read_column_block(ByteReader& in) {
  ColumnBlock block;
  const auto codec = in.fixed<std::uint8_t>();
  const bool packed = (codec & kPackedFlag) != 0;
  block.codec = static_cast<Codec>(codec & ~unsigned{kPackedFlag});
  block.fields.transform = static_cast<Transform>(in.fixed<std::uint8_t>());
  block.context = static_cast<Context>(in.fixed<std::uint8_t>());
  block.scale = in.fixed<std::uint8_t>();
  const std::uint64_t size = in.varint();
  const std::uint64_t raw_size = packed ? in.varint() : size;
  block.fields.base = in.signed_varint();
  block.fields.step = in.signed_varint();
  if (!in.ok()) return fail(Code::kCorrupt, "the description of a column is cut off");
  const bool known = block.codec >= Codec::kClasses && block.codec <= Codec::kPackedGroups &&
                     block.fields.transform <= kLastTransform && block.context <= kLastContext;
  if (!known) {
    return fail(Code::kFormat, "a column is encoded in a way that this build does not know");
  }
  const bool sizes_fit = raw_size <= kColumnBytesMax && size <= raw_size &&
                         (!packed || (size < raw_size && plausible_sizes(size, raw_size)));
  const bool deltas_fit = block.codec != Codec::kPackedDeltas ||
                          (block.fields.transform == Transform::kDelta &&
                           block.context == Context::kNone && block.fields.step == 0);
  const bool groups_fit =
      block.codec != Codec::kPackedGroups ||
      (block.fields.transform == Transform::kOffset && block.context == Context::kNone &&
       block.fields.base == 0 && block.fields.step == 0);
  const bool zeros_fit = block.codec != Codec::kZeros || raw_size == 0;
  if (!sizes_fit || !deltas_fit || !groups_fit || !zeros_fit || block.scale > kScaleMax) {
    return fail(Code::kCorrupt, "the description of a column contradicts itself");
  }
  block.size = static_cast<std::uint32_t>(size);
  block.raw_size = static_cast<std::uint32_t>(raw_size);
  return block;
}

std::uint64_t ColumnCodec::sample_bits(const TransformFields& fields,
                                       std::span<const std::int64_t> values,
                                       const Siblings& siblings) {
  const auto sample = values.first(std::min(values.size(), kSampleRows));
  residuals_.resize(sample.size());
  to_residuals(fields, sample, siblings, residuals_);
  std::uint64_t bits = 0;
  for (const std::uint64_t residual : residuals_) {
    bits += static_cast<std::uint64_t>(std::bit_width(residual));
  }
  return bits;
}

ColumnCodec::Choice ColumnCodec::choose(Column column, std::span<const std::int64_t> values,
                                        const Siblings& siblings) {
  std::optional<Model> model = model_of(column);
  if (model) {
    const ColumnSet needed = ColumnSet::from_bits(dependencies(model->transform).bits() |
                                                  dependencies(model->context).bits());
    if (!siblings.have(needed)) model.reset();
  }
  if (column == Column::kOpenTime || is_price(column)) {
    // Nothing that looks at one price alone tells it better than its neighbours do.
    if (model) return {{model->transform, 0, 0}, model->context};
    TransformFields delta{Transform::kDelta, values[0], 0};
    // Open times rise by the interval: with it taken away nothing is left of a gapless block.
    if (column == Column::kOpenTime && values.size() > 1) {
      delta.step = static_cast<std::int64_t>(static_cast<std::uint64_t>(values[1]) -
                                             static_cast<std::uint64_t>(values[0]));
    }
    return {delta, Context::kNone};
  }
  const TransformFields offset{Transform::kOffset, *std::min_element(values.begin(), values.end()),
                               0};
  if (!model) return {offset, Context::kNone};
  if (model->transform == Transform::kOffset) return {offset, model->context};
  // A source may know less of volumes than its candles say: then they do not hang together. What is
  // expected of a width is worth half a bit a row.
  const TransformFields fields{model->transform, 0, 0};
  const std::uint64_t allowance = std::min(values.size(), kSampleRows) / 2;
  if (sample_bits(fields, values, siblings) > sample_bits(offset, values, siblings) + allowance) {
    return {offset, Context::kNone};
  }
  return {fields, model->context};
}

void ColumnCodec::encode_classes(std::span<const std::int64_t> values, const Siblings& siblings,
                                 ColumnBlock& block, Bytes& out) {
  residuals_.resize(values.size());
  to_residuals(block.fields, values, siblings, residuals_);
  widths_.resize(block.context == Context::kNone ? 0 : values.size());
  expected_widths(block.context, siblings, widths_);
  const bool zeros = std::all_of(residuals_.begin(), residuals_.end(),
                                 [](std::uint64_t residual) { return residual == 0; });
  if (zeros) {
    block.codec = Codec::kZeros;
    block.context = Context::kNone;
    return;
  }
  class_encoder_.encode(residuals_, widths_, out);
}

/// Open times mostly have one distance, and then take no bytes; all else is packed as it is.
ColumnBlock ColumnCodec::encode_quickly(Column column, std::span<const std::int64_t> values,
                                        Bytes& out) {
  ColumnBlock block;
  if (column == Column::kOpenTime && values.size() > 1) {
    const auto step = static_cast<std::int64_t>(static_cast<std::uint64_t>(values[1]) -
                                                static_cast<std::uint64_t>(values[0]));
    if (counts_up(values, step)) {
      block.codec = Codec::kZeros;
      block.fields = {Transform::kDelta, values[0], step};
      return block;
    }
  }
  const std::size_t begin = out.size();
  encode_packed_groups(values, scratch_, out);
  block.codec = Codec::kPackedGroups;
  block.raw_size = block.size = static_cast<std::uint32_t>(out.size() - begin);
  return block;
}

ColumnBlock ColumnCodec::encode(Column column, std::span<const std::int64_t> values, int scale,
                                const Siblings& siblings, Bytes& out) {
  BF_ASSERT(!values.empty());
  ColumnBlock block;
  if (aim_ == Aim::kQuick) block = encode_quickly(column, values, out);
  block.scale = static_cast<std::uint8_t>(scale);
  if (aim_ == Aim::kQuick) return block;
  const std::size_t begin = out.size();
  if (column == Column::kClose && packed_deltas_.encode(values, out)) {
    block.codec = Codec::kPackedDeltas;
    block.fields = {Transform::kDelta, values[0], 0};
  } else {
    const Choice choice = choose(column, values, siblings);
    block.fields = choice.fields;
    block.context = choice.context;
    encode_classes(values, siblings, block, out);
  }
  block.raw_size = static_cast<std::uint32_t>(out.size() - begin);
  block.size = block.raw_size;
  if (std::size_t{block.raw_size} * kRowsAByteForLz4 > values.size()) return block;
  scratch_.assign(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end());
  out.resize(begin);
  block.size = static_cast<std::uint32_t>(append_packed(out, scratch_));
  return block;
}

Result<void> ColumnCodec::decode(const ColumnBlock& block, std::span<const std::byte> bytes,
                                 const Siblings& siblings, std::span<std::int64_t> out) {
  if (bytes.size() != block.size || out.empty()) {
    return fail(Code::kCorrupt, "the description of a column contradicts its bytes");
  }
  if (block.size != block.raw_size) {
    scratch_.resize(block.raw_size + kReadAhead);
    const auto raw = std::span(scratch_).first(block.raw_size);
    if (const Result<void> unpacked = unpack(bytes, raw); !unpacked) return unpacked;
    bytes = raw;
  }
  if (block.codec == Codec::kPackedDeltas) {
    return packed_deltas_.decode(bytes, block.fields.base, out);
  }
  if (block.codec == Codec::kPackedGroups) return decode_packed_groups(bytes, out);
  if (block.codec == Codec::kZeros) {
    if (block.fields.transform == Transform::kDelta) {
      static const auto count_up = best_lanes<&count_up_loop>();
      count_up(block.fields, out);
      return {};
    }
    residuals_.assign(out.size(), 0);
    from_residuals(block.fields, residuals_, siblings, out);
    return {};
  }
  residuals_.resize(out.size());
  widths_.resize(block.context == Context::kNone ? 0 : out.size());
  expected_widths(block.context, siblings, widths_);
  const Result<void> decoded = decode_class_codes(bytes, widths_, residuals_);
  if (!decoded) return decoded;
  from_residuals(block.fields, residuals_, siblings, out);
  return {};
}

}  // namespace bf::store
