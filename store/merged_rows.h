// store/merged_rows.h
//
// What sealing and compaction write: the rows of a merge that stand, and those that lost as revisions.
#pragma once

#include <functional>

#include "store/conflicts.h"
#include "store/content_hash.h"
#include "store/merge.h"
#include "store/segment_writer.h"

namespace bf::store {

/// Which of the new segment's answers stands for the origin of a row.
using OriginMap = std::function<SegmentWriter::Origin(const RowOrigin&)>;

/// Writes all that `merge` still has. `hash`, where there is one, is told of it as well.
/// Errors: what cursors and writer return; kCorrupt for a revision without a row.
[[nodiscard]] Result<void> write_merged(Merge& merge, Conflicts& conflicts, const OriginMap& origin,
                                        SegmentWriter& writer, ContentHash* hash = nullptr);

}  // namespace bf::store
