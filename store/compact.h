// store/compact.h
//
// Compaction merges the segments of each span that has several into one (docs/format.md, "Protocol",
// W3). Rows stream through: a block a segment is decoded at a time, whatever the span's size. The new
// segment lists those that it supersedes; before the manifest switches to it, it is read back and what
// it says is compared with what they say: rows, first and last, sources, conflicts, states.
#pragma once

#include <memory>
#include <vector>

#include "store/base/file_system.h"
#include "store/manifest.h"
#include "store/segment.h"
#include "store/segment_switch.h"

namespace bf::store {

class Compaction {
 public:
  /// Requires: `manifest` is the live one; all outlive the Compaction.
  Compaction(FileSystem& files, const Series& series, const Manifest& manifest);

  /// Errors: kNoSpace, kIo; kCorrupt when a segment is damaged or the new one does not say the same:
  /// all is live as before, unless uncertain() says otherwise; what was written is removed again.
  [[nodiscard]] Result<void> run();
  /// After an error: whether the new manifest may be the durable one. Only a new recovery can tell.
  [[nodiscard]] bool uncertain() const noexcept { return uncertain_; }

  /// After run(): what is live now.
  [[nodiscard]] const Manifest& manifest() const noexcept { return switch_.next(); }
  [[nodiscard]] std::uint64_t spans() const noexcept { return spans_; }
  /// Spans whose segments would make one that is too large: they stay as they are.
  [[nodiscard]] std::uint64_t spans_left() const noexcept { return spans_left_; }

 private:
  using Segments = std::vector<std::shared_ptr<const Segment>>;

  [[nodiscard]] Result<void> prepare();
  [[nodiscard]] Result<Segments> open_segments() const;
  [[nodiscard]] Result<void> compact_span(TimeRange span, const Segments& segments);

  FileSystem& files_;
  const Series& series_;
  const Manifest& manifest_;
  SegmentSwitch switch_;
  std::uint64_t spans_ = 0;
  std::uint64_t spans_left_ = 0;
  bool uncertain_ = false;
};

}  // namespace bf::store
