// store/cursors.h
//
// The two sources of rows: pages of a log, decoded, and segments, whose blocks are decoded one at a
// time. Each begins at the first row with an open time >= `from`.
#pragma once

#include <memory>

#include "store/merge.h"
#include "store/segment.h"

namespace bf::store {

/// Rows of `page`, which outlives the cursor. Where its values come later, its answer and open times are
/// there, and another load() sets rows_.
class PageCursor : public Cursor {
 public:
  PageCursor(const AnsweredRows& page, TimeMs from);

  Result<void> load() override { return {}; }
  void advance(std::size_t count) override;
  Result<RowOrigin> origin(std::size_t position) override;
  Result<std::string> values() override;
  bool take(CandleBatch& /*out*/) override { return false; }
  void lend(CandleBatch& /*memory*/) override {}

 private:
  void settle();

  const AnsweredRows& page_;
};

/// Rows of `segment`, decoded in the columns `wanted` alone.
/// Errors: kCorrupt, kFormat, kIo.
[[nodiscard]] Result<std::unique_ptr<Cursor>> segment_cursor(std::shared_ptr<const Segment> segment,
                                                             TimeMs from, ColumnSet wanted);

}  // namespace bf::store
