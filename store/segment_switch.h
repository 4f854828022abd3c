// store/segment_switch.h
//
// A change of a series' live segments, made in steps that harm nothing until the last: new segments
// are written beside the live ones, proven and named; then one rename of the manifest makes them live.
// What sealing (W2) and compaction (W3) have in common: docs/format.md, "Protocol".
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "store/base/file_system.h"
#include "store/manifest.h"
#include "store/segment_writer.h"

namespace bf::store {

class SegmentSwitch {
 public:
  /// `manifest` is the live one. Requires: files and series outlive this.
  SegmentSwitch(FileSystem& files, const Series& series, const Manifest& manifest);

  /// What a new segment says, and how it is proven.
  struct NewSegment {
    std::vector<Answer> answers;
    std::vector<std::uint32_t> supersedes;
    std::uint64_t first_sequence = 0;
    std::uint64_t last_sequence = 0;
    /// Adds the rows and revisions.
    std::function<Result<void>(SegmentWriter&)> fill;
    /// Looks at the written file once more, behind SegmentWriter::check_written(); may be empty.
    std::function<Result<void>(const std::string& path, const SegmentEntry&)> prove;
  };
  /// Steps 1 to 4: writes, syncs, proves and names it; it is in next() then, and `supersedes` are not.
  [[nodiscard]] Result<void> add_segment(const NewSegment& segment);
  /// Leaves a segment out of next(); its file goes when all is done.
  void drop_segment(std::uint32_t id);
  /// Step 5: makes a log of the next epoch and puts it into next(). It is empty, or has `frames`, which
  /// were made for that epoch and are durable when this returns.
  [[nodiscard]] Result<std::unique_ptr<File>> add_log(std::uint64_t first_sequence,
                                                      std::span<const std::byte> frames = {});
  /// Steps 6 and 7: makes the names durable and the manifest ready.
  [[nodiscard]] Result<void> prepare();
  /// Step 8: next() is live. After an error nobody knows which manifest is durable.
  [[nodiscard]] Result<void> commit();
  /// Step 9: removes what is not live any more. Should this fail, the next open does it.
  void remove_replaced();
  /// After an error before commit(): removes what was made. What it cannot remove, the next open does.
  void clean_up();

  /// The manifest as it will be.
  [[nodiscard]] const Manifest& next() const noexcept { return next_; }

 private:
  [[nodiscard]] Result<void> name_segment(const std::string& temporary, const std::string& path);

  FileSystem& files_;
  const Series& series_;
  std::string directory_;
  Manifest next_;
  std::vector<std::string> made_;      // to be removed when a step fails
  std::vector<std::string> replaced_;  // to be removed when all went well
};

}  // namespace bf::store
