// store/packed_groups.h
//
// Values packed for the fastest encoding: groups of rows, each as what its values are more than the least
// of them, in as many bits as the largest takes. It holds any values, in little more memory traffic than
// copying them: for a log's frames, which are encoded anew before long.
#pragma once

#include <cstdint>
#include <span>

#include "store/base/result.h"
#include "store/bytes.h"

namespace bf::store {

/// Appends `values` (at least one) to `out`. What `scratch` holds means nothing before and after.
void encode_packed_groups(std::span<const std::int64_t> values, Bytes& scratch, Bytes& out);

/// Reads out.size() values (at least one). Errors: kCorrupt.
[[nodiscard]] Result<void> decode_packed_groups(std::span<const std::byte> bytes,
                                                std::span<std::int64_t> out);

}  // namespace bf::store
