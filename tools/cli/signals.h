// tools/cli/signals.h
//
// SIGINT and SIGTERM ask a run to stop: it commits what it has and ends. The second one ends the
// process at once, which costs nothing that was acknowledged. SIGPIPE is ignored: a peer or a reader
// that goes away is an error of one write.
#pragma once

#include <uv.h>

#include "engine/async/real_loop.h"

namespace bf::cli {

/// Threads: the Loop's.
class StopSignals {
 public:
  /// Both outlive this object, and no task of the loop runs when it is destroyed.
  StopSignals(async::RealLoop& loop, async::CancelSource& source);
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  /// The one that came; 0: none.
  [[nodiscard]] int signal() const noexcept { return signal_; }

 private:
  static void on_signal(uv_signal_t* handle, int number);

  async::RealLoop& loop_;
  async::CancelSource& source_;
  uv_signal_t interrupt_{};
  uv_signal_t terminate_{};
  int signal_ = 0;
};

}  // namespace bf::cli
