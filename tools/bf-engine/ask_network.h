// tools/bf-engine/ask_network.h
//
// For commands that ask exchanges once and store nothing: a loop and a network for one task, which signals
// stop.
#pragma once

#include <string>

#include "engine/async/real_loop.h"
#include "engine/net/real_transport.h"
#include "tools/cli/signals.h"

namespace bf::engine {

/// What the task that `begin(loop, transport, cancel)` gives comes to; `signal` is the one that stopped it,
/// or 0. Errors: the task's; kUsage: `ca_file` cannot be read.
template <class Begin>
auto ask_network(const std::string& ca_file, int& signal, const Begin& begin) {
  async::RealLoop loop;
  async::CancelSource cancel;
  net::TlsClientOptions tls;
  tls.ca_file = ca_file;
  const auto transport = net::make_real_transport(loop, tls);
  using Answer = decltype(loop.run(begin(loop, **transport, cancel.token())));
  if (!transport) return Answer(fail(transport.error()));
  const cli::StopSignals signals(loop, cancel);
  Answer answer = loop.run(begin(loop, **transport, cancel.token()));
  signal = signals.signal();
  return answer;
}

}  // namespace bf::engine
