// tools/cli/import_rows.h
//
// The rows of a CSV or JSON file that another tool wrote, exactly as it wrote them: digits, order,
// repeats. What becomes of them is import_pages.h's.
//
//   CSV   comma, tab or semicolon (whichever the first line has); LF, CRLF or both; a byte order mark;
//         quoted fields without separators in them; header lines in the middle of joined files, which
//         are counted and passed over when they say what the first one said
//   JSON  [[time, open, high, low, close, volume], ...], or the twelve values of a Binance kline, as
//         numbers or strings; several such arrays may follow each other
//
// An empty cell is a value that the row does not have; price and volume are not optional.
// A row that cannot be read fails the file: left out, it would become a hole that nobody sees.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/base/columns.h"
#include "store/base/interval.h"
#include "tools/cli/import_fields.h"

namespace bf::cli {

/// Rows that an import holds in memory, about 100 bytes each beside the text: 19 years of minutes.
inline constexpr std::size_t kImportRowsMax = 10'000'000;

struct ImportOptions {
  Interval interval = Interval::k1m;
  std::vector<std::string> columns;  ///< the names of --columns; empty: by header or shape
  TimeUnit time_unit = TimeUnit::kAuto;
};

/// Where a row lies.
struct ImportedRow {
  TimeMs open_time = 0;
  std::uint32_t chunk = 0;
  std::uint32_t row = 0;
};

struct ImportedRows {
  /// In chunks, each with scales of its own: one value with 17 decimals makes a few thousand values
  /// of its column wide at worst, not those of a whole file.
  std::vector<CandleBatch> chunks;
  std::vector<ImportedRow> order;  ///< as in the file
  std::int64_t repeated_headers = 0;
};

/// Errors: kUsage: columns that are not known, a shape that is neither CSV nor JSON rows, no rows.
///         kDataQuality: a row that cannot be read; both name the line of a CSV or the row of a JSON.
///         kLimit: more than kImportRowsMax rows.
[[nodiscard]] Result<ImportedRows> parse_import(std::string_view text,
                                                const ImportOptions& options);

}  // namespace bf::cli
