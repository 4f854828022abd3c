#include "store/huffman_code.h"

#include <algorithm>

namespace bf::store {
namespace {

constexpr std::size_t kTableSize = std::size_t{1} << kCodeLengthMax;

Error broken(const char* what) { return Error(Code::kCorrupt, what); }

}  // namespace

CodeLengths code_lengths(const SymbolCounts& counts) {
  std::array<int, kCodeSymbols> used{};
  std::size_t symbols = 0;
  for (int s = 0; s < kCodeSymbols; ++s) {
    if (counts[static_cast<std::size_t>(s)] != 0) used[symbols++] = s;
  }
  CodeLengths lengths{};
  if (symbols < 2) return lengths;
  std::sort(used.begin(), used.begin() + static_cast<std::ptrdiff_t>(symbols), [&](int a, int b) {
    const auto count_a = counts[static_cast<std::size_t>(a)];
    const auto count_b = counts[static_cast<std::size_t>(b)];
    return count_a != count_b ? count_a < count_b : a < b;
  });

  // Leaves in order of weight, and the nodes that join the two lightest, which come in order as well.
  std::array<std::uint64_t, std::size_t{2} * kCodeSymbols> weight{};
  std::array<std::size_t, std::size_t{2} * kCodeSymbols> parent{};
  for (std::size_t i = 0; i < symbols; ++i) weight[i] = counts[static_cast<std::size_t>(used[i])];
  std::size_t leaf = 0;
  std::size_t node = symbols;
  const std::size_t root = 2 * symbols - 2;
  for (std::size_t made = symbols; made <= root; ++made) {
    for (int child = 0; child < 2; ++child) {
      const bool take_leaf = leaf < symbols && (node >= made || weight[leaf] <= weight[node]);
      const std::size_t taken = take_leaf ? leaf++ : node++;
      weight[made] += weight[taken];
      parent[taken] = made;
    }
  }
  std::array<int, std::size_t{2} * kCodeSymbols> depth{};
  for (std::size_t i = root; i-- > 0;) depth[i] = depth[parent[i]] + 1;

  // Too long ones are cut; then the lightest codes with room grow until the code is possible again.
  std::uint64_t space = 0;  // in units of 2^-kCodeLengthMax
  for (std::size_t i = 0; i < symbols; ++i) {
    depth[i] = std::min(depth[i], kCodeLengthMax);
    space += std::uint64_t{1} << (kCodeLengthMax - depth[i]);
  }
  for (std::size_t i = 0; space > kTableSize; i = (i + 1) % symbols) {
    if (depth[i] == kCodeLengthMax) continue;
    ++depth[i];
    space -= std::uint64_t{1} << (kCodeLengthMax - depth[i]);
  }
  // What that left over goes to the heaviest: a code must be complete. The least unit that is left over
  // is that of some code, so this ends.
  for (std::size_t i = symbols - 1; space < kTableSize; i = (i + symbols - 1) % symbols) {
    const std::uint64_t unit = std::uint64_t{1} << (kCodeLengthMax - depth[i]);
    if (depth[i] == 1 || unit > kTableSize - space) continue;
    --depth[i];
    space += unit;
  }
  for (std::size_t i = 0; i < symbols; ++i) {
    lengths[static_cast<std::size_t>(used[i])] = static_cast<std::uint8_t>(depth[i]);
  }
  return lengths;
}

Result<HuffmanCode> read_code(ByteReader& in) {
  const auto first = in.fixed<std::uint8_t>();
  const auto count = in.fixed<std::uint8_t>();
  if (!in.ok() || count == 0 || first + count > kCodeSymbols) {
    return fail(broken("the code of a column has impossible symbols"));
  }
  HuffmanCode code;
  code.first = first;
  code.last = std::size_t{first} + count - 1;
  const auto nibbles = in.take((count + std::size_t{1}) / 2);
  if (!in.ok()) return fail(broken("a column ends within its code"));
  for (std::size_t i = 0; i < count; ++i) {
    const auto pair = std::to_integer<unsigned>(nibbles[i / 2]);
    code.lengths[first + i] = static_cast<std::uint8_t>(i % 2 == 0 ? pair & 15U : pair >> 4U);
    if (code.lengths[first + i] > kCodeLengthMax) return fail(broken("a code is too long"));
  }
  return code;
}

void write_code(const SymbolCounts& counts, const CodeLengths& lengths, Bytes& out) {
  std::size_t first = 0;
  while (counts[first] == 0) ++first;
  std::size_t last = counts.size() - 1;
  while (counts[last] == 0) --last;
  ByteWriter head(out);
  head.fixed(static_cast<std::uint8_t>(first));
  head.fixed(static_cast<std::uint8_t>(last - first + 1));
  for (std::size_t s = first; s <= last; s += 2) {
    const unsigned high = s < last ? lengths[s + 1] : 0;
    head.fixed(static_cast<std::uint8_t>(lengths[s] | high << 4U));
  }
}

}  // namespace bf::store
