// engine/net/tunnel.h
//
// Asks a proxy, over a connection to it, for a connection to somewhere else.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/net/proxy.h"
#include "engine/net/stream.h"

namespace bf::net {

/// A tunnel through `endpoint.proxy` to `endpoint`, over `below`, a connection to that proxy. What the
/// proxy sends behind its answer belongs to the tunnel. Closes `below` when it fails.
/// Requires: endpoint.proxy.
/// Errors: kCancelled; kTimeout: no whole answer until the deadline; kNetwork: the proxy ended the
///         connection, or could not reach the host: worth another try;
///         kUsage: it wants a user and password, or refuses those that it got;
///         kBlocked: it does not connect to such hosts; kProtocol: what came is no answer.
///         Messages name the proxy, never its credentials.
[[nodiscard]] Task<Result<std::unique_ptr<Stream>>> open_tunnel(std::unique_ptr<Stream> below,
                                                                Endpoint endpoint,
                                                                CancelToken cancel,
                                                                std::int64_t deadline_ns);

/// The proxy wants credentials or refuses ours: what it answered, and where they are to be given.
[[nodiscard]] Error credentials_error(const Proxy& proxy, std::string_view answer);

}  // namespace bf::net
