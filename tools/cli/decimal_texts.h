// tools/cli/decimal_texts.h
//
// The texts of many values of a column, made side by side: several times as fast as one by one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace bf::cli {

class DecimalTexts {
 public:
  /// As many texts of each column of a row as the fastest cache of a processor holds.
  static constexpr std::size_t kValuesMax = 128;
  /// A text with what follows it, and the bytes behind it that are overwritten with anything.
  static constexpr std::size_t kTextBytesMax = 49;

  /// The values mantissa / 10^scale, at most kValuesMax; they outlive their texts.
  /// Requires: 0 <= scale <= kScaleMax.
  void assign(std::span<const std::int64_t> mantissas, int scale);

  /// A line for each of the values: its text in every one of `columns`, as write_decimal() writes it,
  /// with commas between. Returns the end. Writes at most `lines` * columns.size() * kTextBytesMax bytes.
  /// Requires: `lines` values in each of `columns`, of which there is one at least.
  static char* write_lines(std::span<const DecimalTexts> columns, std::size_t lines,
                           char* out) noexcept;

 private:
  using Words = std::array<std::uint64_t, kValuesMax>;
  /// Digits before the point, the point and those behind it, eight a word. Aligned: wide stores that
  /// lie across two lines of the cache cost twice.
  struct alignas(64) Texts {
    Words whole;
    Words whole_more;
    Words fraction;
    Words fraction_more;
    /// How many bytes count of the whole (low half) and of the point and the fraction (high half).
    Words bytes;
  };
  template <int kWords>
  void fill();
  static void fill_loop(DecimalTexts& texts);
  char* write(char* out, std::size_t i) const noexcept;

  std::span<const std::int64_t> mantissas_;
  int scale_ = 0;
  int words_ = 0;  ///< that hold all digits of any value: 1, 2, or 0 where more would be needed
  Texts texts_;
};

}  // namespace bf::cli
