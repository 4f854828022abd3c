// tools/cli/write_behind.h
//
// Hands an export on to its target while the next rows are made: a second thread writes one buffer, the
// caller fills the other.
//
// Memory: two buffers. Threads: one calls; between the first push() and finish() the target belongs to
// the other.
#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "store/base/result.h"
#include "tools/cli/export_rows.h"
#include "tools/cli/export_target.h"

namespace bf::cli {

class WriteBehind {
 public:
  /// `target` outlives it. The thread begins at the first push(): a short export has none.
  explicit WriteBehind(ExportTarget& target) noexcept : target_(target) {}
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;
  /// Waits for what was pushed.
  ~WriteBehind();

  /// Takes what `buffer` holds, and leaves it empty; waits until what was pushed before is written.
  /// Errors: those of ExportTarget::write(), of this buffer or one before it. Nothing is written behind
  ///         an error.
  [[nodiscard]] Result<void> push(TextBuffer& buffer);
  /// Waits until all is written; then the target is the caller's again. Called once, after the last push().
  /// Errors: as push().
  [[nodiscard]] Result<void> finish();

 private:
  void run();
  void write_full() noexcept;
  /// What became of the writes so far. Requires: none is going on.
  [[nodiscard]] Result<void> outcome();

  ExportTarget& target_;
  std::thread thread_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool has_full_ = false;  ///< `full_` waits to be written, or is being written
  bool ends_ = false;      ///< no other buffer follows
  TextBuffer full_;        ///< the thread's while has_full_, else the caller's
  Result<void> written_;
  std::exception_ptr thrown_;  ///< std::bad_alloc in the thread
};

}  // namespace bf::cli
