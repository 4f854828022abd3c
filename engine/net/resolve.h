// engine/net/resolve.h
//
// Names to addresses, by the system's resolver on libuv's thread pool.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/real_loop.h"
#include "engine/net/stream.h"

namespace bf::net {

inline constexpr std::size_t kHostBytesMax = 253;
inline constexpr std::size_t kAddressesMax = 8;

/// The addresses of `host` with `port`, in the resolver's order, at most kAddressesMax. A numeric host
/// is itself. A wait that is cancelled or times out leaves at once; the resolver's thread, which
/// nothing can stop, finishes later by itself.
/// Errors: kCancelled, kTimeout; kUsage: not a host name; kNetwork: there is no such name, or the
///         resolver does not answer.
[[nodiscard]] Task<Result<std::vector<sockaddr_storage>>> resolve(async::RealLoop& loop,
                                                                  std::string host,
                                                                  std::uint16_t port,
                                                                  CancelToken cancel,
                                                                  std::int64_t deadline_ns);

/// Whether `host` is an address, not a name; `address` then holds it.
[[nodiscard]] bool parse_address(const std::string& host, std::uint16_t port,
                                 sockaddr_storage& address) noexcept;

/// "127.0.0.1:80", "[::1]:80".
[[nodiscard]] std::string format_address(const sockaddr_storage& address);

/// Loopback, private, link-local or unspecified, also as an IPv4 address mapped into IPv6: what the
/// name of a public server has no reason to resolve to.
[[nodiscard]] bool is_private_address(const sockaddr_storage& address) noexcept;

/// "localhost", a name below it, or a loopback address, also one mapped into IPv6.
[[nodiscard]] bool is_this_machine(const std::string& host) noexcept;

/// 1 to 253 visible ASCII characters: nothing that could end a line of a protocol.
[[nodiscard]] bool is_host_name(std::string_view host) noexcept;

}  // namespace bf::net
