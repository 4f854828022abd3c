// engine/net/http_tunnel.h
//
// CONNECT (RFC 9110, 9.3.6): asks an HTTP proxy for a tunnel, with Basic credentials where it has some.
#pragma once

#include <cstdint>
#include <string>

#include "engine/net/stream.h"

namespace bf::net {

/// Asks the proxy at the other end of `proxy`, which outlives the task, for a tunnel to `to`. The
/// value is what came behind the answer's head: the tunnel's first bytes, mostly none.
/// The credentials go to the proxy and nowhere else. Of an answer kHeaderBytesMax bytes are looked at.
/// Errors: as open_tunnel, without the proxy's name.
[[nodiscard]] Task<Result<std::string>> ask_http_proxy(Stream& proxy, Endpoint to,
                                                       CancelToken cancel,
                                                       std::int64_t deadline_ns);

}  // namespace bf::net
