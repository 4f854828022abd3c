// store/recovery.h
//
// Opening a series for writing: creation where there is none, else recovery of its log
// (docs/format.md, "Protocol", W5). May itself be killed at any step: it only makes new names and ends
// in one rename.
#pragma once

#include <set>
#include <string>

#include "store/base/clock.h"
#include "store/base/file_system.h"
#include "store/log.h"
#include "store/manifest.h"
#include "store/store.h"

namespace bf::store {

struct OpenedSeries {
  Manifest manifest;
  LogWriter log;
  GapIndex gaps;
  RecoveryReport report{};
  std::uint64_t log_rows = 0;
  std::uint64_t log_pages = 0;
};

/// What opening a series needs of its store.
struct SeriesHome {
  FileSystem& files;
  const Clock& clock;
  Uuid store_uuid{};
  std::set<std::string>& synced_directories;  ///< made and durable by this process
};

/// Errors: kCorrupt when the manifest or a segment is damaged or lost, naming the file and what to do;
///         kFormat, kIo, kNoSpace, kSyncFailed.
[[nodiscard]] Result<OpenedSeries> open_series(const SeriesHome& home, const Series& series);

/// Replaces the series' manifest by `manifest`, durably.
[[nodiscard]] Result<void> replace_manifest(FileSystem& files, const Series& series,
                                            const Manifest& manifest);

}  // namespace bf::store
