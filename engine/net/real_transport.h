// engine/net/real_transport.h
//
// Connections over real sockets: libuv polls them, OpenSSL speaks TLS over them.
#pragma once

#include <memory>
#include <string>

#include "engine/async/real_loop.h"
#include "engine/net/stream.h"

namespace bf::net {

struct TlsClientOptions {
  std::string ca_file;  ///< PEM roots to trust beside the system's; empty: the system's alone
  /// Whether a name (other than localhost) may resolve to a loopback, private or link-local address;
  /// where the address itself was configured, it may be any.
  bool private_addresses = false;
};

/// Errors: kUsage when `ca_file` cannot be read; kInternal when OpenSSL has no context (without a
/// `ca_file` it is made, and fails, with the first connection that speaks TLS).
/// `loop` outlives the transport. Verifies peer and host name always; TLS 1.2 or newer.
[[nodiscard]] Result<std::unique_ptr<Transport>> make_real_transport(
    async::RealLoop& loop, const TlsClientOptions& options);

struct ListenOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;        ///< 0: the kernel chooses
  std::string certificate_file;  ///< PEM chain; with key_file, TLS is spoken
  std::string key_file;
};
/// Errors: kUsage (files), kNetwork (address in use; names it).
[[nodiscard]] Result<std::unique_ptr<Listener>> listen(async::RealLoop& loop,
                                                       const ListenOptions& options);

}  // namespace bf::net
