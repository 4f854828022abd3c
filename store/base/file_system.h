// store/base/file_system.h
//
// All I/O of the store goes through this small interface: so every operation can be failed, cut, or
// followed by a power loss (a simulated one stands beside the real one in the tests).
//
// Paths are relative to the root that the FileSystem was made for, with '/' between parts; parts are
// our own escaped names. All opens are O_CLOEXEC | O_NOFOLLOW; files get mode 0640, directories 0750.
// Every call loops on EINTR; a read or write that is short without an error goes on.
// Errors: kNotFound, kNoSpace, kSyncFailed (fsync, fdatasync), kIo with the call and path.
// Threads: a FileSystem may be used from any thread; a File from one at a time (pread: from any).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/base/result.h"

namespace bf {

/// An open file.
class File {
 public:
  virtual ~File() = default;
  /// Reads exactly into.size() bytes at `offset`. Errors: kCorrupt when the file ends before them.
  [[nodiscard]] virtual Result<void> pread(std::span<std::byte> into,
                                           std::uint64_t offset) const = 0;
  /// Writes all of `bytes` at `offset`.
  [[nodiscard]] virtual Result<void> pwrite(std::span<const std::byte> bytes,
                                            std::uint64_t offset) = 0;
  /// Reserves disk space for [0, size) without changing the file's length; a file system that cannot
  /// says nothing. Errors: kNoSpace.
  [[nodiscard]] virtual Result<void> reserve(std::uint64_t size) = 0;
  /// fdatasync and fsync. After an error nothing that was written since the last good one is known to
  /// be durable, and the call must not be repeated.
  [[nodiscard]] virtual Result<void> sync_data() = 0;
  [[nodiscard]] virtual Result<void> sync() = 0;
  [[nodiscard]] virtual Result<std::uint64_t> size() const = 0;
};

/// Bytes of a file that is never changed while it is mapped.
class Mapping {
 public:
  virtual ~Mapping() = default;
  [[nodiscard]] virtual std::span<const std::byte> bytes() const noexcept = 0;
};

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;
};

/// Holds an exclusive lock until it is destroyed.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {
 public:
  enum class Open : std::uint8_t {
    kRead,       ///< must exist, read only
    kReadWrite,  ///< must exist
    kCreateNew,  ///< O_EXCL: must not exist
  };

  virtual ~FileSystem() = default;
  [[nodiscard]] virtual Result<std::unique_ptr<File>> open(std::string_view path, Open mode) = 0;
  /// Maps exactly `size` bytes read-only. Errors: kCorrupt when the file has another size.
  [[nodiscard]] virtual Result<std::unique_ptr<Mapping>> map(std::string_view path,
                                                             std::uint64_t size) = 0;
  /// Makes the directory; it may exist.
  [[nodiscard]] virtual Result<void> make_directory(std::string_view path) = 0;
  /// Atomically replaces `to`.
  [[nodiscard]] virtual Result<void> rename(std::string_view from, std::string_view to) = 0;
  /// As rename, but `to` must not exist. Errors: kIo (EEXIST).
  [[nodiscard]] virtual Result<void> rename_new(std::string_view from, std::string_view to) = 0;
  [[nodiscard]] virtual Result<void> remove(std::string_view path) = 0;
  /// fsync of a directory: names made, renamed and removed in it are durable after it.
  [[nodiscard]] virtual Result<void> sync_directory(std::string_view path) = 0;
  /// Sorted by name; without "." and "..". Links and special files are left out.
  [[nodiscard]] virtual Result<std::vector<DirectoryEntry>> list(std::string_view path) = 0;
  /// Takes an OFD lock on `path` (created where missing), without waiting, and writes `holder` into it
  /// for people to read. Errors: kLocked, with what the present holder wrote.
  [[nodiscard]] virtual Result<std::unique_ptr<FileLock>> lock(std::string_view path,
                                                               std::string_view holder) = 0;
  /// Bytes that a user without privileges may still write.
  [[nodiscard]] virtual Result<std::uint64_t> free_space() = 0;
  /// "nfs" and the like where the root lies on another machine's disk; "" where it is a local one.
  [[nodiscard]] virtual Result<std::string> network_name() = 0;
};

/// The real one, rooted at `root`, which is made where it is missing and `create` is set.
/// Errors: kNotFound, kIo.
[[nodiscard]] Result<std::unique_ptr<FileSystem>> open_file_system(const std::string& root,
                                                                   bool create);

}  // namespace bf
