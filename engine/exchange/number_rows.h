// engine/exchange/number_rows.h
//
// Rows of twelve plain numbers, as Binance writes klines in JSON and in CSV, many at a time: the separators
// of 64 bytes are found in one step, and of each number the 16 bytes in front of its end are read in
// another, two numbers side by side. No number is looked for where the last one ended, so that the
// processor reads several at once.
//
// It takes rows whose numbers have as many places behind the point as was learned of a row before them. All
// others, and whatever is no number, are left to a slower reader.
//
// Threads: one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "store/base/processor.h"

namespace bf::exchange {

/// How rows are written.
enum class RowText : std::uint8_t {
  kJson,  ///< [1,"2","3","4","5","6",7,"8",9,"10","11","0"],
  kCsv,   ///< 1,2,3,4,5,6,7,8,9,10,11,12 and a line feed
};

inline constexpr std::size_t kRowNumbers = 12;
/// The longest number that is read: as many bytes in front of its end are looked at.
inline constexpr int kNumberBytes = 16;

/// Rows that were read: the mantissas of each of their numbers, and its places behind the point. Of the last
/// number, which means nothing, only that it is one.
struct NumberRows {
  static constexpr std::size_t kRowsMax = 64;
  std::size_t count = 0;
  std::array<std::array<std::int64_t, kRowsMax>, kRowNumbers> mantissas;
  std::array<std::uint8_t, kRowNumbers> places{};
};

class NumberRowReader {
 public:
  /// `text` outlives the reader. One of 2 GiB or more is left to others whole.
  NumberRowReader(std::string_view text, RowText form);

  /// Reads rows from `at`, where one begins, into `out`, and returns where the next one begins. It stops
  /// at NumberRows::kRowsMax, at a row that is left to others (the last one of JSON always is), and at once on
  /// a processor without the instructions. Requires: `at` does not go back from call to call.
  [[nodiscard]] const char* read(const char* at, NumberRows& out);

 private:
  static constexpr std::size_t kFoundMax = 512;
  static constexpr std::size_t kFoundFirst = 1;   ///< behind the separator in front of it
  static constexpr std::size_t kFoundBehind = 8;  ///< are loaded with the last ones
  using Separators = const std::uint32_t*;     ///< of a row, where they lie; [-1]: of the one above
  using Words = std::array<std::int32_t, 16>;  ///< one a number, and what eight at a time come to
  using Bytes = std::array<std::array<std::uint8_t, kNumberBytes>, kRowNumbers>;

  template <RowText kForm>
  BF_LANES const char* read_rows(const char* at, NumberRows& out);
  template <RowText kForm>
  BF_LANES bool read_row(Separators separators, NumberRows& out);
  template <RowText kForm>
  BF_LANES void find_separators();
  /// Expects of the next rows what this one has.
  template <RowText kForm>
  void learn(Separators separators);
  void expect(std::size_t number, std::size_t places);

  const char* begin_;
  std::uint32_t size_;
  RowText form_;
  std::uint32_t looked_at_ = 0;  ///< bytes of the text whose separators were found
  std::array<std::uint32_t, kFoundMax> found_;
  std::size_t found_begin_ = kFoundFirst;  ///< those before it are used
  std::size_t found_end_ = kFoundFirst;
  // Expected of each number:
  std::array<std::uint8_t, kRowNumbers> places_{};
  Words points_{};                   ///< 1 where it has a point
  Words length_min_{};               ///< in bytes
  alignas(32) Bytes close_up_{};     ///< from where each byte comes, so that no point is among them
  alignas(32) Bytes point_bytes_{};  ///< 0xFF where the point is
};

}  // namespace bf::exchange
