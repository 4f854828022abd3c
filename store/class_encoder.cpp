#include <array>
#include <cstring>

#include "store/base/assert.h"
#include "store/class_codec.h"
#include "store/class_streams.h"

namespace bf::store {
namespace {

/// Codes by symbol: the bits of each, and above them how many they are.
using Codes = std::array<std::uint16_t, kCodeSymbols>;
constexpr unsigned kLengthShift = 8;
static_assert(kCodeLengthMax <= static_cast<int>(kLengthShift));
constexpr unsigned kCodeMask = (1U << kLengthShift) - 1;

constexpr unsigned kWordBits = 64;

// In words as wide as the numbers: so that vectors of them need no other ones.
BF_INLINE std::uint64_t width_of(std::uint64_t number) noexcept {
  return static_cast<std::uint64_t>(std::bit_width(number));
}
/// The bits of a number below its leading one.
BF_INLINE std::uint64_t bits_below(std::uint64_t number) noexcept {
  return width_of(number | 1U) - 1;
}
BF_INLINE std::uint64_t without_leading(std::uint64_t number, std::uint64_t below) noexcept {
  return number & ~(std::uint64_t{1} << below);
}

BF_INLINE void symbols_loop(std::span<const std::uint64_t> numbers, Contexts contexts,
                            std::uint8_t* symbols) {
  const std::uint64_t* const __restrict from = numbers.data();
  const std::uint8_t* const __restrict expected = contexts.data();
  std::uint8_t* const __restrict to = symbols;
  const std::size_t rows = numbers.size();
  if (contexts.empty()) {
    for (std::size_t i = 0; i < rows; ++i) {
      to[i] = static_cast<std::uint8_t>(width_of(from[i]) + kContextBias);
    }
  } else {
    for (std::size_t i = 0; i < rows; ++i) {
      to[i] = static_cast<std::uint8_t>(width_of(from[i]) + kContextBias - expected[i]);
    }
  }
}

/// Each number as its stream has it: the code, and above it the bits below the leading one. Those of more
/// than a word are cut off. Returns how many bits the longest has.
BF_INLINE unsigned bits_loop(std::span<const std::uint64_t> numbers, const std::uint16_t* codes,
                             std::uint64_t* bits, std::uint8_t* lengths) {
  // Bytes may be anything in memory: unless it is said that they are not, no loop over them is vectorised.
  const std::uint64_t* const __restrict from = numbers.data();
  const std::uint16_t* const __restrict with = codes;
  std::uint64_t* const __restrict to = bits;
  std::uint8_t* const __restrict to_lengths = lengths;
  const std::size_t rows = numbers.size();
  std::uint64_t longest = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    const std::uint64_t number = from[i];
    const std::uint64_t code = with[i];
    const std::uint64_t length = code >> kLengthShift;
    const std::uint64_t below = bits_below(number);
    to[i] = without_leading(number, below) << length | (code & kCodeMask);
    to_lengths[i] = static_cast<std::uint8_t>(below + length);
    longest = std::max(longest, below + length);
  }
  return static_cast<unsigned>(longest);
}

SymbolCounts count(std::span<const std::uint8_t> symbols) {
  // Neighbours often have one symbol: counters of their own do not wait for one another.
  constexpr std::size_t kCounters = 4;
  std::array<SymbolCounts, kCounters> counts{};
  const std::uint8_t* const from = symbols.data();
  std::size_t i = 0;
  for (; i + kCounters <= symbols.size(); i += kCounters) {
    for (std::size_t k = 0; k < kCounters; ++k) ++counts[k].data()[from[i + k]];
  }
  for (; i < symbols.size(); ++i) ++counts[0].data()[from[i]];
  for (std::size_t s = 0; s < kCodeSymbols; ++s) {
    counts[0][s] += counts[1][s] + counts[2][s] + counts[3][s];
  }
  return counts[0];
}

/// Bits, the lowest of each byte first, into memory that has room for them and a word more.
class BitWriter {
 public:
  explicit BitWriter(std::byte* out) : out_(out) {}
  /// Requires: count <= kWordBits, value < 2^count. Without a branch that data decides.
  BF_INLINE void put(std::uint64_t value, unsigned count) noexcept {
    word_ |= value << filled_;
    std::memcpy(out_, &word_, sizeof(word_));
    const std::uint64_t rest = value >> 1U >> (kWordBits - 1 - filled_);
    filled_ += count;
    word_ = filled_ >= kWordBits ? rest : word_;
    out_ += filled_ / kWordBits * sizeof(word_);
    filled_ %= kWordBits;
  }
  /// Where the next byte would go.
  std::byte* finish() noexcept {
    std::memcpy(out_, &word_, sizeof(word_));
    return out_ + (filled_ + 7) / 8;
  }

 private:
  std::byte* out_;
  std::uint64_t word_ = 0;
  unsigned filled_ = 0;
};

/// Writes one stream, two numbers at once where a word holds them.
BF_INLINE std::byte* write_loop(std::span<const std::uint64_t> bits, const std::uint8_t* lengths,
                                std::byte* out) {
  const std::uint64_t* const from = bits.data();
  BitWriter writer(out);
  std::size_t i = 0;
  for (; i + 2 <= bits.size(); i += 2) {
    const unsigned first = lengths[i];
    const unsigned both = first + lengths[i + 1];
    if (both < kWordBits) [[likely]] {
      writer.put(from[i] | from[i + 1] << first, both);
    } else {
      writer.put(from[i], first);
      writer.put(from[i + 1], lengths[i + 1]);
    }
  }
  if (i < bits.size()) writer.put(from[i], lengths[i]);
  return writer.finish();
}

/// The same of numbers that no word holds with their codes.
std::byte* write_wide(std::span<const std::uint64_t> numbers, const std::uint16_t* codes,
                      std::byte* out) {
  BitWriter writer(out);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::uint64_t below = bits_below(numbers[i]);
    writer.put(codes[i] & kCodeMask, codes[i] >> kLengthShift);
    writer.put(without_leading(numbers[i], below), static_cast<unsigned>(below));
  }
  return writer.finish();
}

Codes codes_of(const CodeLengths& lengths) {
  Codes codes{};
  for_each_code(lengths, 0, kCodeSymbols - 1,
                [&codes](std::uint8_t symbol, std::uint8_t length, unsigned code) {
                  codes[symbol] =
                      static_cast<std::uint16_t>(unsigned{length} << kLengthShift | code);
                });
  return codes;
}

}  // namespace

void ClassEncoder::encode(std::span<const std::uint64_t> numbers, Contexts contexts, Bytes& out) {
  BF_ASSERT(!numbers.empty() && (contexts.empty() || contexts.size() == numbers.size()));
  static const auto find_symbols = best_lanes<&symbols_loop>();
  static const auto find_bits = best_lanes<&bits_loop>();
  static const auto write_stream = best_bits<&write_loop>();
  const std::size_t rows = numbers.size();
  symbols_.resize(rows);
  bits_.resize(rows);
  codes_.resize(rows);
  lengths_.resize(rows);
  find_symbols(numbers, contexts, symbols_.data());
  const SymbolCounts counts = count(symbols_);
  const CodeLengths code = code_lengths(counts);
  write_code(counts, code, out);
  const Codes code_of = codes_of(code);
  for (std::size_t i = 0; i < rows; ++i) codes_.data()[i] = code_of.data()[symbols_.data()[i]];
  const unsigned longest = find_bits(numbers, codes_.data(), bits_.data(), lengths_.data());

  const ClassLanes lanes(rows);
  std::array<std::size_t, kClassStreams> sizes{};
  std::size_t total = 0;
  for (std::size_t s = 0; s < kClassStreams; ++s) {
    std::size_t bits = 0;
    for (std::size_t i = lanes.begin(s); i < lanes.end(s); ++i) bits += lengths_.data()[i];
    sizes[s] = (bits + 7) / 8;
    total += sizes[s];
  }
  ByteWriter head(out);
  for (std::size_t s = 0; s + 1 < kClassStreams; ++s) head.varint(sizes[s]);
  const std::size_t begin = out.size();
  out.resize(begin + total + sizeof(std::uint64_t));
  std::byte* at = out.data() + begin;
  for (std::size_t s = 0; s < kClassStreams; ++s) {
    const std::size_t first = lanes.begin(s);
    const std::size_t count = lanes.end(s) - first;
    at = longest > kWordBits
             ? write_wide(numbers.subspan(first, count), codes_.data() + first, at)
             : write_stream(std::span(bits_).subspan(first, count), lengths_.data() + first, at);
  }
  BF_ASSERT(at == out.data() + begin + total);
  out.resize(begin + total);
}

}  // namespace bf::store
