#include "store/series_list.h"

#include <algorithm>

#include "store/atomic_file.h"
#include "store/manifest.h"

namespace bf::store {
namespace {

/// exchange / market / symbol / kind / interval.
constexpr int kSeriesDepth = 5;
/// All that Series::path() writes into one part of a path.
constexpr std::string_view kPathCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-%";

bool makes_series(const DirectoryEntry& entry, SeriesWith with) {
  if (entry.is_directory) return false;
  if (entry.name == kManifestName) return true;
  return with == SeriesWith::kAnyOfOurs &&
         (entry.name.ends_with(".seg") || entry.name.ends_with(".log"));
}

/// Adds the series below `directory`, which lies `depth` directories under the root.
Result<void> list_below(FileSystem& files, const std::string& directory, int depth, SeriesWith with,
                        std::vector<Series>& out) {
  const Result<std::vector<DirectoryEntry>> entries = files.list(directory);
  if (!entries) return fail(entries.error());
  if (depth == kSeriesDepth) {
    const bool has = std::any_of(entries->begin(), entries->end(),
                                 [with](const auto& entry) { return makes_series(entry, with); });
    if (!has) return {};
    Result<Series> series = parse_series_path(directory);
    if (series) out.push_back(std::move(*series));
    return {};
  }
  for (const DirectoryEntry& entry : *entries) {
    // Directories that are not ours ("lost+found") may not even be readable.
    if (!entry.is_directory || entry.name.find_first_not_of(kPathCharacters) != std::string::npos) {
      continue;
    }
    const Result<void> below =
        list_below(files, join_path(directory, entry.name), depth + 1, with, out);
    if (!below) return below;
  }
  return {};
}

}  // namespace

Result<std::vector<Series>> list_series(FileSystem& files, SeriesWith with) {
  std::vector<Series> series;
  if (const Result<void> listed = list_below(files, "", 0, with, series); !listed) {
    return fail(listed.error());
  }
  std::sort(series.begin(), series.end());
  return series;
}

}  // namespace bf::store
