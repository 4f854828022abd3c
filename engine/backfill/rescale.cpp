#include "engine/backfill/rescale.h"

#include <algorithm>
#include <string>
#include <utility>

#include "store/base/series.h"

namespace bf::backfill {
namespace {

constexpr std::string_view kDoesNotFit = "a rescaled value does not fit any more";

/// n for "1" and n zeros; -1 for anything else.
int zeros_of(std::string_view multiplier) {
  if (multiplier.empty() || multiplier.front() != '1') return -1;
  multiplier.remove_prefix(1);
  const bool zeros =
      std::all_of(multiplier.begin(), multiplier.end(), [](char digit) { return digit == '0'; });
  return zeros && multiplier.size() <= 18 ? static_cast<int>(multiplier.size()) : -1;
}

/// The exponent by which `column` moves.
int exponent_of(Column column, int shift) {
  switch (column) {
    case Column::kOpen:
    case Column::kHigh:
    case Column::kLow:
    case Column::kClose:
      return shift;
    case Column::kVolume:
    case Column::kTakerBuyBase:
      return -shift;
    default:
      return 0;
  }
}

/// All values times 10^exponent; false where one does not fit.
bool move_point(ColumnValues& column, int exponent) {
  column.scale -= exponent;
  for (; column.scale > kScaleMax; --column.scale) {
    for (std::int64_t& value : column.values) {
      if (value % 10 != 0) return false;
      value /= 10;
    }
  }
  if (column.scale >= 0) return true;
  for (std::int64_t& value : column.values) {
    if (!scale_up(value, -column.scale, value)) return false;
  }
  column.scale = 0;
  return true;
}

}  // namespace

Result<int> price_shift(std::string_view own, std::string_view other) {
  const int own_zeros = zeros_of(own);
  const int other_zeros = zeros_of(other);
  if (own_zeros >= 0 && other_zeros >= 0) return own_zeros - other_zeros;
  return fail(Code::kDataQuality, "multipliers " + printable(own, 40) + " and " +
                                      printable(other, 40) + " are not powers of ten");
}

Result<void> rescale(CandleBatch& rows, int shift) {
  if (shift == 0) return {};
  CandleBatch moved = rows;
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    const int exponent = exponent_of(static_cast<Column>(i), shift);
    if (exponent != 0 && !move_point(moved.data[i], exponent)) {
      return fail(Code::kDataQuality, std::string(kDoesNotFit));
    }
  }
  for (WideValue& wide : moved.wide) {
    const int exponent = exponent_of(wide.column, shift);
    Result<std::string> text = canonical_decimal(wide.text + "e" + std::to_string(exponent));
    if (!text) return fail(text.error());
    wide.text = std::move(*text);
  }
  rows = std::move(moved);
  return {};
}

}  // namespace bf::backfill
