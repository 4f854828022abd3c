// store/transform.h
//
// What candles are, as arithmetic: what is left of a column once other columns have said what they
// know of it, and how wide that rest is about to be. All of it is exact: the rest is added to a
// prediction that every reader computes alike, in integers modulo 2^64, or in IEEE doubles of which
// each operation is rounded on its own.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "store/base/columns.h"

namespace bf::store {

/// What the residual of row i is. The numbers are part of the format.
enum class Transform : std::uint8_t {
  kOffset = 0,         ///< value - base
  kDelta = 1,          ///< zigzag(value - the one before - step); 0 in row 0, whose value is base
  kPreviousClose = 2,  ///< zigzag(value - close of the row before); of row 0: its own close
  kAboveBody = 3,      ///< value - max(open, close)
  kBelowBody = 4,      ///< min(open, close) - value
  kTurnover = 5,       ///< zigzag(value - turnover): of the quote volume
  kHalfVolume = 6,     ///< zigzag(value - volume / 2, rounded down): of the taker buy base
  kTakerTurnover = 7,  ///< zigzag(value - taker buy base x quote volume / volume)
};
inline constexpr Transform kLastTransform = Transform::kTakerTurnover;

/// How wide the residual of row i is expected to be. The numbers are part of the format.
enum class Context : std::uint8_t {
  kNone = 0,
  kTrades = 1,      ///< the width of the trades
  kVolume = 2,      ///< the width of the volume
  kRange = 3,       ///< the width of volume x (high - low), in units of the quote volume
  kTakerRange = 4,  ///< as kRange, of the smaller of taker buy base and the rest of the volume
};
inline constexpr Context kLastContext = Context::kTakerRange;

/// The columns that must be there before one of this transform or context is decoded.
[[nodiscard]] ColumnSet dependencies(Transform transform) noexcept;
[[nodiscard]] ColumnSet dependencies(Context context) noexcept;

/// Decoded columns that others lean on, all of as many rows. Null where they are not at hand.
struct Siblings {
  std::array<const std::int64_t*, kColumnCount> values{};
  std::array<int, kColumnCount> scales{};

  [[nodiscard]] const std::int64_t* operator[](Column column) const noexcept {
    return values[static_cast<std::size_t>(column)];
  }
  [[nodiscard]] int scale(Column column) const noexcept {
    return scales[static_cast<std::size_t>(column)];
  }
  [[nodiscard]] bool have(ColumnSet columns) const noexcept;
};

/// The fields of a transform that its column's description carries.
struct TransformFields {
  Transform transform = Transform::kOffset;
  std::int64_t base = 0;
  std::int64_t step = 0;
};

/// Requires: siblings.have(dependencies(fields.transform)), at least one row.
void to_residuals(const TransformFields& fields, std::span<const std::int64_t> values,
                  const Siblings& siblings, std::span<std::uint64_t> residuals);
/// The inverse of to_residuals().
void from_residuals(const TransformFields& fields, std::span<const std::uint64_t> residuals,
                    const Siblings& siblings, std::span<std::int64_t> values);
/// The expected width of each row's residual. Requires: siblings.have(dependencies(context)).
void expected_widths(Context context, const Siblings& siblings, std::span<std::uint8_t> widths);

}  // namespace bf::store
