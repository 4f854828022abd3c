#include "engine/exchange/number_rows.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bf::exchange {
namespace {

/// Places in a text are compared as int32.
constexpr std::size_t kTextBytesMax = std::size_t{1} << 31U;

}  // namespace

#if defined(__x86_64__)
namespace {

constexpr std::size_t kBlockBytes = 64;
/// Separators of nearly every block.
constexpr std::size_t kWrittenAtOnce = 12;

/// The last n of the 16 bytes from kLastBytes + n on are ones.
alignas(32) constexpr std::array<std::uint8_t, 2 * kNumberBytes> kLastBytes = [] {
  std::array<std::uint8_t, 2 * kNumberBytes> bytes{};
  std::fill(bytes.begin() + kNumberBytes, bytes.end(), std::uint8_t{0xFF});
  return bytes;
}();

/// Times and counts: never with a point, and in JSON without quotes.
constexpr bool is_whole(std::size_t number) { return number == 0 || number == 6 || number == 8; }
constexpr bool is_quoted(RowText form, std::size_t number) {
  return form == RowText::kJson && !is_whole(number);
}
/// Bytes from the separator before a number to its first digit. That before a row ends the one above.
constexpr std::int32_t lead(RowText form, std::size_t number) {
  return is_quoted(form, number) || (form == RowText::kJson && number == 0) ? 2 : 1;
}
/// Bytes between its last digit and the separator behind it.
constexpr std::int32_t trail(RowText form, std::size_t number) {
  if (form == RowText::kJson && number == kRowNumbers - 1) return 2;
  return is_quoted(form, number) ? 1 : 0;
}

/// For each of a row's numbers, and as many more as eight at a time come to.
template <class Of>
constexpr std::array<std::int32_t, 16> for_each_number(const Of& of) {
  std::array<std::int32_t, 16> words{};
  for (std::size_t i = 0; i < kRowNumbers; ++i) words[i] = of(i);
  return words;
}
template <RowText kForm>
constexpr auto kLeads = for_each_number([](std::size_t i) { return lead(kForm, i); });
template <RowText kForm>
constexpr auto kTrails = for_each_number([](std::size_t i) { return trail(kForm, i); });
constexpr auto kUsed = for_each_number([](std::size_t) { return -1; });

BF_INLINE std::uint32_t word_at(const char* at) noexcept {
  std::uint32_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  return word;
}
constexpr std::uint32_t word_of(const char (&text)[5]) {
  std::uint32_t word = 0;
  for (std::size_t i = 4; i-- > 0;) word = word << 8U | static_cast<unsigned char>(text[i]);
  return word;
}

/// 0 where the bytes around the separators are those of a row.
template <RowText kForm>
BF_INLINE std::uint32_t strange_bytes(const char* text, const std::uint32_t* separators) noexcept {
  if constexpr (kForm == RowText::kCsv) {
    // All twelve are commas or line feeds: the last one alone is a line feed.
    std::uint32_t strange = static_cast<unsigned char>(text[separators[kRowNumbers - 1]]) ^ '\n';
    for (std::size_t i = 0; i + 1 < kRowNumbers; ++i) {
      strange |= static_cast<unsigned char>(text[separators[i]]) ^ ',';
    }
    return strange;
  } else {
    const auto around = [&](std::size_t i) { return word_at(text + separators[i] - 2); };
    constexpr std::uint32_t kBetween = word_of("\0\",\"");
    std::uint32_t strange = static_cast<unsigned char>(text[separators[-1] + 1]) ^ '[';
    for (const std::size_t i : {1U, 2U, 3U, 4U, 9U})
      strange |= (around(i) ^ kBetween) & 0xFFFFFF00U;
    for (const std::size_t i : {5U, 7U}) strange |= (around(i) ^ kBetween) & 0x00FFFF00U;
    for (const std::size_t i : {0U, 6U, 8U}) strange |= (around(i) ^ kBetween) & 0xFFFF0000U;
    strange |= word_at(text + separators[10] - 1) ^ word_of("\",\"0");
    strange |= word_at(text + separators[11] - 3) ^ word_of("0\"],");
    return strange | ((separators[11] - separators[10]) ^ 5U);
  }
}

BF_LANES BF_INLINE __m256i eight_at(const void* words) noexcept {
  return _mm256_loadu_si256(static_cast<const __m256i*>(words));
}
BF_LANES BF_INLINE __m256i thirty_two_at(const void* bytes) noexcept {
  return _mm256_load_si256(static_cast<const __m256i*>(bytes));
}
/// Two numbers of 16 bytes each.
BF_LANES BF_INLINE __m256i two_of(const void* low, const void* high) noexcept {
  const __m128i first = _mm_loadu_si128(static_cast<const __m128i*>(low));
  const __m128i second = _mm_loadu_si128(static_cast<const __m128i*>(high));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
}

/// The numbers that 16 digits write, each in both halves of its lane.
BF_LANES BF_INLINE __m256i value_of_digits(__m256i digits) noexcept {
  const __m256i tens = _mm256_set1_epi16(10 | 1 << 8);
  const __m256i hundreds = _mm256_set1_epi32(100 | 1 << 16);
  const __m256i ten_thousands = _mm256_set1_epi32(10'000 | 1 << 16);
  const __m256i pairs = _mm256_maddubs_epi16(digits, tens);
  const __m256i fours = _mm256_madd_epi16(pairs, hundreds);
  const __m256i eights = _mm256_madd_epi16(_mm256_packus_epi32(fours, fours), ten_thousands);
  const __m256i upper = _mm256_mul_epu32(eights, _mm256_set1_epi64x(100'000'000));
  return _mm256_add_epi64(upper, _mm256_srli_epi64(eights, 32));
}

/// Of 32 bytes, those that separate numbers.
template <RowText kForm>
BF_LANES BF_INLINE std::uint32_t separators_of(const char* bytes) noexcept {
  const __m256i text = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
  __m256i found = _mm256_cmpeq_epi8(text, _mm256_set1_epi8(','));
  if constexpr (kForm == RowText::kCsv) {
    found = _mm256_or_si256(found, _mm256_cmpeq_epi8(text, _mm256_set1_epi8('\n')));
  }
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(found));
}

}  // namespace

template <RowText kForm>
BF_LANES void NumberRowReader::find_separators() {
  // The one before the first that is not used stays in front of it.
  const std::size_t left = found_end_ - found_begin_;
  std::copy_n(found_.begin() + static_cast<std::ptrdiff_t>(found_begin_), left,
              found_.begin() + kFoundFirst);
  found_begin_ = kFoundFirst;
  found_end_ = kFoundFirst + left;
  while (looked_at_ < size_ &&
         found_end_ + kBlockBytes + kWrittenAtOnce + kFoundBehind <= kFoundMax) {
    const char* block = begin_ + looked_at_;
    std::array<char, kBlockBytes> last{};
    if (size_ - looked_at_ < kBlockBytes) {
      std::memcpy(last.data(), block, size_ - looked_at_);
      block = last.data();
    }
    const std::uint64_t upper = separators_of<kForm>(block + kBlockBytes / 2);
    std::uint64_t bits = separators_of<kForm>(block) | upper << 32U;
    const auto count = static_cast<std::size_t>(std::popcount(bits));
    // Many at once, without a branch for each: what is written too much is written over.
    std::uint32_t* to = found_.data() + found_end_;
    for (std::size_t i = 0; i < count; i += kWrittenAtOnce) {
#pragma GCC unroll 12
      for (std::size_t j = 0; j < kWrittenAtOnce; ++j) {
        *to++ = looked_at_ + static_cast<std::uint32_t>(_tzcnt_u64(bits));
        bits &= bits - 1;
      }
    }
    found_end_ += count;
    looked_at_ += kBlockBytes;
  }
}

template <RowText kForm>
BF_LANES bool NumberRowReader::read_row(Separators separators, NumberRows& out) {
  // Of each number: where its 16 bytes begin, and those of kLastBytes that keep its digits.
  alignas(32) std::array<std::int32_t, kRowNumbers + 4> starts;
  alignas(32) std::array<std::int32_t, kRowNumbers + 4> kept;
  __m256i unlike = _mm256_setzero_si256();
  for (std::size_t i = 0; i < kRowNumbers; i += 8) {
    const __m256i before = eight_at(separators + i - 1);
    const __m256i ends = _mm256_sub_epi32(eight_at(separators + i), eight_at(&kTrails<kForm>[i]));
    const __m256i begins = _mm256_add_epi32(before, eight_at(&kLeads<kForm>[i]));
    const __m256i lengths = _mm256_sub_epi32(ends, begins);
    const __m256i too_long = _mm256_cmpgt_epi32(lengths, _mm256_set1_epi32(kNumberBytes));
    const __m256i too_short = _mm256_cmpgt_epi32(eight_at(&length_min_[i]), lengths);
    const __m256i unlike_any = _mm256_or_si256(too_long, too_short);
    unlike = _mm256_or_si256(unlike, _mm256_and_si256(unlike_any, eight_at(&kUsed[i])));
    const __m256i begin16 = _mm256_sub_epi32(ends, _mm256_set1_epi32(kNumberBytes));
    _mm256_store_si256(reinterpret_cast<__m256i*>(&starts[i]), begin16);
    const __m256i digits = _mm256_sub_epi32(lengths, eight_at(&points_[i]));
    _mm256_store_si256(reinterpret_cast<__m256i*>(&kept[i]), digits);
  }
  const bool shaped = _mm256_testz_si256(unlike, unlike) != 0;
  if (!shaped || strange_bytes<kForm>(begin_, separators) != 0) return false;

  const char* const text_begin = begin_;
  std::int64_t* const to = out.mantissas.data()->data() + out.count;
  __m256i largest = _mm256_setzero_si256();
  __m256i no_points = _mm256_setzero_si256();
#pragma GCC unroll 6
  for (std::size_t i = 0; i < kRowNumbers; i += 2) {
    const __m256i text = two_of(text_begin + starts[i], text_begin + starts[i + 1]);
    const __m256i no_point = _mm256_xor_si256(text, _mm256_set1_epi8('.'));
    no_points = _mm256_or_si256(no_points,
                                _mm256_and_si256(no_point, thirty_two_at(point_bytes_[i].data())));
    const __m256i digits = _mm256_sub_epi8(text, _mm256_set1_epi8('0'));
    const __m256i closed = _mm256_shuffle_epi8(digits, thirty_two_at(close_up_[i].data()));
    const __m256i keep = two_of(kLastBytes.data() + kept[i], kLastBytes.data() + kept[i + 1]);
    const __m256i number = _mm256_and_si256(closed, keep);
    largest = _mm256_max_epu8(largest, number);
    const __m256i values = value_of_digits(number);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to + i * NumberRows::kRowsMax),
                     _mm256_castsi256_si128(values));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to + (i + 1) * NumberRows::kRowsMax),
                     _mm256_extracti128_si256(values, 1));
  }
  const __m256i above_nine = _mm256_subs_epu8(largest, _mm256_set1_epi8(9));
  const __m256i wrong = _mm256_or_si256(above_nine, no_points);
  return _mm256_testz_si256(wrong, wrong) != 0;
}

template <RowText kForm>
BF_LANES const char* NumberRowReader::read_rows(const char* at, NumberRows& out) {
  while (out.count < NumberRows::kRowsMax) {
    const auto row = static_cast<std::uint32_t>(at - begin_);
    while (found_begin_ < found_end_ && found_.data()[found_begin_] < row) ++found_begin_;
    if (found_end_ - found_begin_ < kRowNumbers) {
      if (looked_at_ >= size_) break;
      find_separators<kForm>();
      continue;
    }
    const Separators separators = found_.data() + found_begin_;
    // The bytes in front of the text's first numbers are nobody's.
    if (row < kNumberBytes) break;
    // Mostly it is so already, and what was written a moment ago is slow to load with its neighbours.
    std::uint32_t& before = found_.data()[found_begin_ - 1];
    if (before != row - 1) before = row - 1;
    if (!read_row<kForm>(separators, out)) {
      // A row that is like none before tells how the next ones may be.
      if (out.count == 0) learn<kForm>(separators);
      break;
    }
    ++out.count;
    found_begin_ += kRowNumbers;
    at = begin_ + separators[kRowNumbers - 1] + 1;
  }
  return at;
}

template <RowText kForm>
void NumberRowReader::learn(Separators separators) {
  for (std::size_t i = 1; i < kRowNumbers; ++i) {
    if (is_whole(i)) continue;
    const std::string_view number(begin_ + separators[i - 1], separators[i] - separators[i - 1]);
    const std::size_t point = number.find('.');
    const std::size_t behind =
        point == std::string_view::npos
            ? 0
            : number.size() - point - 1 - static_cast<std::size_t>(trail(kForm, i));
    expect(i, behind < std::size_t{kNumberBytes} - 1 ? behind : 0);
  }
}

const char* NumberRowReader::read(const char* at, NumberRows& out) {
  static const bool possible = has_lanes();
  out.count = 0;
  if (!possible) return at;
  const char* const next = form_ == RowText::kJson ? read_rows<RowText::kJson>(at, out)
                                                   : read_rows<RowText::kCsv>(at, out);
  out.places = places_;
  return next;
}

#else

const char* NumberRowReader::read(const char* at, NumberRows& out) {
  out.count = 0;
  return at;
}

#endif

void NumberRowReader::expect(std::size_t number, std::size_t places) {
  const bool point = places > 0;
  places_[number] = static_cast<std::uint8_t>(places);
  points_[number] = point ? 1 : 0;
  length_min_[number] = static_cast<std::int32_t>(places) + (point ? 2 : 1);
  for (std::size_t byte = 0; byte < kNumberBytes; ++byte) {
    const bool behind = byte + places >= kNumberBytes;
    // A byte with its highest bit set is a zero: nothing moves into the first one.
    close_up_[number][byte] = static_cast<std::uint8_t>(point && !behind ? byte - 1 : byte);
    point_bytes_[number][byte] = point && byte + places + 1 == kNumberBytes ? 0xFF : 0;
  }
}

NumberRowReader::NumberRowReader(std::string_view text, RowText form)
    : begin_(text.data()),
      size_(text.size() < kTextBytesMax ? static_cast<std::uint32_t>(text.size()) : 0),
      form_(form) {
  for (std::size_t number = 0; number < kRowNumbers; ++number) expect(number, 0);
}

}  // namespace bf::exchange
