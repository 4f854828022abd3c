// engine/sim/archive_listing.h
//
// The archive's S3 ListBucket answer (version 1): ?prefix=, &delimiter=/, &marker=.
#pragma once

#include <string>

#include "engine/sim/archive.h"

namespace bf::sim {

inline constexpr std::size_t kListingKeysMax = 1'000;

/// The document. Keys are sorted by bytes; those up to `marker` are left out.
[[nodiscard]] std::string listing_xml(const Truth& truth, const SimArchive& archive,
                                      const Query& query, TimeMs now);

}  // namespace bf::sim
