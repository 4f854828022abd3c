#include "store/plain_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "store/base/assert.h"
#include "store/lz4_bytes.h"

namespace bf::store {
namespace {

constexpr std::size_t kWidthMax = 8;

std::uint64_t u(std::int64_t value) noexcept { return static_cast<std::uint64_t>(value); }
std::uint64_t zigzag_u(std::uint64_t value) noexcept {
  return zigzag(static_cast<std::int64_t>(value));
}
std::uint64_t unzigzag_u(std::uint64_t value) noexcept { return (value >> 1) ^ (~(value & 1) + 1); }

void offsets(std::span<const std::int64_t> values, std::int64_t base, std::uint64_t* out) {
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = u(values[i]) - u(base);
}

void deltas(std::span<const std::int64_t> values, std::int64_t step, std::uint64_t* out) {
  out[0] = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    out[i] = zigzag_u(u(values[i]) - u(values[i - 1]) - u(step));
  }
}

void against_previous_close(std::span<const std::int64_t> values, const std::int64_t* close,
                            std::uint64_t* out) {
  out[0] = zigzag_u(u(values[0]) - u(close[0]));
  for (std::size_t i = 1; i < values.size(); ++i) out[i] = zigzag_u(u(values[i]) - u(close[i - 1]));
}

void against_body_top(std::span<const std::int64_t> values, const PriceColumns& prices,
                      std::uint64_t* out) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    out[i] = zigzag_u(u(values[i]) - u(std::max(prices.open[i], prices.close[i])));
  }
}

void against_body_bottom(std::span<const std::int64_t> values, const PriceColumns& prices,
                         std::uint64_t* out) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    out[i] = zigzag_u(u(std::min(prices.open[i], prices.close[i])) - u(values[i]));
  }
}

/// About how many bits the residuals need: decides between transforms without packing both.
std::uint64_t cost(const std::vector<std::uint64_t>& residuals) {
  std::uint64_t bits = 0;
  for (const std::uint64_t value : residuals)
    bits += static_cast<std::uint64_t>(std::bit_width(value));
  return bits;
}

std::uint8_t width_of(const std::vector<std::uint64_t>& residuals) {
  std::uint64_t any = 0;
  for (const std::uint64_t value : residuals) any |= value;
  return static_cast<std::uint8_t>((std::bit_width(any) + 7) / 8);
}

template <std::size_t kWidth>
void split_planes(const std::uint64_t* residuals, std::size_t rows, std::byte* planes) {
  for (std::size_t plane = 0; plane < kWidth; ++plane) {
    auto* out = reinterpret_cast<unsigned char*>(planes + plane * rows);
    const unsigned shift = static_cast<unsigned>(8 * plane);
    for (std::size_t i = 0; i < rows; ++i) {
      out[i] = static_cast<unsigned char>(residuals[i] >> shift);
    }
  }
}

template <std::size_t kWidth>
void join_planes(const std::byte* planes, std::size_t rows, std::uint64_t* residuals) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(planes);
  for (std::size_t i = 0; i < rows; ++i) {
    std::uint64_t value = 0;
    for (std::size_t plane = 0; plane < kWidth; ++plane) {
      value |= static_cast<std::uint64_t>(bytes[plane * rows + i]) << (8 * plane);
    }
    residuals[i] = value;
  }
}

// One instance a width, so that the compiler unrolls and vectorises each.
template <std::size_t... kWidths>
constexpr auto split_table(std::index_sequence<kWidths...> /*widths*/) {
  return std::array{&split_planes<kWidths>...};
}
template <std::size_t... kWidths>
constexpr auto join_table(std::index_sequence<kWidths...> /*widths*/) {
  return std::array{&join_planes<kWidths>...};
}
constexpr auto kSplit = split_table(std::make_index_sequence<kWidthMax + 1>());
constexpr auto kJoin = join_table(std::make_index_sequence<kWidthMax + 1>());

void undo(const ColumnBlock& block, const PriceColumns& prices,
          const std::vector<std::uint64_t>& residuals, std::span<std::int64_t> out) {
  const std::size_t rows = out.size();
  const auto put = [&out](std::size_t i, std::uint64_t value) {
    out[i] = static_cast<std::int64_t>(value);
  };
  switch (block.transform) {
    case Transform::kOffset:
      for (std::size_t i = 0; i < rows; ++i) put(i, residuals[i] + u(block.base));
      return;
    case Transform::kDelta: {
      std::uint64_t value = u(block.base);
      put(0, value);
      for (std::size_t i = 1; i < rows; ++i) {
        value += unzigzag_u(residuals[i]) + u(block.step);
        put(i, value);
      }
      return;
    }
    case Transform::kPreviousClose:
      put(0, unzigzag_u(residuals[0]) + u(prices.close[0]));
      for (std::size_t i = 1; i < rows; ++i)
        put(i, unzigzag_u(residuals[i]) + u(prices.close[i - 1]));
      return;
    case Transform::kBodyTop:
      for (std::size_t i = 0; i < rows; ++i) {
        put(i, unzigzag_u(residuals[i]) + u(std::max(prices.open[i], prices.close[i])));
      }
      return;
    case Transform::kBodyBottom:
      for (std::size_t i = 0; i < rows; ++i) {
        put(i, u(std::min(prices.open[i], prices.close[i])) - unzigzag_u(residuals[i]));
      }
      return;
  }
}

}  // namespace

ColumnSet dependencies(Transform transform) noexcept {
  switch (transform) {
    case Transform::kOffset:
    case Transform::kDelta:
      return {};
    case Transform::kPreviousClose:
      return {Column::kClose};
    case Transform::kBodyTop:
    case Transform::kBodyBottom:
      return {Column::kOpen, Column::kClose};
  }
  return {};
}

void PlainCodec::transform(Column column, std::span<const std::int64_t> values,
                           const PriceColumns& prices, ColumnBlock& block) {
  residuals_.resize(values.size());
  const bool body = prices.open != nullptr && prices.close != nullptr;
  if (column == Column::kOpen && prices.close != nullptr) {
    block.transform = Transform::kPreviousClose;
    against_previous_close(values, prices.close, residuals_.data());
    return;
  }
  if (column == Column::kHigh && body) {
    block.transform = Transform::kBodyTop;
    against_body_top(values, prices, residuals_.data());
    return;
  }
  if (column == Column::kLow && body) {
    block.transform = Transform::kBodyBottom;
    against_body_bottom(values, prices, residuals_.data());
    return;
  }
  block.transform = Transform::kDelta;
  block.base = values[0];
  // Open times rise by the interval: with it taken away nothing is left of a gapless block.
  if (column == Column::kOpenTime && values.size() > 1) {
    block.step = static_cast<std::int64_t>(u(values[1]) - u(values[0]));
  }
  deltas(values, block.step, residuals_.data());
  if (column <= Column::kClose) return;

  // Volumes and counts hardly follow their neighbours: what is smaller is kept.
  const std::int64_t base = *std::min_element(values.begin(), values.end());
  others_.resize(values.size());
  offsets(values, base, others_.data());
  if (cost(others_) > cost(residuals_)) return;
  block.transform = Transform::kOffset;
  block.base = base;
  residuals_.swap(others_);
}

ColumnBlock PlainCodec::encode(Column column, std::span<const std::int64_t> values, int scale,
                               const PriceColumns& prices, Packing packing, Bytes& out) {
  const std::size_t rows = values.size();
  BF_ASSERT(rows > 0);
  ColumnBlock block;
  block.scale = static_cast<std::uint8_t>(scale);
  transform(column, values, prices, block);
  block.width = width_of(residuals_);
  const std::size_t raw = rows * block.width;
  if (packing == Packing::kNone) {
    const std::size_t begin = out.size();
    out.resize(begin + raw);
    kSplit[block.width](residuals_.data(), rows, out.data() + begin);
    block.size = static_cast<std::uint32_t>(raw);
  } else {
    planes_.resize(raw);
    kSplit[block.width](residuals_.data(), rows, planes_.data());
    block.size = static_cast<std::uint32_t>(append_packed(out, planes_));
  }
  return block;
}

Result<void> PlainCodec::decode(const ColumnBlock& block, std::span<const std::byte> bytes,
                                const PriceColumns& prices, std::span<std::int64_t> out) {
  if (block.codec != Codec::kPlain || block.transform > Transform::kBodyBottom) {
    return fail(Code::kFormat, "a column is encoded in a way that this build does not know");
  }
  if (block.width > kWidthMax || block.scale > kScaleMax || bytes.size() != block.size ||
      out.empty()) {
    return fail(Code::kCorrupt, "the description of a column contradicts itself");
  }
  const std::size_t rows = out.size();
  const std::size_t raw = rows * block.width;
  const std::byte* planes = bytes.data();
  if (bytes.size() != raw) {
    planes_.resize(raw);
    const Result<void> unpacked = unpack(bytes, planes_);
    if (!unpacked) return unpacked;
    planes = planes_.data();
  }
  residuals_.resize(rows);
  kJoin[block.width](planes, rows, residuals_.data());
  undo(block, prices, residuals_, out);
  return {};
}

}  // namespace bf::store
