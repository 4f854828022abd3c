// store/cursors.h
//
// The two sources of rows: pages of a log, decoded, and segments, whose blocks are decoded one at a
// time. Each begins at the first row with an open time >= `from`.
#pragma once

#include <memory>

#include "store/merge.h"
#include "store/segment.h"

namespace bf::store {

/// Rows of `page`, which outlives the cursor.
[[nodiscard]] std::unique_ptr<Cursor> page_cursor(const AnsweredRows& page, TimeMs from);

/// Rows of `segment`, decoded in the columns `wanted` alone.
/// Errors: kCorrupt, kFormat, kIo.
[[nodiscard]] Result<std::unique_ptr<Cursor>> segment_cursor(std::shared_ptr<const Segment> segment,
                                                             TimeMs from, ColumnSet wanted);

}  // namespace bf::store
