#include "engine/async/virtual_loop.h"

namespace bf::async {

void VirtualLoop::wait_for_events(std::int64_t deadline_ns) {
  if (on_turn) on_turn();
  // Nothing is ready and no timer is set: every task waits for another one of them.
  BF_ASSERT(deadline_ns != kNoDeadline);
  if (deadline_ns > clock_.steady_ns()) clock_.move_to_ns(deadline_ns);
}

}  // namespace bf::async
