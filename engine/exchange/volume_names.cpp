#include "engine/exchange/volume_names.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace bf::exchange {
namespace {

/// A decision is all that hangs on it: doubles do.
double value_at(const CandleBatch& page, Column column, std::size_t row) {
  const ColumnValues& values = page.column(column);
  return static_cast<double>(values.values[row]) * std::pow(10.0, -values.scale);
}

struct Sizes {
  double base = 0;
  double quote = 0;
  double low = 0;
  double high = 0;
};

Sizes sizes_of(const CandleBatch& page) {
  Sizes sizes;
  for (std::size_t row = 0; row < page.row_count(); ++row) {
    const bool wide = std::any_of(page.wide.begin(), page.wide.end(),
                                  [row](const WideValue& value) { return value.row == row; });
    if (wide) continue;
    const double base = value_at(page, Column::kVolume, row);
    const double quote = value_at(page, Column::kQuoteVolume, row);
    if (!(base > 0) || !(quote > 0)) continue;
    const double low = value_at(page, Column::kLow, row);
    sizes.low = sizes.base > 0 ? std::min(sizes.low, low) : low;
    sizes.high = std::max(sizes.high, value_at(page, Column::kHigh, row));
    sizes.base += base;
    sizes.quote += quote;
  }
  return sizes;
}

bool within(double price, const Sizes& sizes, double slack) {
  return price >= sizes.low / slack && price <= sizes.high * slack;
}

}  // namespace

VolumeNames judge_volume_names(const CandleBatch& page) {
  const Sizes sizes = sizes_of(page);
  if (!(sizes.base > 0) || !(sizes.quote > 0)) return VolumeNames::kUnclear;
  const double price = sizes.quote / sizes.base;
  // Volumes are rounded: of small ones much, so that what fits nowhere is given more room.
  for (const double slack : {1.02, 2.0}) {
    const bool right = within(price, sizes, slack);
    const bool swapped = within(1 / price, sizes, slack);
    if (right && !swapped) return VolumeNames::kRight;
    if (swapped && !right) return VolumeNames::kSwapped;
    if (right && swapped) return VolumeNames::kUnclear;
  }
  return VolumeNames::kUnclear;
}

void swap_volumes(CandleBatch& page) {
  std::swap(page.column(Column::kVolume), page.column(Column::kQuoteVolume));
  for (WideValue& value : page.wide) {
    if (value.column == Column::kVolume) {
      value.column = Column::kQuoteVolume;
    } else if (value.column == Column::kQuoteVolume) {
      value.column = Column::kVolume;
    }
  }
  std::sort(page.wide.begin(), page.wide.end(), [](const WideValue& a, const WideValue& b) {
    return std::pair(a.row, a.column) < std::pair(b.row, b.column);
  });
}

}  // namespace bf::exchange
