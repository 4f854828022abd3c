// tools/cli/export_target.h
//
// Where an export goes: a file that appears whole or not at all (written under a temporary name beside
// it, synced, renamed), or stdout; gzip where asked.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "store/base/result.h"

namespace bf::cli {

class ExportTarget {
 public:
  /// `path` "-" is stdout. With `force`, an existing file is replaced at commit().
  /// Errors: kUsage when the file exists and `force` is not set, or its folder is not there; kIo,
  ///         kNoSpace.
  [[nodiscard]] static Result<std::unique_ptr<ExportTarget>> open(const std::string& path,
                                                                  bool gzip, bool force);
  ExportTarget(const ExportTarget&) = delete;
  ExportTarget& operator=(const ExportTarget&) = delete;
  /// Without commit(), nothing of the file stays.
  ~ExportTarget();

  /// Memory: with gzip at most one chunk of kChunkBytes; each becomes a gzip member of its own, which
  /// every reader of gzip joins.
  /// Errors: kNoSpace, kIo.
  [[nodiscard]] Result<void> write(std::string_view text);
  /// Writes what is left and gives the file its name. Called once.
  [[nodiscard]] Result<void> commit();

  static constexpr std::size_t kChunkBytes = 1U << 20;

 private:
  class Gzip;
  ExportTarget(std::string path, bool force);
  [[nodiscard]] Result<void> open_temporary();
  [[nodiscard]] Result<void> write_out(std::string_view bytes);
  [[nodiscard]] Result<void> write_chunk();
  [[nodiscard]] Result<void> rename_into_place();

  std::string path_;
  std::string temporary_;  ///< empty for stdout and devices
  int descriptor_ = -1;
  std::uint64_t written_ = 0;  ///< bytes, of a file
  std::uint64_t started_ = 0;  ///< of these the disk was set to work on
  bool force_;
  std::unique_ptr<Gzip> gzip_;
  std::string pending_;  ///< not compressed yet
};

}  // namespace bf::cli
