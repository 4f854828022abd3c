// engine/net/socks5.h
//
// SOCKS5 (RFC 1928) with user and password (RFC 1929) where the proxy has some. Names go to the proxy
// as they are: it resolves them.
#pragma once

#include <cstdint>

#include "engine/net/stream.h"

namespace bf::net {

/// Asks the proxy at the other end of `proxy`, which outlives the task, for a connection to `to`. Reads
/// not a byte more than its answers have. Errors: as open_tunnel, without the proxy's name.
[[nodiscard]] Task<Result<void>> ask_socks5_proxy(Stream& proxy, Endpoint to, CancelToken cancel,
                                                  std::int64_t deadline_ns);

}  // namespace bf::net
