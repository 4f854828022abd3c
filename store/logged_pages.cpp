#include "store/logged_pages.h"

#include <algorithm>
#include <set>
#include <utility>

namespace bf::store {

Result<void> LoggedPages::read(Bytes log_bytes, std::vector<FoundFrame> frames) {
  bytes_ = std::move(log_bytes);
  frames_ = std::move(frames);
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    const FoundFrame& frame = frames_[i];
    Result<std::vector<AnsweredRows>> pages =
        decode_frame(frame.header, frame.body(bytes_), codec_, ColumnSet{});
    if (!pages) return fail(in_frame(pages.error(), frame));
    if (outlines_.size() + pages->size() > kLogPagesMax) return fail(too_many_pages());
    for (std::size_t page = 0; page < pages->size(); ++page) {
      outlines_.push_back(Outline{i, page, std::move((*pages)[page])});
    }
  }
  return {};
}

Result<void> LoggedPages::hold(std::span<const Outline* const> pages) {
  std::set<std::size_t> wanted;
  for (const Outline* page : pages) wanted.insert(page->frame);
  std::erase_if(held_, [&wanted](const auto& held) { return !wanted.contains(held.first); });
  for (const std::size_t i : wanted) {
    if (held_.contains(i)) continue;
    const FoundFrame& frame = frames_[i];
    Result<std::vector<AnsweredRows>> decoded =
        decode_frame(frame.header, frame.body(bytes_), codec_, kAllColumns);
    if (!decoded) return fail(in_frame(decoded.error(), frame));
    held_.emplace(i, std::move(*decoded));
  }
  return {};
}

}  // namespace bf::store
