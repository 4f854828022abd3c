// tools/cli/import_fields.h
//
// What the fields of a foreign file mean: the names of its columns as the tools write them, and its
// times. bf-engine import reads with it; import_rows.h does the rows.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/base/columns.h"
#include "store/base/result.h"

namespace bf::cli {

struct ImportField {
  enum class Role : std::uint8_t { kOpenTime, kCloseTime, kValue, kIgnored };
  Role role = Role::kIgnored;
  Column column = Column::kOpenTime;  ///< of a kValue
  friend bool operator==(const ImportField&, const ImportField&) = default;
};

/// What stands where in a row, and which columns a row therefore has.
struct ImportLayout {
  std::vector<ImportField> fields;
  ColumnSet columns;
  friend bool operator==(const ImportLayout&, const ImportLayout&) = default;
};

/// The layout that names stand for: those of this project, Binance's archives, python-binance,
/// freqtrade, Bybit, Yahoo, Tiingo ..., whatever their case. Of several times the first is the open
/// time; "ignore" and an empty name are passed over.
/// Errors: kUsage: a name that nobody knows, one that comes twice, or a time, a price or the volume
///         that is not there; says what to do.
[[nodiscard]] Result<ImportLayout> import_layout(std::span<const std::string_view> names);

/// Rows without names: time, open, high, low, close, volume; or the twelve columns of a Binance kline.
/// Errors: kUsage for any other number of columns.
[[nodiscard]] Result<ImportLayout> nameless_layout(std::size_t fields, bool six_are_known);

/// Whether a row is one of names: a letter begins it, and no field is a number.
[[nodiscard]] bool is_header(std::span<const std::string_view> fields);

enum class TimeUnit : std::uint8_t { kAuto, kSeconds, kMillis, kMicros, kNanos, kText };
/// "auto", "s", "ms", "us", "ns", "text". Errors: kUsage.
[[nodiscard]] Result<TimeUnit> parse_time_unit(std::string_view text);

/// Reads the times of one column of a file. Numbers are since 1970 UTC; text is RFC 3339, also with a
/// blank for the T, and UTC where it has no zone. With kAuto the first time decides, by its size: the
/// units' values of 2000 to 2200 do not overlap.
class TimeReader {
 public:
  enum class Finer : std::uint8_t {
    kRefused,  ///< what is finer than a millisecond is an error
    kDropped,  ///< ... is cut: the last microsecond of a candle is its last millisecond
  };
  TimeReader(TimeUnit unit, Finer finer) : unit_(unit), finer_(finer) {}

  /// Errors: kDataQuality: not a time, in another unit than those before, or not in [2000, 2200).
  [[nodiscard]] Result<TimeMs> read(std::string_view text);

 private:
  [[nodiscard]] Result<TimeMs> read_number(std::string_view text) const;
  [[nodiscard]] Result<TimeMs> read_text(std::string_view text) const;

  TimeUnit unit_;
  Finer finer_;
};

}  // namespace bf::cli
