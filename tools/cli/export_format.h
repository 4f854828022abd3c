// tools/cli/export_format.h
//
// What an export looks like: its columns, formats and ways to treat slots without a candle.
//
// Columns: those of the store (open_time, open, ... taker_buy_quote), and
//   close_time  the last ms of the candle, as the exchange gave it
//   source      who answered, and how: "binance rest"
//   state       held, absent, provisional or missing
//   series      binance/um/BTCUSDT/candles/1m
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/base/columns.h"
#include "store/base/interval.h"
#include "store/base/result.h"

namespace bf::cli {

enum class ExportFormat : std::uint8_t { kCsv, kCsvGz, kJsonLines };
/// "csv", "csv.gz", "jsonl" or "ndjson". Errors: kUsage.
[[nodiscard]] Result<ExportFormat> parse_export_format(std::string_view name);
/// By the file's extension. Errors: kUsage.
[[nodiscard]] Result<ExportFormat> format_of_path(std::string_view path);
/// ".csv", ".csv.gz", ".jsonl".
[[nodiscard]] std::string_view format_extension(ExportFormat format) noexcept;

/// What stands where a slot has no candle.
enum class GapMode : std::uint8_t {
  kOmit,  ///< no row
  kNull,  ///< a row with its open time and empty cells (JSON: null)
  kFlat,  ///< absent slots repeat the close before them, with volumes of 0; missing ones: no row
  kFlag,  ///< as kNull, with the column `state`
};
/// Errors: kUsage.
[[nodiscard]] Result<GapMode> parse_gap_mode(std::string_view name);

enum class TimeStyle : std::uint8_t { kMs, kRfc3339 };
/// "ms" or "rfc3339". Errors: kUsage.
[[nodiscard]] Result<TimeStyle> parse_time_style(std::string_view name);

/// A column of an export: a stored one by its id, or one of the others.
struct ExportColumn {
  enum class Kind : std::uint8_t { kStored, kCloseTime, kSource, kState, kSeries };
  Kind kind = Kind::kStored;
  Column stored = Column::kOpenTime;
  friend bool operator==(const ExportColumn&, const ExportColumn&) = default;
};
[[nodiscard]] std::string_view export_column_name(ExportColumn column) noexcept;
/// Comma-separated names. Errors: kUsage: an unknown one (with a suggestion), one twice, none.
[[nodiscard]] Result<std::vector<ExportColumn>> parse_export_columns(std::string_view list);

struct ExportLayout {
  ExportFormat format = ExportFormat::kCsv;
  TimeStyle time = TimeStyle::kMs;
  GapMode gaps = GapMode::kOmit;
  std::optional<Interval> resample;  ///< the interval that candles are folded into
  std::vector<ExportColumn> columns;

  [[nodiscard]] bool has(ExportColumn::Kind kind) const noexcept;
  /// The stored columns that are needed to write the others.
  [[nodiscard]] ColumnSet stored_columns() const noexcept;
};

/// `text` as a CSV cell: quoted where it has to be. A cell that a spreadsheet would take for a formula
/// (it begins with = + - @ or a control character) gets an apostrophe in front.
[[nodiscard]] std::string csv_cell(std::string_view text);
/// `text` as a JSON string, quotes included.
[[nodiscard]] std::string json_cell(std::string_view text);

}  // namespace bf::cli
