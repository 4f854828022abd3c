// engine/backfill/row_diff.h
//
// Rows of one series as the store holds them against those that another source gives: what is on one side
// alone, and by how much values differ. Prices are counted in ticks, everything else in percent. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/base/columns.h"
#include "store/base/interval.h"

namespace bf::backfill {

/// So many differences of a series are told one by one, the earliest; all are counted.
inline constexpr std::size_t kListedDifferencesMax = 1'000;

struct ValueDifference {
  TimeMs open_time = 0;
  Column column = Column::kOpen;
  std::string held;   ///< canonical decimal; "" where the whole row is on the other side alone
  std::string other;  ///< likewise
  /// Ticks of a price; percent of the larger of two other values; infinity beside one that no mantissa
  /// holds.
  double amount = 0;
};

/// What was found of one series.
struct RowDifferences {
  std::int64_t compared = 0;  ///< rows that both have
  std::int64_t equal = 0;     ///< of those, in every column that both have
  std::int64_t only_held = 0;
  std::int64_t only_other = 0;
  std::int64_t prices = 0;   ///< rows with another price
  std::int64_t volumes = 0;  ///< rows with another volume or count
  double ticks_max = 0;
  double percent_max = 0;
  std::vector<ValueDifference> listed;  ///< the earliest, by time and column

  [[nodiscard]] bool none() const noexcept {
    return equal == compared && only_held == 0 && only_other == 0;
  }
};

/// A decimal as a double, to say how far two values are apart; infinity where no mantissa holds it.
[[nodiscard]] double approximately(std::string_view text);

/// Compares rows of `window` (both sorted by open time). `tick` is the price's unit; 0: the last digit that
/// either side writes. Adds to `found`.
void compare_rows(const CandleBatch& held, const CandleBatch& other, TimeRange window, double tick,
                  RowDifferences& found);

/// Sorts what was listed, and leaves the earliest of it.
void finish(RowDifferences& found);

}  // namespace bf::backfill
