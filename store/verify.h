// store/verify.h
//
// A series checked from nothing: every checksum, every row, and everything that is derived from rows
// computed again and compared with what the files say.
#pragma once

#include "store/snapshot.h"

namespace bf::store {

/// One segment on its own. Errors: kCorrupt, naming file and offset; kFormat, kIo.
[[nodiscard]] Result<void> verify_segment(Interval interval, const Segment& segment);

/// Errors: kCorrupt, naming file and offset; kFormat, kIo.
[[nodiscard]] Result<void> verify_series(const PinnedSeries& pinned);

}  // namespace bf::store
