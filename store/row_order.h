// store/row_order.h
//
// Which of two rows of one slot stands. One total order decides, never the order of commits: so the
// same answers give the same store, in whatever order they came. Scan, seal and the list of conflicts
// all ask here.
//
//   1. the series' own exchange before any fallback; fallbacks by name
//   2. REST, then the daily archive, the monthly archive, the stream, an import
//   3. the later asked_at
//   4. the larger row_values(), byte by byte
//   5. for equal rows, what is left of the answer, so that provenance does not depend on order either
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "store/answer.h"

namespace bf::store {

/// Greater means that rows of `a` stand against rows of `b`: rules 1 to 3; equal where values decide.
[[nodiscard]] std::strong_ordering compare_rank(const Answer& a, const Answer& b,
                                                std::string_view own_exchange);

/// Rule 5: the larger archive hash, then what was asked and came (which may be a merged answer's).
[[nodiscard]] std::strong_ordering compare_rest(const Answer& a, const Answer& b);

/// A row's values by canonical text and separated by commas, empty where a column is not stored: of a
/// candle the nine behind the open time, of an event of funding its own up to the last that it has, so
/// that a column that funding gains later changes nothing; an odd close time follows as ";close_time=".
[[nodiscard]] std::string row_values(const CandleBatch& rows, std::size_t row);

}  // namespace bf::store
