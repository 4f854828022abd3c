// store/logged_pages.h
//
// The pages of a log, of which as many are in memory as are read side by side: decoded, a full log takes
// several times its size.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "store/log.h"
#include "store/merge.h"

namespace bf::store {

class LoggedPages {
 public:
  /// A page without its values.
  struct Outline {
    std::size_t frame = 0;  ///< in the log
    std::size_t page = 0;   ///< in the frame
    AnsweredRows times;     ///< its answer, and of its rows the open times
  };

  /// `path` is that of the log, for errors.
  explicit LoggedPages(std::string path) : path_(std::move(path)) {}

  /// Reads the outlines of `frames`, which lie in `log_bytes`. Errors: kCorrupt, kFormat; kLimit for more
  /// than kLogPagesMax pages.
  [[nodiscard]] Result<void> read(Bytes log_bytes, std::vector<FoundFrame> frames);
  /// All pages, in the order of their commits.
  [[nodiscard]] std::span<const Outline> outlines() const noexcept { return outlines_; }

  /// Rows of the page with open times >= `from`. Its frame is decoded when the first of them is loaded, and
  /// forgotten with the last cursor into it. The cursor must not outlive the pages.
  [[nodiscard]] std::unique_ptr<Cursor> cursor(const Outline& outline, TimeMs from);

 private:
  class LoggedCursor;
  using Pages = std::vector<AnsweredRows>;
  /// A frame that cursors are in.
  struct Open {
    std::size_t cursors = 0;
    std::unique_ptr<Pages> decoded;
  };

  [[nodiscard]] Result<const AnsweredRows*> load(const Outline& outline);
  void leave(std::size_t frame);

  [[nodiscard]] Result<void> decode(std::size_t frame, ColumnSet columns, Pages& pages);

  std::string path_;
  Bytes bytes_;
  std::vector<FoundFrame> frames_;
  std::vector<Outline> outlines_;
  std::map<std::size_t, Open> open_;           ///< by frame
  std::vector<std::unique_ptr<Pages>> spare_;  ///< memory of frames that were left
  FrameDecoder decoder_;
};

}  // namespace bf::store
