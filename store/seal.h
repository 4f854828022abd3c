// store/seal.h
//
// Sealing moves what a log holds into segments, one a span, and starts an empty log: nine steps in
// this order, each a sync or a name that someone's store was lost without (docs/format.md, "Protocol",
// W2). A kill between any two of them leaves either the old log or the new segments live, whole.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/answer_merge.h"
#include "store/base/file_system.h"
#include "store/log.h"
#include "store/logged_pages.h"
#include "store/manifest.h"
#include "store/segment_switch.h"

namespace bf::store {

class Seal {
 public:
  /// Requires: `log` is synced; all outlive the Seal.
  Seal(FileSystem& files, const Series& series, const Manifest& manifest, const LogWriter& log);

  /// Errors: kNoSpace, kIo, kLimit, kCorrupt: the old manifest and log are live as before, unless
  /// uncertain() says otherwise; what was written is removed again.
  [[nodiscard]] Result<void> run();
  /// After an error: whether the new manifest may be the durable one. Only a new recovery can tell.
  [[nodiscard]] bool uncertain() const noexcept { return uncertain_; }

  /// After run(): what is live now.
  [[nodiscard]] const Manifest& manifest() const noexcept { return switch_.next(); }
  [[nodiscard]] LogWriter take_log();

 private:
  /// Rows and answers of one span.
  struct SpanPlan {
    TimeRange span;
    std::vector<const LoggedPages::Outline*> pages;
  };

  [[nodiscard]] Result<void> prepare();
  [[nodiscard]] Result<void> read_pages();
  [[nodiscard]] std::vector<SpanPlan> plan_spans() const;
  [[nodiscard]] Result<void> seal_span(const SpanPlan& plan);
  [[nodiscard]] Result<void> write_rows(const SpanPlan& plan, const MergedAnswers& merged,
                                        SegmentWriter& writer);

  const Series& series_;
  const LogWriter& log_;
  std::string old_log_;
  std::uint64_t first_sequence_ = 0;
  SegmentSwitch switch_;
  std::unique_ptr<File> new_log_;
  LoggedPages pages_;
  bool uncertain_ = false;
};

}  // namespace bf::store
