// tests/store/weakened_files.h
//
// A file system that leaves one step of the crash protocol out, as a build would that lacks it. The
// store that runs on it is the shipped one: it has no switches. Steps that are calls of the file system
// are not passed on, or in another order; the two that are not (checking checksums, distrusting the page
// cache) are undone by handing out bytes that pass the check.
#pragma once

#include <memory>
#include <string>

#include "store/base/file_system.h"

namespace bf::store::crash {

/// The step that is left out.
enum class Deletion : std::uint8_t {
  kNone,
  kLogSync,              ///< W1: fdatasync of the log before rows are acknowledged
  kSegmentSync,          ///< W2 (2), W3: fsync of the new segment
  kNewLogSync,           ///< W2 (5), W5: fsync of the log that recovery writes
  kNamesBeforeManifest,  ///< W2 (6), W3: fsync of the directory before the manifest names the files
  kManifestSync,         ///< W2 (7), W3: fsync of MANIFEST.tmp
  kNamesBehindManifest,  ///< W2 (8), W3: fsync of the directory behind the rename
  kUnlinkLast,  ///< W2 (9), W4: what is replaced is removed before the rename, not behind it
  kParentSync,  ///< W5: fsync of the parents of new directories
  kChecksums,   ///< frames of the log are believed without their checksums
  kDistrust,    ///< W5: what was not proven is believed because the page cache has it
};

/// `files` outlives it.
[[nodiscard]] std::unique_ptr<FileSystem> weaken(FileSystem& files, Deletion deletion);

}  // namespace bf::store::crash
