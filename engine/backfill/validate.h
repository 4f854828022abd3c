// engine/backfill/validate.h
//
// Judges the rows (candles or events) of one answer before they are stored: what is good, what is dropped because it was
// not asked for or is not closed, and what is refused with a reason. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/answer.h"
#include "store/base/series.h"

namespace bf::backfill {

struct RejectedRow {
  TimeMs open_time = 0;
  std::string values;  ///< comma-separated, in the order of columns
  std::string reason;
};

struct Judged {
  /// One part a run of slots without a rejected row: a rejected row's slot is not answered, so it stays
  /// missing instead of becoming absent.
  std::vector<store::AnsweredRows> parts;
  std::vector<RejectedRow> rejected;
  std::int64_t rows = 0;        ///< good ones, in `parts`
  std::int64_t outside = 0;     ///< open time outside the asked range: dropped
  std::int64_t not_closed = 0;  ///< the forming candle and what is behind it: dropped
  std::int64_t repeated = 0;    ///< the same open time again in one answer: one is kept
};

/// `answer.asked` is what was asked; candles that close behind `closed_by` (exchange's wall ms, grace
/// taken off) are not closed yet, and their slots are not answered.
///
/// Errors: kDataQuality when most rows contradict themselves: then it is the page that is wrong (columns
///         in another order, another unit), and none of it is believed.
[[nodiscard]] Result<Judged> judge_rows(const Series& series, const store::Answer& answer,
                                        CandleBatch rows, TimeMs closed_by);

}  // namespace bf::backfill
