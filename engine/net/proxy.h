// engine/net/proxy.h
//
// A proxy: how it is reached, and what it wants to see before it serves. http:// proxies are asked by
// CONNECT for every destination, plain or TLS; socks5h:// ones resolve the destination's name. Either
// way TLS runs inside the tunnel, and the destination's certificate is verified as without a proxy.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "engine/net/secret_text.h"
#include "engine/net/stream.h"

namespace bf::net {

enum class ProxyKind : std::uint8_t { kHttp, kSocks5h };

struct ProxyCredentials {
  ProxyCredentials(std::string user_in, std::string password_in)
      : user(std::move(user_in)), password(std::move(password_in)) {}
  SecretText user;
  SecretText password;
};

/// Immutable, and shared by all endpoints that go through it.
struct Proxy {
  ProxyKind kind = ProxyKind::kHttp;
  Endpoint at;                                          ///< without TLS, and itself direct
  std::unique_ptr<const ProxyCredentials> credentials;  ///< null: none

  /// "http://host:port", "socks5h://host:port": for messages and keys; never the credentials.
  [[nodiscard]] std::string name() const;
};

/// "http://[user:password@]host:port" or "socks5h://..."; without a scheme it is http. User and
/// password are percent-decoded.
/// Errors: kUsage: another scheme, no host or port, a path, a broken escape, or a user or password
///         that the protocol cannot carry. Messages repeat nothing of `url`: it may hold a password.
[[nodiscard]] Result<ProxyPtr> parse_proxy(std::string_view url);

}  // namespace bf::net
