#include "engine/backfill/row_diff.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "store/base/decimal.h"

namespace bf::backfill {
namespace {

bool is_price(Column column) {
  return column == Column::kOpen || column == Column::kHigh || column == Column::kLow ||
         column == Column::kClose;
}

const WideValue* find_wide(const CandleBatch& rows, std::size_t row, Column column) {
  const auto found = std::find_if(rows.wide.begin(), rows.wide.end(), [&](const WideValue& wide) {
    return wide.row == row && wide.column == column;
  });
  return found == rows.wide.end() ? nullptr : &*found;
}

std::string text_of(const CandleBatch& rows, std::size_t row, Column column) {
  if (const WideValue* const wide = find_wide(rows, row, column)) return wide->text;
  const ColumnValues& values = rows.column(column);
  return format_decimal(Decimal{values.values[row], values.scale});
}

double unit_of(const CandleBatch& held, const CandleBatch& other, Column column) {
  const int scale = std::max(held.column(column).scale, other.column(column).scale);
  return std::pow(10.0, -scale);
}

void list(RowDifferences& found, ValueDifference difference) {
  found.listed.push_back(std::move(difference));
  if (found.listed.size() >= 2 * kListedDifferencesMax) finish(found);
}

void add_alone(const CandleBatch& rows, std::size_t row, bool held, RowDifferences& found) {
  ++(held ? found.only_held : found.only_other);
  ValueDifference difference;
  difference.open_time = rows.open_time()[row];
  difference.column = Column::kClose;
  (held ? difference.held : difference.other) = text_of(rows, row, Column::kClose);
  list(found, std::move(difference));
}

/// One row that both sides have.
class RowPair {
 public:
  RowPair(const CandleBatch& held, std::size_t held_row, const CandleBatch& other,
          std::size_t other_row)
      : held_(held), other_(other), held_row_(held_row), other_row_(other_row) {}

  [[nodiscard]] bool same(Column column) const {
    const ColumnValues& a = held_.column(column);
    const ColumnValues& b = other_.column(column);
    const bool wide = !held_.wide.empty() || !other_.wide.empty();
    if (!wide && a.scale == b.scale) return a.values[held_row_] == b.values[other_row_];
    return text_of(held_, held_row_, column) == text_of(other_, other_row_, column);
  }

  void add(Column column, double tick, RowDifferences& found) const {
    ValueDifference difference;
    difference.open_time = held_.open_time()[held_row_];
    difference.column = column;
    difference.held = text_of(held_, held_row_, column);
    difference.other = text_of(other_, other_row_, column);
    const double a = approximately(difference.held);
    const double b = approximately(difference.other);
    const double apart = std::isinf(a) || std::isinf(b) ? INFINITY : std::abs(a - b);
    if (is_price(column)) {
      difference.amount = apart / (tick > 0 ? tick : unit_of(held_, other_, column));
      found.ticks_max = std::max(found.ticks_max, difference.amount);
    } else {
      difference.amount =
          std::isinf(apart) ? apart : 100 * apart / std::max(std::abs(a), std::abs(b));
      found.percent_max = std::max(found.percent_max, difference.amount);
    }
    list(found, std::move(difference));
  }

 private:
  const CandleBatch& held_;
  const CandleBatch& other_;
  std::size_t held_row_;
  std::size_t other_row_;
};

void compare_pair(const RowPair& pair, ColumnSet columns, double tick, RowDifferences& found) {
  bool prices = false;
  bool others = false;
  for (std::size_t i = 1; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    if (!columns.contains(column) || pair.same(column)) continue;
    (is_price(column) ? prices : others) = true;
    pair.add(column, tick, found);
  }
  ++found.compared;
  if (prices) ++found.prices;
  if (others) ++found.volumes;
  if (!prices && !others) ++found.equal;
}

}  // namespace

double approximately(std::string_view text) {
  Decimal value;
  if (parse_decimal(text, value) != DecimalStatus::kExact) {
    return std::numeric_limits<double>::infinity();
  }
  return static_cast<double>(value.mantissa) * std::pow(10.0, -value.scale);
}

void compare_rows(const CandleBatch& held, const CandleBatch& other, TimeRange window, double tick,
                  RowDifferences& found) {
  const ColumnSet columns = held.columns.intersect(other.columns);
  std::size_t a = 0;
  std::size_t b = 0;
  while (a < held.row_count() || b < other.row_count()) {
    const TimeMs at_a = a < held.row_count() ? held.open_time()[a] : kTimeMax;
    const TimeMs at_b = b < other.row_count() ? other.open_time()[b] : kTimeMax;
    const TimeMs at = std::min(at_a, at_b);
    if (window.contains(at)) {
      if (at_a == at_b) {
        compare_pair(RowPair(held, a, other, b), columns, tick, found);
      } else {
        add_alone(at_a < at_b ? held : other, at_a < at_b ? a : b, at_a < at_b, found);
      }
    }
    if (at_a == at) ++a;
    if (at_b == at) ++b;
  }
}

void finish(RowDifferences& found) {
  const auto before = [](const ValueDifference& x, const ValueDifference& y) {
    return std::tie(x.open_time, x.column) < std::tie(y.open_time, y.column);
  };
  std::sort(found.listed.begin(), found.listed.end(), before);
  if (found.listed.size() > kListedDifferencesMax) found.listed.resize(kListedDifferencesMax);
}

}  // namespace bf::backfill
