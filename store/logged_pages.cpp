#include "store/logged_pages.h"

#include <utility>

#include "store/cursors.h"

namespace bf::store {

class LoggedPages::LoggedCursor final : public PageCursor {
 public:
  LoggedCursor(LoggedPages& pages, const Outline& outline, TimeMs from)
      : PageCursor(outline.times, from), pages_(pages), outline_(outline) {
    rows_ = nullptr;
    ++pages_.open_[outline_.frame].cursors;
  }
  LoggedCursor(const LoggedCursor&) = delete;
  LoggedCursor& operator=(const LoggedCursor&) = delete;
  ~LoggedCursor() override { pages_.leave(outline_.frame); }

  Result<void> load() override {
    if (rows_ != nullptr) return {};
    const Result<const AnsweredRows*> page = pages_.load(outline_);
    if (!page) return fail(page.error());
    rows_ = &(*page)->rows;
    return {};
  }

 private:
  LoggedPages& pages_;
  const Outline& outline_;
};

Result<void> LoggedPages::read(Bytes log_bytes, std::vector<FoundFrame> frames) {
  bytes_ = std::move(log_bytes);
  frames_ = std::move(frames);
  Pages pages;
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    if (const Result<void> decoded = decode(i, ColumnSet{}, pages); !decoded) return decoded;
    if (outlines_.size() + pages.size() > kLogPagesMax) return fail(too_many_pages().at(path_));
    for (std::size_t page = 0; page < pages.size(); ++page) {
      outlines_.push_back(Outline{i, page, std::move(pages[page])});
    }
  }
  return {};
}

Result<void> LoggedPages::decode(std::size_t frame, ColumnSet columns, Pages& pages) {
  const FoundFrame& found = frames_[frame];
  const Result<void> decoded = decoder_.decode(found.header, found.body(bytes_), columns, pages);
  if (!decoded) return fail(in_frame(decoded.error(), found).at(path_));
  return {};
}

std::unique_ptr<Cursor> LoggedPages::cursor(const Outline& outline, TimeMs from) {
  return std::make_unique<LoggedCursor>(*this, outline, from);
}

Result<const AnsweredRows*> LoggedPages::load(const Outline& outline) {
  Open& open = open_.at(outline.frame);
  if (open.decoded == nullptr) {
    if (spare_.empty()) spare_.push_back(std::make_unique<Pages>());
    const Result<void> decoded = decode(outline.frame, kAllColumns, *spare_.back());
    if (!decoded) return fail(decoded.error());
    open.decoded = std::move(spare_.back());
    spare_.pop_back();
  }
  return &(*open.decoded)[outline.page];
}

void LoggedPages::leave(std::size_t frame) {
  const auto found = open_.find(frame);
  if (--found->second.cursors > 0) return;
  if (found->second.decoded != nullptr) spare_.push_back(std::move(found->second.decoded));
  open_.erase(found);
}

}  // namespace bf::store
