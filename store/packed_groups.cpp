#include "store/packed_groups.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "store/base/processor.h"

namespace bf::store {
namespace {

/// Rows that share a base and a width.
constexpr std::size_t kGroupRows = 128;
constexpr std::size_t kLanes = 8;
constexpr std::size_t kWordBits = 64;
/// Of a group: its base, then its width.
constexpr std::size_t kHeadBytes = sizeof(std::int64_t) + 1;

using Vector = std::uint64_t __attribute__((vector_size(64)));
using SignedVector = std::int64_t __attribute__((vector_size(64)));
static_assert(sizeof(Vector) == kLanes * sizeof(std::uint64_t));
static_assert(kWordBits == 8 * sizeof(std::uint64_t));

// Vectors go by reference: how they are returned differs between processors.
template <class Any>
BF_INLINE void load(const void* from, Any& vector) noexcept {
  std::memcpy(&vector, from, sizeof(vector));
}
BF_INLINE void store(void* to, const Vector& vector) noexcept {
  std::memcpy(to, &vector, sizeof(vector));
}

std::size_t group_count(std::size_t rows) noexcept { return (rows + kGroupRows - 1) / kGroupRows; }
std::size_t vector_count(std::size_t rows) noexcept { return (rows + kLanes - 1) / kLanes; }

struct Group {
  std::uint64_t base = 0;
  unsigned width = 0;
};

/// Requires: at least one value.
BF_INLINE Group group_of(std::span<const std::int64_t> values) noexcept {
  const std::int64_t* const from = values.data();
  std::int64_t least = from[0];
  std::int64_t most = from[0];
  std::size_t row = 0;
  if (values.size() >= kLanes) {
    SignedVector low;
    load(from, low);
    SignedVector high = low;
    for (row = kLanes; row + kLanes <= values.size(); row += kLanes) {
      SignedVector some;
      load(from + row, some);
      low = some < low ? some : low;
      high = some > high ? some : high;
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      least = std::min<std::int64_t>(least, low[lane]);
      most = std::max<std::int64_t>(most, high[lane]);
    }
  }
  for (; row < values.size(); ++row) {
    least = std::min(least, from[row]);
    most = std::max(most, from[row]);
  }
  const auto base = static_cast<std::uint64_t>(least);
  return {base, static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(most) - base))};
}

/// Eight rows from `row` on; lanes behind the last row have `filler`.
BF_INLINE void load_rows(std::span<const std::int64_t> values, std::size_t row,
                         std::uint64_t filler, Vector& rows) noexcept {
  if (row + kLanes <= values.size()) return load(values.data() + row, rows);
  std::array<std::uint64_t, kLanes> last;
  last.fill(filler);
  std::memcpy(last.data(), values.data() + row, (values.size() - row) * sizeof(filler));
  load(last.data(), rows);
}

/// Writes heads and words of all groups, and returns the end. Requires: room for words of kWordBits bits a
/// value.
BF_INLINE std::byte* pack_loop(std::span<const std::int64_t> values, std::byte* heads) {
  std::byte* out = heads + group_count(values.size()) * kHeadBytes;
  Vector word{};
  std::uint64_t filled = 0;
  for (std::size_t begin = 0; begin < values.size(); begin += kGroupRows) {
    const std::size_t end = std::min(values.size(), begin + kGroupRows);
    const auto [base, width] = group_of(values.subspan(begin, end - begin));
    std::memcpy(heads, &base, sizeof(base));
    heads[sizeof(base)] = static_cast<std::byte>(width);
    heads += kHeadBytes;
    if (width == 0) continue;
    for (std::size_t row = begin; row < end; row += kLanes) {
      Vector rest;
      load_rows(values, row, base, rest);
      rest -= base;
      word |= rest << filled;
      filled += width;
      if (filled < kWordBits) continue;
      store(out, word);
      out += sizeof(word);
      filled -= kWordBits;
      word = filled == 0 ? Vector{} : rest >> (width - filled);
    }
  }
  if (filled == 0) return out;
  store(out, word);
  return out + sizeof(word);
}

/// Reads the words of one group, which begin at bit `bit` of each lane. Requires: as many words.
BF_INLINE void unpack(const std::byte* words, std::size_t bit, Group group,
                      std::span<std::int64_t> out) {
  const auto [base, width] = group;
  const std::uint64_t mask = ~std::uint64_t{0} >> (kWordBits - width);
  const auto next = [&](Vector& eight) __attribute__((always_inline)) {
    const std::byte* const word = words + bit / kWordBits * sizeof(Vector);
    const std::uint64_t shift = bit % kWordBits;
    load(word, eight);
    eight >>= shift;
    if (shift + width > kWordBits) {
      Vector more;
      load(word + sizeof(Vector), more);
      eight |= more << (kWordBits - shift);
    }
    eight = (eight & mask) + base;
    bit += width;
  };
  std::int64_t* const to = out.data();
  const std::size_t whole = out.size() / kLanes * kLanes;
  Vector rows;
  for (std::size_t row = 0; row < whole; row += kLanes) {
    next(rows);
    store(to + row, rows);
  }
  if (whole == out.size()) return;
  next(rows);
  std::memcpy(to + whole, &rows, (out.size() - whole) * sizeof(*to));
}

BF_INLINE void unpack_loop(const std::byte* heads, const std::byte* words,
                           std::span<std::int64_t> out) {
  std::size_t bit = 0;
  for (std::size_t begin = 0; begin < out.size(); begin += kGroupRows) {
    const auto rows = out.subspan(begin, std::min(kGroupRows, out.size() - begin));
    Group group;
    std::memcpy(&group.base, heads, sizeof(group.base));
    group.width = static_cast<unsigned>(heads[sizeof(group.base)]);
    heads += kHeadBytes;
    if (group.width == 0) {
      std::fill(rows.begin(), rows.end(), static_cast<std::int64_t>(group.base));
    } else {
      unpack(words, bit, group, rows);
    }
    bit += group.width * vector_count(rows.size());
  }
}

}  // namespace

void encode_packed_groups(std::span<const std::int64_t> values, Bytes& scratch, Bytes& out) {
  const std::size_t most =
      group_count(values.size()) * kHeadBytes + vector_count(values.size()) * sizeof(Vector);
  if (scratch.size() < most) scratch.resize(most);
  static const auto pack = best_lanes<&pack_loop>();
  const std::byte* const end = pack(values, scratch.data());
  append_bytes(out, std::span(scratch).first(static_cast<std::size_t>(end - scratch.data())));
}

Result<void> decode_packed_groups(std::span<const std::byte> bytes, std::span<std::int64_t> out) {
  const std::size_t heads = group_count(out.size()) * kHeadBytes;
  if (bytes.size() < heads) return fail(Code::kCorrupt, "a column ends within its groups");
  std::size_t bits = 0;
  bool possible = true;
  for (std::size_t begin = 0; begin < out.size(); begin += kGroupRows) {
    const std::size_t rows = std::min(kGroupRows, out.size() - begin);
    const auto width =
        static_cast<std::size_t>(bytes[begin / kGroupRows * kHeadBytes + sizeof(std::int64_t)]);
    possible &= width <= kWordBits;
    bits += width * vector_count(rows);
  }
  const std::size_t words = (bits + kWordBits - 1) / kWordBits;
  if (!possible || bytes.size() - heads != words * sizeof(Vector)) {
    return fail(Code::kCorrupt, "a column is not as long as its packed values");
  }
  static const auto unpack_all = best_lanes<&unpack_loop>();
  unpack_all(bytes.data(), bytes.data() + heads, out);
  return {};
}

}  // namespace bf::store
