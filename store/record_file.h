// store/record_file.h
//
// Text files at a store's root that only grow: one record a line, its fields separated by tabs. The last
// field of each line is the XXH3-64 (seed 0, 16 hex digits) of all that stands before it, the tab
// included; the first line is the file's magic word and its version. Times are RFC 3339 in UTC with
// optional milliseconds; "-" is an unknown or missing one.
//
// A line that does not check is no record: behind the last good one it is torn (a killed or a live
// writer) and goes with the next write; before it, it is damage: it stays and is counted.
//
// Threads: one at a time. Writing is for the holder of the store's lock alone; anyone may read.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/base/file_system.h"
#include "store/base/result.h"
#include "store/base/time.h"

namespace bf::store {

/// One line from its fields, with hash and line end. Requires: no field holds a tab or a line end.
[[nodiscard]] std::string record_line(std::span<const std::string_view> fields);
[[nodiscard]] std::string record_line(std::initializer_list<std::string_view> fields);
/// The fields of a line (without its '\n') whose hash is right; empty where it is not.
[[nodiscard]] std::vector<std::string_view> record_fields(std::string_view line);

/// A time as a field.
[[nodiscard]] std::string time_field(std::optional<TimeMs> time);
/// Reads what time_field() writes into `out`; false for anything else.
[[nodiscard]] bool read_time_field(std::string_view text, std::optional<TimeMs>& out);

/// Which file, and what messages call it. All texts are static.
struct RecordFormat {
  std::string_view file;    ///< "instruments"
  std::string_view magic;   ///< "bf-instruments"
  std::string_view what;    ///< "a ledger of instruments"
  std::string_view remedy;  ///< what to do when its first line is damaged
  std::uint32_t version = 0;
  std::uint64_t bytes_max = 256U << 20U;
};

class RecordFile {
 public:
  /// Takes a record; false when its fields cannot be one, however right their hash: the file may come
  /// from anywhere.
  using Take = std::function<bool(std::span<const std::string_view> fields)>;

  /// `files` is rooted at the store's directory; it and `format` outlive the RecordFile.
  RecordFile(FileSystem& files, const RecordFormat& format) : files_(&files), format_(&format) {}

  /// Gives every record to `take`, oldest first; a file that is not there has none. Writes nothing.
  /// Errors: kFormat   not such a file, or of a newer version
  ///         kCorrupt  the first line is damaged, or the file is larger than bytes_max
  ///         kIo
  [[nodiscard]] Result<void> read(const Take& take);

  /// Appends whole lines; they are durable when it returns, and after an error none of them counts. The
  /// first write of a process makes the file anew (what a process before it left may be in the page
  /// cache alone), later ones append. No lines: what was read becomes durable.
  /// Errors: kLimit beyond bytes_max; kNoSpace, kIo, kSyncFailed
  [[nodiscard]] Result<void> write(const std::string& lines);

  /// Lines before the last good one that did not check.
  [[nodiscard]] std::uint64_t damaged_lines() const noexcept { return damaged_lines_; }

  /// Whether the checksum of the first line is wrong: damage, whatever read() calls it.
  [[nodiscard]] static bool first_line_is_damaged(FileSystem& files, const RecordFormat& format);
  /// Replaces the file by those of its lines that check and that `take` takes, under a first line of
  /// ours. Errors: kCorrupt when it is larger than bytes_max; kNotFound, kIo, kNoSpace, kSyncFailed.
  [[nodiscard]] static Result<void> drop_damaged_lines(FileSystem& files,
                                                       const RecordFormat& format,
                                                       const Take& take);

 private:
  [[nodiscard]] Result<void> check_header(std::string_view line, std::size_t file_size) const;
  [[nodiscard]] Result<void> rewrite(const std::string& lines);
  [[nodiscard]] Result<void> append(const std::string& lines);

  FileSystem* files_;
  const RecordFormat* format_;
  std::string text_;     ///< the file up to the end of its last good line
  bool rewrite_ = true;  ///< what is behind text_, or whether text_ is durable, is not known
  std::uint64_t damaged_lines_ = 0;
};

}  // namespace bf::store
