#include "store/packed_deltas.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "store/base/assert.h"
#include "store/base/processor.h"

namespace bf::store {
namespace {

constexpr std::size_t kLanes = 4;
constexpr int kWidthMax = 32;
constexpr std::size_t kPatchRowBytes = sizeof(std::uint16_t);
/// Bits that a patched difference costs: its row, and what does not fit.
constexpr std::uint64_t kPatchBits = 24;

using Vector = std::uint32_t __attribute__((vector_size(16)));
static_assert(sizeof(Vector) == kLanes * sizeof(std::uint32_t));

BF_INLINE Vector load(const void* from) noexcept {
  Vector vector;
  std::memcpy(&vector, from, sizeof(vector));
  return vector;
}
void store(void* to, Vector vector) noexcept { std::memcpy(to, &vector, sizeof(vector)); }

std::size_t rows_of_lane(std::size_t rows) noexcept { return (rows + kLanes - 1) / kLanes; }

/// Vectors that the packed differences of `lane_rows` take.
std::size_t packed_vectors(std::size_t lane_rows, std::size_t width) noexcept {
  return (lane_rows * width + 31) / 32;
}

std::uint32_t mask_of(std::size_t width) noexcept {
  return width == 32 ? ~std::uint32_t{0} : (std::uint32_t{1} << width) - 1;
}

/// Row r of every lane begins at bit r * width of the lane's words.
void pack(const std::uint32_t* deltas, std::size_t lane_rows, std::size_t width, std::byte* out) {
  if (width == 0) return;
  const std::uint32_t mask = mask_of(width);
  Vector word{};
  std::size_t filled = 0;
  for (std::size_t row = 0; row < lane_rows; ++row) {
    const Vector value = load(deltas + row * kLanes) & mask;
    word |= value << static_cast<std::uint32_t>(filled);
    filled += width;
    if (filled < 32) continue;
    store(out, word);
    out += sizeof(Vector);
    filled -= 32;
    word = filled == 0 ? Vector{} : value >> static_cast<std::uint32_t>(width - filled);
  }
  if (filled > 0) store(out, word);
}

/// As many rows of a lane as begin and end with a word, whatever the width.
constexpr std::size_t kGroup = 32;

// kGroup rows of a lane take kWidth words: one instance a width, in which every shift is a constant.
template <std::size_t kWidth, std::size_t... kRows>
void unpack_rows(const std::byte* in, std::uint32_t* out, std::index_sequence<kRows...> /*rows*/) {
  const auto row = [&]<std::size_t kRow>() {
    constexpr std::size_t kBit = kRow * kWidth;
    constexpr std::size_t kWord = kBit / 32;
    constexpr std::uint32_t kShift = kBit % 32;
    Vector value = load(in + kWord * sizeof(Vector)) >> kShift;
    if constexpr (kShift + kWidth > 32) {
      value |= load(in + (kWord + 1) * sizeof(Vector)) << (32 - kShift);
    }
    if constexpr (kWidth < 32) value &= (std::uint32_t{1} << kWidth) - 1;
    store(out + kRow * kLanes, value);
  };
  (row.template operator()<kRows>(), ...);
}

template <std::size_t kWidth>
void unpack(const std::byte* in, std::size_t lane_rows, std::uint32_t* out) {
  if constexpr (kWidth == 0) {
    std::fill_n(out, lane_rows * kLanes, 0);
  } else {
    constexpr auto kRows = std::make_index_sequence<kGroup>();
    std::size_t row = 0;
    for (; row + kGroup <= lane_rows; row += kGroup) {
      unpack_rows<kWidth>(in, out + row * kLanes, kRows);
      in += kWidth * sizeof(Vector);
    }
    if (row == lane_rows) return;
    // The last rows end within a group: they are read from a copy that is whole.
    std::array<std::byte, kWidth * sizeof(Vector)> last{};
    std::memcpy(last.data(), in, packed_vectors(lane_rows - row, kWidth) * sizeof(Vector));
    std::array<std::uint32_t, kGroup * kLanes> values;
    unpack_rows<kWidth>(last.data(), values.data(), kRows);
    std::copy_n(values.begin(), (lane_rows - row) * kLanes, out + row * kLanes);
  }
}

template <std::size_t... kWidths>
constexpr auto unpack_table(std::index_sequence<kWidths...> /*widths*/) {
  return std::array{&unpack<kWidths>...};
}
constexpr auto kUnpack = unpack_table(std::make_index_sequence<kWidthMax + 1>());

/// The width that packs the differences in the fewest bits, patches counted.
std::size_t best_width(std::span<const std::uint32_t> deltas) {
  // One histogram a lane: neighbours mostly fall into one class, and would wait for each other's count.
  std::array<std::array<std::uint32_t, kWidthMax + 1>, kLanes> counts{};
  for (std::size_t i = 0; i < deltas.size(); i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      ++counts[lane][static_cast<std::size_t>(std::bit_width(deltas[i + lane]))];
    }
  }
  std::size_t best = kWidthMax;
  std::uint64_t best_bits = deltas.size() * kWidthMax;
  std::uint64_t patches = 0;
  for (std::size_t width = kWidthMax; width-- > 0;) {
    for (const auto& of_lane : counts) patches += of_lane[width + 1];
    const std::uint64_t bits = deltas.size() * width + patches * kPatchBits;
    if (bits < best_bits) {
      best = width;
      best_bits = bits;
    }
  }
  return best;
}

Error broken(const char* what) { return Error(Code::kCorrupt, what); }

/// Where the differences of ascending rows lie: without a division for each.
class Places {
 public:
  explicit Places(std::size_t lane_rows) : lane_rows_(lane_rows) {}
  /// Requires: `row` is not before the one asked for last.
  [[nodiscard]] std::size_t operator()(std::size_t row) noexcept {
    while (row - lane_begin_ >= lane_rows_) {
      lane_begin_ += lane_rows_;
      ++lane_;
    }
    return (row - lane_begin_) * kLanes + lane_;
  }

 private:
  std::size_t lane_rows_;
  std::size_t lane_begin_ = 0;
  std::size_t lane_ = 0;
};

/// Differences that need more bits than the others: their rows, 2 bytes each, then what does not fit,
/// `bytes` each.
struct Patches {
  std::size_t count = 0;
  std::size_t bytes = 1;  ///< 1, 2 or 4
  std::span<const std::byte> rows;
  std::span<const std::byte> highs;
};

Result<Patches> read_patches(ByteReader& in) {
  Patches patches;
  patches.count = in.count(kPatchRowBytes + 1);
  if (patches.count == 0) return patches;
  patches.bytes = in.fixed<std::uint8_t>();
  if (patches.bytes != 1 && patches.bytes != 2 && patches.bytes != 4) {
    return fail(broken("the patches of a column have an impossible size"));
  }
  patches.rows = in.take(patches.count * kPatchRowBytes);
  patches.highs = in.take(patches.count * patches.bytes);
  if (!in.ok()) return fail(broken("the patches of a column are cut off"));
  return patches;
}

/// Adds the patches to the unpacked differences; false where one lies outside of them.
template <class High>
bool patch(const Patches& patches, std::size_t width, std::size_t rows, std::uint32_t* deltas) {
  Places place(rows_of_lane(rows));
  std::size_t last = 0;
  for (std::size_t i = 0; i < patches.count; ++i) {
    std::uint16_t row = 0;
    High high = 0;
    std::memcpy(&row, patches.rows.data() + i * sizeof(row), sizeof(row));
    std::memcpy(&high, patches.highs.data() + i * sizeof(high), sizeof(high));
    if (row < last || row >= rows) return false;
    last = row;
    deltas[place(row)] |= static_cast<std::uint32_t>(std::uint64_t{high} << width);
  }
  return true;
}

bool patch_any(const Patches& patches, std::size_t width, std::size_t rows, std::uint32_t* deltas) {
  if (patches.bytes == 1) return patch<std::uint8_t>(patches, width, rows, deltas);
  if (patches.bytes == 2) return patch<std::uint16_t>(patches, width, rows, deltas);
  return patch<std::uint32_t>(patches, width, rows, deltas);
}

void write_patches(ByteWriter& out, std::span<const std::uint16_t> rows,
                   std::span<const std::uint32_t> highs) {
  out.varint(rows.size());
  if (rows.empty()) return;
  const std::uint32_t most = *std::max_element(highs.begin(), highs.end());
  const std::size_t bytes = most < 1U << 8U ? 1 : most < 1U << 16U ? 2 : 4;
  out.fixed(static_cast<std::uint8_t>(bytes));
  out.bytes(std::as_bytes(rows));
  for (const std::uint32_t high : highs) out.bytes(bytes_of(high).first(bytes));
}

/// What the value in the last row of each lane but the last is more than the first value of the block.
using LaneEnds = std::array<std::int64_t, kLanes - 1>;

// Four rows of four lanes, row by row; and four rows of two lanes, lane by lane, wide.
using Rows = std::uint32_t __attribute__((vector_size(64)));
using WideHalf = std::uint64_t __attribute__((vector_size(64)));
static_assert(std::endian::native == std::endian::little);

/// Added to sums while they have 32 bits: so that they have no sign, and grow by zeros alone.
constexpr std::uint32_t kBias = std::uint32_t{1} << 31;

/// Adds the differences up: lane by lane, each begun where the one before it ends.
BF_INLINE void add_up_loop(const std::uint32_t* deltas, std::int64_t base, const LaneEnds& ends,
                           std::span<std::int64_t> out) {
  const std::size_t lane_rows = rows_of_lane(out.size());
  std::array<std::uint64_t, kLanes> bases{};
  bases.fill(static_cast<std::uint64_t>(base) - kBias);
  for (std::size_t lane = 1; lane < kLanes; ++lane) {
    bases[lane] += static_cast<std::uint64_t>(ends[lane - 1]);
  }
  const auto [a, b, c, d] = bases;
  const WideHalf low_bases = {a, a, a, a, b, b, b, b};
  const WideHalf high_bases = {c, c, c, c, d, d, d, d};
  std::int64_t* const to = out.data();
  const Rows zeros{};
  Rows last = zeros + kBias;  // the sums of the last row, four times
  const auto add_four = [&](std::size_t row) __attribute__((always_inline)) {
    Rows rows;
    std::memcpy(&rows, deltas + row * kLanes, sizeof(rows));
    rows = (rows >> 1U) ^ (zeros - (rows & 1U));
    rows += __builtin_shufflevector(zeros, rows, 0, 1, 2, 3, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
                                    26, 27);
    rows += __builtin_shufflevector(zeros, rows, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22,
                                    23);
    rows += last;
    last = __builtin_shufflevector(rows, rows, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12,
                                   13, 14, 15);
    const auto low = __builtin_shufflevector(rows, zeros, 0, 16, 4, 16, 8, 16, 12, 16, 1, 16, 5, 16,
                                             9, 16, 13, 16);
    const auto high = __builtin_shufflevector(rows, zeros, 2, 16, 6, 16, 10, 16, 14, 16, 3, 16, 7,
                                              16, 11, 16, 15, 16);
    const WideHalf low_values = reinterpret_cast<WideHalf>(low) + low_bases;
    const WideHalf high_values = reinterpret_cast<WideHalf>(high) + high_bases;
    const auto* const low_bytes = reinterpret_cast<const std::byte*>(&low_values);
    const auto* const high_bytes = reinterpret_cast<const std::byte*>(&high_values);
    constexpr std::size_t kHalfBytes = sizeof(WideHalf) / 2;
    std::memcpy(to + row, low_bytes, kHalfBytes);
    std::memcpy(to + lane_rows + row, low_bytes + kHalfBytes, kHalfBytes);
    std::memcpy(to + 2 * lane_rows + row, high_bytes, kHalfBytes);
    std::memcpy(to + 3 * lane_rows + row, high_bytes + kHalfBytes, kHalfBytes);
  };
  const auto add_few = [&](std::size_t row, std::size_t end) {
    std::array<std::uint32_t, kLanes> sums = {last[0], last[1], last[2], last[3]};
    for (; row < end; ++row) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        sums[lane] += static_cast<std::uint32_t>(unzigzag(deltas[row * kLanes + lane]));
        const std::size_t at = lane * lane_rows + row;
        if (at < out.size()) to[at] = static_cast<std::int64_t>(bases[lane] + sums[lane]);
      }
    }
    const auto [e, f, g, h] = sums;
    last = Rows{e, f, g, h, e, f, g, h, e, f, g, h, e, f, g, h};
  };

  // Fours begin where they can be stored within a line of the cache. The last lane may end before the
  // others.
  const std::size_t fours_end = out.size() - std::min(out.size(), (kLanes - 1) * lane_rows);
  std::size_t row = std::min(misaligned(to, kLanes * sizeof(*to)), lane_rows);
  add_few(0, row);
  for (; row + kLanes <= fours_end; row += kLanes) add_four(row);
  add_few(row, lane_rows);
}

}  // namespace

/// Fills deltas_. False where the differences are too large for the sums that decoding makes of them.
bool PackedDeltas::subtract(std::span<const std::int64_t> values) {
  const std::size_t rows = values.size();
  const std::size_t lane_rows = rows_of_lane(rows);
  deltas_.resize(lane_rows * kLanes);
  std::uint64_t span = 0;  // of the differences added up without their signs
  std::uint64_t bits = 0;  // a member would be written once a row
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const std::size_t begin = std::min(lane * lane_rows, rows);
    const std::size_t end = std::min(begin + lane_rows, rows);
    std::uint32_t* const out = deltas_.data() + lane;
    auto previous = static_cast<std::uint64_t>(values[begin == 0 ? 0 : begin - 1]);
    for (std::size_t row = begin; row < end; ++row) {
      const auto value = static_cast<std::uint64_t>(values[row]);
      const std::uint64_t zigzagged = zigzag(static_cast<std::int64_t>(value - previous));
      previous = value;
      span += zigzagged / 2 + 1;
      bits |= zigzagged;
      out[(row - begin) * kLanes] = static_cast<std::uint32_t>(zigzagged);
    }
    for (std::size_t row = end - begin; row < lane_rows; ++row) out[row * kLanes] = 0;
  }
  bits_ = bits;
  return bits >> 32U == 0 && span >> 31U == 0;
}

void PackedDeltas::find_patches(std::size_t rows, std::size_t width) {
  patched_.clear();
  highs_.clear();
  if (bits_ >> width == 0) return;
  const std::size_t lane_rows = rows_of_lane(rows);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    for (std::size_t i = 0; i < lane_rows; ++i) {
      const std::uint32_t high = deltas_[i * kLanes + lane] >> width;
      if (high == 0) continue;
      patched_.push_back(static_cast<std::uint16_t>(lane * lane_rows + i));
      highs_.push_back(high);
    }
  }
}

bool PackedDeltas::encode(std::span<const std::int64_t> values, Bytes& out) {
  if (!subtract(values)) return false;
  const std::size_t rows = values.size();
  const std::size_t lane_rows = rows_of_lane(rows);
  const std::size_t width = best_width(deltas_);
  find_patches(rows, width);
  ByteWriter head(out);
  head.fixed(static_cast<std::uint8_t>(width));
  for (std::size_t lane = 1; lane < kLanes; ++lane) {
    const std::int64_t end = values[std::min(lane * lane_rows, rows) - 1];
    head.signed_varint(static_cast<std::int64_t>(static_cast<std::uint64_t>(end) -
                                                 static_cast<std::uint64_t>(values[0])));
  }
  write_patches(head, patched_, highs_);
  const std::size_t at = out.size();
  out.resize(at + packed_vectors(lane_rows, width) * sizeof(Vector));
  pack(deltas_.data(), lane_rows, width, out.data() + at);
  return true;
}

Result<void> PackedDeltas::decode(std::span<const std::byte> bytes, std::int64_t base,
                                  std::span<std::int64_t> out) {
  const std::size_t lane_rows = rows_of_lane(out.size());
  ByteReader in(bytes);
  const std::size_t width = in.fixed<std::uint8_t>();
  LaneEnds ends{};
  for (std::int64_t& end : ends) end = in.signed_varint();
  if (!in.ok() || width > kWidthMax) return fail(broken("the width of a column is impossible"));
  const Result<Patches> patches = read_patches(in);
  if (!patches) return fail(patches.error());
  const std::size_t packed = packed_vectors(lane_rows, width) * sizeof(Vector);
  if (in.remaining() != packed) return fail(broken("a column is not as long as its packed values"));
  deltas_.resize(lane_rows * kLanes);
  kUnpack[width](bytes.data() + bytes.size() - packed, lane_rows, deltas_.data());
  if (!patch_any(*patches, width, out.size(), deltas_.data())) {
    return fail(broken("a patch of a column lies outside of it"));
  }
  static const auto add_up = best_lanes<&add_up_loop>();
  add_up(deltas_.data(), base, ends, out);
  return {};
}

}  // namespace bf::store
