// engine/net/dial.h
//
// A TCP connection to whichever of a host's addresses answers first.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/async/real_loop.h"
#include "engine/net/stream.h"

namespace bf::net {

/// Tries `addresses` in their order: the next one when one has failed, or has said nothing for 300 ms.
/// The first to connect wins; the others are closed before this returns.
/// Requires: addresses is not empty.
/// Errors: kCancelled; kTimeout when all of them were silent until the deadline; kNetwork, with each
///         address and its reason.
[[nodiscard]] Task<Result<std::unique_ptr<Stream>>> dial(async::RealLoop& loop,
                                                         std::vector<sockaddr_storage> addresses,
                                                         CancelToken cancel,
                                                         std::int64_t deadline_ns);

}  // namespace bf::net
