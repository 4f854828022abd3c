// store/gap_cache.h
//
// The gap index of a series' segments, kept beside them in a file `gaps`: so hundreds of series open
// without one of their segments being opened. It is never an authority: a file that is missing, torn,
// or made for other segments than the manifest names counts for nothing, and the segments are asked.
#pragma once

#include <optional>

#include "store/base/file_system.h"
#include "store/gap_index.h"
#include "store/manifest.h"

namespace bf::store {

inline constexpr std::string_view kGapCacheName = "gaps";

/// The gap index of the manifest's segments, when the cache has it.
/// Errors: none: what cannot be read is not there.
[[nodiscard]] std::optional<GapIndex> read_gap_cache(FileSystem& files, const Series& series,
                                                     const Manifest& manifest);

/// Whether the bytes of the cache are as they were written, for whichever segments that was.
enum class GapCacheBytes : std::uint8_t { kNone, kIntact, kDamaged };
/// Errors: kIo when a file that is there cannot be opened.
[[nodiscard]] Result<GapCacheBytes> check_gap_cache(FileSystem& files, const Series& series,
                                                    const Manifest& manifest);

/// Replaces the cache. It is not synced: after a power loss it may be the old one, or torn.
/// Requires: `gaps` are folded from the manifest's segments and nothing else. Errors: kNoSpace, kIo.
[[nodiscard]] Result<void> write_gap_cache(FileSystem& files, const Series& series,
                                           const Manifest& manifest, const GapIndex& gaps);

}  // namespace bf::store
