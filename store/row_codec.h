// store/row_codec.h
//
// Rows as encoded columns: what a page of a log frame and a block of a segment have in common. Values
// that no column holds (wide values, odd close times) travel apart: see write_exceptions().
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "store/base/columns.h"
#include "store/base/result.h"
#include "store/bytes.h"
#include "store/column_codec.h"

namespace bf::store {

/// The columns that are stored, and how each is encoded. Entries of other columns mean nothing.
struct EncodedRows {
  ColumnSet columns;
  std::array<ColumnBlock, kColumnCount> blocks{};

  [[nodiscard]] ColumnBlock& block(Column c) noexcept {
    return blocks[static_cast<std::size_t>(c)];
  }
  [[nodiscard]] const ColumnBlock& block(Column c) const noexcept {
    return blocks[static_cast<std::size_t>(c)];
  }
};
/// kReadAhead readable bytes follow each.
using ColumnBytes = std::array<std::span<const std::byte>, kColumnCount>;

/// `wanted` and every column that its encodings lean on.
/// Errors: kCorrupt where a column leans on one that is not there or comes after it.
[[nodiscard]] Result<ColumnSet> needed_columns(const EncodedRows& encoded, ColumnSet wanted);

/// Encodes and decodes rows; keeps its scratch memory from call to call.
class RowCodec {
 public:
  explicit RowCodec(Aim aim = Aim::kSmall) : aim_(aim), codec_(aim) {}

  /// Appends the columns of rows [begin, end) to `out`, in the order of their numbers. Each column
  /// loses the trailing zeros that all of its values share; columns that lean on each other keep one
  /// scale where that fits.
  [[nodiscard]] EncodedRows encode(const CandleBatch& rows, std::size_t begin, std::size_t end,
                                   Bytes& out);

  /// Decodes the columns that both are stored and `wanted` into `out`, which becomes exactly them.
  /// Only the entries of needed_columns() in `bytes` are looked at.
  /// Errors: kFormat, kCorrupt.
  [[nodiscard]] Result<void> decode(const EncodedRows& encoded, const ColumnBytes& bytes,
                                    std::size_t rows, ColumnSet wanted, CandleBatch& out);

 private:
  struct Scaled {
    std::span<const std::int64_t> values;
    int scale = 0;
  };
  using Columns = std::array<Scaled, kColumnCount>;
  [[nodiscard]] bool align(Columns& columns, std::span<const Column> together);
  void trim(Columns& columns, std::span<const Column> together);
  [[nodiscard]] Siblings share_scales(const CandleBatch& rows, Columns& columns);

  Aim aim_;
  ColumnCodec codec_;
  std::array<std::vector<std::int64_t>, kColumnCount> scratch_;
};

/// Appends the wide values and odd close times of rows [begin, end) to `wide` and `odd_close_times`;
/// row `begin` becomes `first_row`.
void collect_exceptions(const CandleBatch& rows, std::size_t begin, std::size_t end,
                        std::uint32_t first_row, std::vector<WideValue>& wide,
                        std::vector<OddCloseTime>& odd_close_times);
/// What all stored exceptions keep: wide values rise by row and column, odd close times by row, both
/// lie in `rows` rows and `columns`, and texts are canonical. Errors: kCorrupt, saying what is wrong.
[[nodiscard]] Result<void> check_exceptions(std::span<const WideValue> wide,
                                            std::span<const OddCloseTime> odd_close_times,
                                            ColumnSet columns, std::uint64_t rows);
void write_exceptions(ByteWriter& out, std::span<const WideValue> wide,
                      std::span<const OddCloseTime> odd_close_times);
/// Reads what write_exceptions() wrote, and checks it. Errors: kCorrupt.
[[nodiscard]] Result<void> read_exceptions(ByteReader& in, ColumnSet columns, std::uint64_t rows,
                                           std::vector<WideValue>& wide,
                                           std::vector<OddCloseTime>& odd_close_times);

/// Whether open times rise strictly and lie in [0, kTimeMax).
[[nodiscard]] bool well_ordered(std::span<const TimeMs> open_times) noexcept;

}  // namespace bf::store
