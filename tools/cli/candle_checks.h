// tools/cli/candle_checks.h
//
// Whether stored candles (and events of funding) contradict themselves, row by row. What an exchange sent is kept even when it
// is odd; these checks say what is odd, and how much.
//
//   check                 severity  a row is counted when
//   negative              error     a price, volume or count is below zero (a rate may be)
//   ohlc-order            error     high is below, or low above, another of the four prices
//   zero-price            warning   a price is zero
//   off-grid              warning   the open time is not on the interval's grid
//   taker-above-total     warning   takers bought more than was traded
//   range-without-volume  info      high and low differ, and nothing was traded
//   volume-without-trades info      volume without a trade, or a trade without volume
//   odd-close-time        info      the close time is not open time + interval - 1 ms
//   rate-above-one        error     a funding rate is not between -1 and 1
//   not-compared          info      a value is wider than 64 bits: its row's order was not checked
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "store/base/columns.h"
#include "store/base/interval.h"

namespace bf::cli {

enum class Severity : std::uint8_t { kInfo, kWarning, kError };
/// "info", "warning", "error".
[[nodiscard]] std::string_view severity_name(Severity severity) noexcept;
/// Errors: kUsage.
[[nodiscard]] Result<Severity> parse_severity(std::string_view name);

/// Rows with the same thing against them.
struct Finding {
  Severity severity = Severity::kInfo;
  std::string check;
  std::int64_t count = 0;
  TimeMs first = 0;     ///< open time of the first of them
  std::string example;  ///< the first one's values
};

/// < 0, 0 or > 0 as a is less than, equal to or greater than b, by value.
[[nodiscard]] int compare(Decimal a, Decimal b) noexcept;

class CandleChecker {
 public:
  explicit CandleChecker(Interval interval) : interval_(interval) {}
  /// Any columns may be missing; what needs them is not checked.
  void check(const CandleBatch& rows);
  [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }
  /// Worst first, then by name.
  [[nodiscard]] std::vector<Finding> findings() const;

 private:
  void check_row(const CandleBatch& rows, std::size_t row);
  void check_prices(const CandleBatch& rows, std::size_t row);
  void check_funding(const CandleBatch& rows, std::size_t row);
  void check_volumes(const CandleBatch& rows, std::size_t row);
  void found(Severity severity, std::string_view check, const CandleBatch& rows, std::size_t row);

  Interval interval_;
  std::int64_t rows_ = 0;
  std::map<std::string, Finding, std::less<>> findings_;
};

}  // namespace bf::cli
