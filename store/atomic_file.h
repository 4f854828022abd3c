// store/atomic_file.h
//
// Small files that are read and replaced whole: STORE, MANIFEST, quarantined logs. After a crash at
// any instant the old or the new content is there, never a mixture and never an empty file.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "store/base/file_system.h"
#include "store/bytes.h"

namespace bf::store {

/// "directory/name"; the name alone in the root.
[[nodiscard]] std::string join_path(std::string_view directory, std::string_view name);

/// Reads a file of at most `size_max` bytes. Errors: kNotFound, kIo; kCorrupt when it is larger.
[[nodiscard]] Result<Bytes> read_file(FileSystem& files, const std::string& path,
                                      std::uint64_t size_max);
/// The same of a file that is open; messages name `path`.
[[nodiscard]] Result<Bytes> read_file(const File& file, const std::string& path,
                                      std::uint64_t size_max);

/// Makes `path` afresh (whatever a killed run left there goes) with `bytes`, fsynced. Its name is
/// durable only after sync_directory().
[[nodiscard]] Result<std::unique_ptr<File>> write_new_file(FileSystem& files,
                                                           const std::string& path,
                                                           std::span<const std::byte> bytes);

/// Writes NAME.tmp and fsyncs it. The first half of a replacement: can be failed without harm.
[[nodiscard]] Result<void> prepare_file(FileSystem& files, const std::string& directory,
                                        std::string_view name, std::span<const std::byte> bytes);
/// Renames NAME.tmp over NAME and fsyncs the directory: the commit point. After an error either
/// content may be the durable one.
[[nodiscard]] Result<void> commit_file(FileSystem& files, const std::string& directory,
                                       std::string_view name);

/// Makes `to_path` afresh with the first `size` bytes of `from_path`, fsynced, a piece at a time.
/// Errors: kNotFound, kNoSpace, kIo, kSyncFailed; kCorrupt where the file is shorter.
[[nodiscard]] Result<void> copy_file(FileSystem& from, const std::string& from_path, FileSystem& to,
                                     const std::string& to_path, std::uint64_t size);

/// Removes a file that may not be there.
[[nodiscard]] Result<void> remove_if_there(FileSystem& files, const std::string& path);

}  // namespace bf::store
