#include "tools/cli/candle_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "store/base/series.h"

namespace bf::cli {
namespace {

constexpr Column kPrices[] = {Column::kOpen, Column::kHigh, Column::kLow, Column::kClose};
constexpr int kPowerMax = 18;

Decimal value(const CandleBatch& rows, Column column, std::size_t row) noexcept {
  const ColumnValues& values = rows.column(column);
  return Decimal{values.values[row], values.scale};
}

bool has_all(const CandleBatch& rows, std::initializer_list<Column> columns) noexcept {
  return std::all_of(columns.begin(), columns.end(),
                     [&rows](Column column) { return rows.columns.contains(column); });
}

bool has_wide(const CandleBatch& rows, std::size_t row) noexcept {
  if (rows.wide.empty()) return false;
  const auto first =
      std::lower_bound(rows.wide.begin(), rows.wide.end(), row,
                       [](const WideValue& wide, std::size_t wanted) { return wide.row < wanted; });
  return first != rows.wide.end() && first->row == row;
}

std::string row_text(const CandleBatch& rows, std::size_t row) {
  std::string text;
  for (std::size_t i = 1; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    if (!rows.columns.contains(column)) continue;
    if (!text.empty()) text.push_back(' ');
    text += fmt::format("{} {}", column_name(column), rows.text_at(column, row));
  }
  return text;
}

}  // namespace

std::string_view severity_name(Severity severity) noexcept {
  switch (severity) {
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      break;
  }
  return "error";
}

Result<Severity> parse_severity(std::string_view name) {
  for (const Severity severity : {Severity::kInfo, Severity::kWarning, Severity::kError}) {
    if (name == severity_name(severity)) return severity;
  }
  return fail(Code::kUsage,
              fmt::format("--fail-on {}: write info, warning or error", printable(name)));
}

int compare(Decimal a, Decimal b) noexcept {
  if (a.scale > b.scale) return -compare(b, a);
  const int difference = b.scale - a.scale;
  std::int64_t raised = 0;
  const bool fits = difference <= kPowerMax && scale_up(a.mantissa, difference, raised);
  // What does not fit an int64 at b's scale is farther from zero than any mantissa there.
  if (!fits) return a.mantissa < 0 ? -1 : (a.mantissa > 0 ? 1 : compare({0, b.scale}, b));
  return raised < b.mantissa ? -1 : (raised > b.mantissa ? 1 : 0);
}

void CandleChecker::check(const CandleBatch& rows) {
  for (std::size_t row = 0; row < rows.row_count(); ++row) check_row(rows, row);
  rows_ += static_cast<std::int64_t>(rows.row_count());
}

void CandleChecker::check_row(const CandleBatch& rows, std::size_t row) {
  const TimeMs open_time = rows.open_time()[row];
  if (slot_begin(interval_, open_time) != open_time)
    found(Severity::kWarning, "off-grid", rows, row);
  if (!rows.odd_close_times.empty() && rows.odd_close_time(row) != 0) {
    found(Severity::kInfo, "odd-close-time", rows, row);
  }
  if (has_wide(rows, row)) {
    found(Severity::kInfo, "not-compared", rows, row);
    return;
  }
  const bool negative = [&rows, row] {
    for (std::size_t i = 1; i < kColumnCount; ++i) {
      const auto column = static_cast<Column>(i);
      if (column == Column::kFundingRate) continue;
      if (rows.columns.contains(column) && rows.column(column).values[row] < 0) return true;
    }
    return false;
  }();
  if (negative) found(Severity::kError, "negative", rows, row);
  check_prices(rows, row);
  check_volumes(rows, row);
  check_funding(rows, row);
}

void CandleChecker::check_funding(const CandleBatch& rows, std::size_t row) {
  if (!rows.columns.contains(Column::kFundingRate)) return;
  const Decimal rate = value(rows, Column::kFundingRate, row);
  if (compare(rate, {1, 0}) >= 0 || compare(rate, {-1, 0}) <= 0) {
    found(Severity::kError, "rate-above-one", rows, row);
  }
  for (const Column column : {Column::kMarkPrice, Column::kIndexPrice}) {
    if (rows.columns.contains(column) && value(rows, column, row).mantissa == 0) {
      found(Severity::kWarning, "zero-price", rows, row);
    }
  }
}

void CandleChecker::check_prices(const CandleBatch& rows, std::size_t row) {
  if (!has_all(rows, {Column::kOpen, Column::kHigh, Column::kLow, Column::kClose})) return;
  const Decimal high = value(rows, Column::kHigh, row);
  const Decimal low = value(rows, Column::kLow, row);
  bool ordered = true;
  bool zero = false;
  for (const Column column : kPrices) {
    const Decimal price = value(rows, column, row);
    ordered = ordered && compare(price, high) <= 0 && compare(low, price) <= 0;
    zero = zero || price.mantissa == 0;
  }
  if (!ordered) found(Severity::kError, "ohlc-order", rows, row);
  if (zero) found(Severity::kWarning, "zero-price", rows, row);
}

void CandleChecker::check_volumes(const CandleBatch& rows, std::size_t row) {
  if (!rows.columns.contains(Column::kVolume)) return;
  const Decimal volume = value(rows, Column::kVolume, row);
  if (volume.mantissa == 0 && has_all(rows, {Column::kHigh, Column::kLow}) &&
      compare(value(rows, Column::kHigh, row), value(rows, Column::kLow, row)) != 0) {
    found(Severity::kInfo, "range-without-volume", rows, row);
  }
  if (rows.columns.contains(Column::kTrades)) {
    const bool traded = rows.column(Column::kTrades).values[row] != 0;
    if (traded != (volume.mantissa != 0)) {
      found(Severity::kInfo, "volume-without-trades", rows, row);
    }
  }
  const bool base_above = rows.columns.contains(Column::kTakerBuyBase) &&
                          compare(value(rows, Column::kTakerBuyBase, row), volume) > 0;
  const bool quote_above =
      has_all(rows, {Column::kQuoteVolume, Column::kTakerBuyQuote}) &&
      compare(value(rows, Column::kTakerBuyQuote, row), value(rows, Column::kQuoteVolume, row)) > 0;
  if (base_above || quote_above) found(Severity::kWarning, "taker-above-total", rows, row);
}

void CandleChecker::found(Severity severity, std::string_view check, const CandleBatch& rows,
                          std::size_t row) {
  const auto known = findings_.find(check);
  if (known != findings_.end()) {
    ++known->second.count;
    return;
  }
  findings_.emplace(std::string(check), Finding{severity, std::string(check), 1,
                                                rows.open_time()[row], row_text(rows, row)});
}

std::vector<Finding> CandleChecker::findings() const {
  std::vector<Finding> all;
  for (const auto& [check, finding] : findings_) all.push_back(finding);
  std::sort(all.begin(), all.end(), [](const Finding& a, const Finding& b) {
    return a.severity != b.severity ? a.severity > b.severity : a.check < b.check;
  });
  return all;
}

}  // namespace bf::cli
