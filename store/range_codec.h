// store/range_codec.h
//
// Sets of instants as bytes: for the coverage part of segments and for the gap index.
#pragma once

#include "store/base/range_set.h"
#include "store/base/result.h"
#include "store/bytes.h"

namespace bf::store {

/// A count, then for each range how far behind the one before it begins, and its length (ms, varints).
void write_ranges(ByteWriter& out, const RangeSet& ranges);
/// Errors: kCorrupt when they are more than `most`, contradict themselves or leave the calendar of the
/// store.
[[nodiscard]] Result<RangeSet> read_ranges(ByteReader& in, std::uint64_t most);

}  // namespace bf::store
