// store/store_file.h
//
// The file STORE, which says that a directory is a store of ours, and of which version
// (docs/format.md, "STORE").
#pragma once

#include "store/base/file_system.h"
#include "store/checksum.h"

namespace bf::store {

inline constexpr std::string_view kStoreName = "STORE";
inline constexpr std::string_view kLockName = "LOCK";
/// Rows that were refused, for people.
inline constexpr std::string_view kRejectedName = "rejected.tsv";
/// Instruments that an exchange says it never had, for people.
inline constexpr std::string_view kNotFoundName = "not-found.tsv";

/// The store's UUID.
/// Errors: kNotFound; kFormat for another file or version; kCorrupt, kIo.
[[nodiscard]] Result<Uuid> read_store_file(FileSystem& files);
/// Replaces it, durably; `uuid` again. Errors: kNoSpace, kIo, kSyncFailed.
[[nodiscard]] Result<Uuid> write_store_file(FileSystem& files, const Uuid& uuid);
/// Whether STORE is whole and of a version that this build does not read: nothing that may be repaired. False where it cannot
/// be read.
[[nodiscard]] bool store_file_is_of_another_version(FileSystem& files);

}  // namespace bf::store
