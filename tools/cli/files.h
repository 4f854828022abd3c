// tools/cli/files.h
//
// Whole files that users write and read: small ones in, results out. The store has its own interface.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "store/base/result.h"

namespace bf::cli {

/// The whole of a text file.
/// Errors: kNotFound, kIo (also a directory); kLimit beyond `bytes_max`. Messages name the file.
[[nodiscard]] Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max);

/// The whole of a file or, for "-", of stdin; gzip is unpacked, also of several members.
/// Errors: kNotFound, kIo; kLimit beyond `bytes_max` (unpacked, too); kUsage for any other packing, with
///         the command that unpacks it; kDataQuality for a damaged gzip. Messages name the file.
[[nodiscard]] Result<std::string> read_input(const std::string& path, std::size_t bytes_max);

/// Writes all of `bytes` to a descriptor, over short writes and EINTR.
/// Errors: kNoSpace, kIo (a closed pipe too); `name` stands for the target in the message.
[[nodiscard]] Result<void> write_all(int descriptor, std::string_view bytes, std::string_view name);

/// Makes the folders that lead to `path`, where they are missing. Errors: kIo, kNoSpace.
[[nodiscard]] Result<void> make_folders_of(const std::string& path);

/// Whether `path` is a file that nobody but its owner can read or write.
[[nodiscard]] bool is_private_file(const std::string& path);
[[nodiscard]] bool is_directory(const std::string& path);
[[nodiscard]] bool exists(const std::string& path);

}  // namespace bf::cli
