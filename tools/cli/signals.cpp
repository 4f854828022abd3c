#include "tools/cli/signals.h"

#include <unistd.h>

#include <csignal>

#include "store/base/assert.h"

namespace bf::cli {
namespace {

constexpr int kSignalExitBase = 128;

uv_handle_t* handle_of(uv_signal_t& signal) { return reinterpret_cast<uv_handle_t*>(&signal); }

}  // namespace

StopSignals::StopSignals(async::RealLoop& loop, async::CancelSource& source)
    : loop_(loop), source_(source) {
  std::signal(SIGPIPE, SIG_IGN);
  for (uv_signal_t* const handle : {&interrupt_, &terminate_}) {
    BF_ASSERT(uv_signal_init(loop_.uv(), handle) == 0);
    handle->data = this;
  }
  BF_ASSERT(uv_signal_start(&interrupt_, on_signal, SIGINT) == 0);
  BF_ASSERT(uv_signal_start(&terminate_, on_signal, SIGTERM) == 0);
}

StopSignals::~StopSignals() {
  uv_close(handle_of(interrupt_), nullptr);
  uv_close(handle_of(terminate_), nullptr);
  // The handles are members: libuv lets go of them in the next round of its loop.
  uv_run(loop_.uv(), UV_RUN_NOWAIT);
}

void StopSignals::on_signal(uv_signal_t* handle, int number) {
  auto* const self = static_cast<StopSignals*>(handle->data);
  if (self->signal_ != 0) ::_exit(kSignalExitBase + number);
  self->signal_ = number;
  self->source_.cancel();
}

}  // namespace bf::cli
