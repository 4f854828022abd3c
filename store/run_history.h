// store/run_history.h
//
// What was done to a store, and how it ended: the file `runs` at its root, one record a run, import or
// other work that fetched or stored candles. For people and their scripts: nothing else reads it, and a
// run whose record cannot be written is no worse for it.
//
// The file is text (store/record_file.h):
//
//   bf-runs  1  HASH                                the first line: the version of the format
//   run  BEGAN  COMMAND  SELECTION  FROM  TO  SERIES  CANDLES  REQUESTS  MILLISECONDS  EXIT
//        [REASON ...]  HASH                         each reason: the exit code it stands for, a blank, text
//
// Threads: as RecordFile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/base/file_system.h"
#include "store/base/result.h"
#include "store/base/time.h"
#include "store/record_file.h"

namespace bf::store {

struct RunRecord {
  TimeMs began = 0;     ///< wall ms
  std::string command;  ///< "run", "fill", "import"
  std::string
      selection;    ///< what was selected, as people read it: "binance/um BTCUSDT, candles 1m"
  TimeRange range;  ///< of all series together; empty where nothing was asked for
  std::int64_t series = 0;   ///< that were worked on
  std::int64_t candles = 0;  ///< stored
  std::int64_t requests = 0;
  std::int64_t milliseconds = 0;
  int exit_code = 0;
  std::vector<std::pair<int, std::string>> reasons;  ///< exit code and text

  friend bool operator==(const RunRecord&, const RunRecord&) = default;
};

class RunHistory {
 public:
  static constexpr std::string_view kFileName = "runs";
  /// Longer texts are cut, and more reasons are counted in the last one.
  static constexpr std::size_t kTextBytesMax = 512;
  static constexpr std::size_t kReasonsMax = 16;

  /// Reads the history of the store that `files` is rooted at; one that does not exist is empty.
  /// `files` outlives it. Errors: as RecordFile::read.
  [[nodiscard]] static Result<RunHistory> open(FileSystem& files);

  /// As of RecordFile, for repairs.
  [[nodiscard]] static bool first_line_is_damaged(FileSystem& files);
  [[nodiscard]] static Result<void> drop_damaged_lines(FileSystem& files);

  /// Appends a run, whose texts are made printable; it is durable when it returns.
  /// Errors: kDataQuality: an instant outside the years 2000 to 2199 or a negative count;
  ///         kLimit, kNoSpace, kIo, kSyncFailed. Nothing is recorded then.
  [[nodiscard]] Result<void> record(RunRecord run);

  /// Oldest first.
  [[nodiscard]] const std::vector<RunRecord>& runs() const noexcept { return runs_; }
  [[nodiscard]] std::uint64_t damaged_lines() const noexcept { return file_.damaged_lines(); }

 private:
  explicit RunHistory(FileSystem& files);

  RecordFile file_;
  std::vector<RunRecord> runs_;
};

}  // namespace bf::store
