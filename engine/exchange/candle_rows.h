// engine/exchange/candle_rows.h
//
// Reads the rows of a page into columns: an exchange says which field of a row is what, as an array or
// as an object by names.
//
// Threads: one.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/exchange/candle_writer.h"
#include "store/base/result.h"

namespace bf::exchange {

struct RowField {
  enum class Is : std::uint8_t { kOpenTime, kCloseTime, kNumber, kCount, kClosedFlag, kIgnored };
  std::string_view name;  ///< for messages; of rows that are objects: the member's
  Is is = Is::kIgnored;
  Column column = Column::kOpenTime;  ///< of kNumber and kCount
};

/// Errors of all calls: kProtocol, naming the row; the batch may then hold a row by half.
class CandleRows {
 public:
  /// Empties `out`, which outlives the reader, and gives it `columns`. Numbers of other columns are
  /// passed over. `fields` outlives the reader too; at most 32 of them.
  CandleRows(Interval interval, ColumnSet columns, std::span<const RowField> fields,
             CandleBatch& out);

  /// As CandleWriter::reserve.
  void reserve(std::size_t bytes) { writer_.reserve(bytes); }
  /// Rows that are arrays of exactly the fields.
  [[nodiscard]] Result<void> read_arrays(simdjson::ondemand::array rows);
  /// Rows that are objects: members of other names are passed over; one that is needed and absent, or
  /// there twice, is an error.
  [[nodiscard]] Result<void> read_objects(simdjson::ondemand::array rows);

  [[nodiscard]] std::size_t rows() const noexcept { return row_; }
  /// What the field of kClosedFlag says, by row: 1 for a closed candle, 0 for the forming one.
  [[nodiscard]] const std::vector<bool>& closed() const noexcept { return closed_; }

 private:
  [[nodiscard]] bool read_array(simdjson::ondemand::array row);
  [[nodiscard]] bool read_object(simdjson::ondemand::object row);
  [[nodiscard]] bool read_field(const RowField& field, std::string_view token);
  [[nodiscard]] Error row_error() const;

  ColumnSet columns_;
  std::span<const RowField> fields_;
  CandleWriter writer_;
  std::vector<bool> closed_;
  std::uint32_t needed_ = 0;  ///< fields that a row must have, by bit
  std::size_t row_ = 0;
  // What stopped the reading of a row:
  simdjson::error_code error_ = simdjson::SUCCESS;
  std::string trouble_;
};

}  // namespace bf::exchange
