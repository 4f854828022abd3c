// bench/support/timed_files.h
//
// A file system that passes everything on to another, and writes down how long each sync took.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/base/file_system.h"

namespace bf::bench {

struct TimedSync {
  std::string what;  ///< "0001.seg.tmp", "directory"
  double microseconds = 0;
};

class TimedFileSystem final : public FileSystem {
 public:
  explicit TimedFileSystem(std::unique_ptr<FileSystem> files) : files_(std::move(files)) {}

  /// What was synced since the last call, in its order.
  [[nodiscard]] std::vector<TimedSync> take_syncs() { return std::exchange(syncs_, {}); }

  Result<std::unique_ptr<File>> open(std::string_view path, Open mode) override;
  Result<std::unique_ptr<Mapping>> map(std::string_view path, std::uint64_t size) override;
  Result<void> make_directory(std::string_view path) override;
  Result<void> rename(std::string_view from, std::string_view to) override;
  Result<void> rename_new(std::string_view from, std::string_view to) override;
  Result<void> remove(std::string_view path) override;
  Result<void> sync_directory(std::string_view path) override;
  Result<std::vector<DirectoryEntry>> list(std::string_view path) override;
  Result<std::unique_ptr<FileLock>> lock(std::string_view path, std::string_view holder) override;
  Result<std::uint64_t> free_space() override;
  Result<std::string> network_name() override;

 private:
  std::unique_ptr<FileSystem> files_;
  std::vector<TimedSync> syncs_;
};

}  // namespace bf::bench
