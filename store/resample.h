// store/resample.h
//
// Candles of a longer interval, folded from those of a series as they are read: the first open, the
// highest high, the lowest low, the last close, and the exact sums of all volumes and trades. Nothing is
// rounded, and nothing is stored.
//
// Buckets lie on the grid of the longer interval: UTC, weeks from Monday, months from the 1st. A bucket
// without a candle is left out. One of fewer candles than it has slots (ScanBatch::folded) is partial:
// the range began or ended within it, or candles are absent or missing.
#pragma once

#include <memory>

#include "store/store.h"

namespace bf::store {

/// Whether every slot of `to` is made of whole slots of `from`, more than one.
[[nodiscard]] bool can_resample(Interval from, Interval to) noexcept;

/// Folds what `scan` returns of a series of interval `from`. Batches have no provenance.
/// Memory: as that of `scan`, and one batch. Errors of next(): those of `scan`; kLimit where a sum or an
/// extreme has more digits than 128 bits hold.
/// Requires: can_resample(from, to).
[[nodiscard]] std::unique_ptr<Scan> resample(std::unique_ptr<Scan> scan, Interval from,
                                             Interval to);

}  // namespace bf::store
