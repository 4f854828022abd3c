// engine/backfill/answers.h
//
// From an answer's rows to the store: judged, the refused ones kept aside, the good ones pushed.
#pragma once

#include "engine/backfill/series_state.h"

namespace bf::backfill {

/// An answer to what is about to be asked. It is dated before the request leaves: a candle that closes
/// while the answer is under way was still forming when it was made.
[[nodiscard]] store::Answer answer_to(const SeriesState& state, store::Channel channel,
                                      TimeRange asked);

/// Judges `rows` and hands the good ones to the store.
/// Errors: kDataQuality when none of the answer can be believed; what the store says; kCancelled.
[[nodiscard]] async::Task<Result<void>> store_answer(SeriesState& state, store::Answer answer,
                                                     CandleBatch rows, async::CancelToken cancel);

}  // namespace bf::backfill
