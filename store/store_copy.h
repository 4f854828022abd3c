// store/store_copy.h
//
// A copy of a store that a writer may be filling meanwhile. Each series is copied as it was at one
// instant: its manifest, the segments that it names, and its log up to the last frame that is proven
// durable. Segments never change, so a second name is as good as a second file; logs do, so their bytes
// are copied. No lock is taken.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "store/base/file_system.h"

namespace bf::store {

struct StoreCopy {
  std::uint64_t series = 0;
  std::uint64_t segments_linked = 0;
  std::uint64_t segments_copied = 0;
  std::uint64_t bytes = 0;  ///< of segments and logs
};

/// Makes the file at `path` of the store a file at the same path of the copy.
/// Errors: kNotFound where it is gone; kNoSpace; kIo where it cannot: its bytes are copied then.
using LinkFile = std::function<Result<void>(const std::string& path)>;

/// Copies the store at `from` to the empty directory `to`. All of it is durable when this returns. STORE
/// comes last: a copy that was cut short is no store.
/// Errors: as read_store_file; kCorrupt when a file is damaged or lost; kLimit when a writer replaced a
///         series faster than it was copied; kIo, kNoSpace, kSyncFailed.
[[nodiscard]] Result<StoreCopy> copy_store(FileSystem& from, FileSystem& to, const LinkFile& link);

}  // namespace bf::store
