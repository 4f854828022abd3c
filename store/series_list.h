// store/series_list.h
//
// Which series a store has, by its directories: exchange / market / symbol / kind / interval.
#pragma once

#include <vector>

#include "store/base/file_system.h"
#include "store/base/series.h"

namespace bf::store {

enum class SeriesWith : std::uint8_t {
  kManifest,   ///< those that can be opened
  kAnyOfOurs,  ///< also those with segments, logs or what a repair kept aside, and no manifest
};

/// Sorted by name. Directories that are not ours are passed over. Errors: kIo.
[[nodiscard]] Result<std::vector<Series>> list_series(FileSystem& files, SeriesWith with);

}  // namespace bf::store
