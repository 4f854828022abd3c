// store/logged_pages.h
//
// The pages of a log, of which as many are in memory as are looked at together: decoded, a full log takes
// several times its size.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <vector>

#include "store/log.h"

namespace bf::store {

class LoggedPages {
 public:
  /// A page without its values.
  struct Outline {
    std::size_t frame = 0;  ///< in the log
    std::size_t page = 0;   ///< in the frame
    AnsweredRows times;     ///< its answer, and of its rows the open times
  };

  /// Reads the outlines of `frames`, which lie in `log_bytes`. Errors: kCorrupt, kFormat; kLimit for more
  /// than kLogPagesMax pages.
  [[nodiscard]] Result<void> read(Bytes log_bytes, std::vector<FoundFrame> frames);
  /// All pages, in the order of their commits.
  [[nodiscard]] std::span<const Outline> outlines() const noexcept { return outlines_; }

  /// Decodes the frames of `pages`, and forgets all others. Errors: kCorrupt, kFormat.
  [[nodiscard]] Result<void> hold(std::span<const Outline* const> pages);
  /// The whole page. Requires: it is held.
  [[nodiscard]] const AnsweredRows& page(const Outline& outline) const {
    return held_.at(outline.frame)[outline.page];
  }

 private:
  Bytes bytes_;
  std::vector<FoundFrame> frames_;
  std::vector<Outline> outlines_;
  std::map<std::size_t, std::vector<AnsweredRows>> held_;  ///< by frame
  RowCodec codec_;
};

}  // namespace bf::store
