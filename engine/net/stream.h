// engine/net/stream.h
//
// A Stream is one connection's bytes, in both directions: a TCP socket, TLS over another stream, or a
// simulated one on a virtual clock. A Transport makes them; a Listener accepts them.
//
// Threads: the Loop's. At most one read and one write are under way on a stream at a time.
// Deadlines are steady nanoseconds (Loop::now_ns), kNoDeadline for none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "engine/async/loop.h"

namespace bf::net {

using async::CancelToken;
using async::Task;

class Stream {
 public:
  virtual ~Stream() = default;
  /// Reads 1 .. into.size() bytes; 0 says that the peer has closed its side in order. `into` outlives
  /// the call.
  /// Errors: kCancelled, kTimeout, kNetwork (reset, or the end of a TLS connection without close_notify),
  ///         kTls.
  [[nodiscard]] virtual Task<Result<std::size_t>> read(std::span<char> into, CancelToken cancel,
                                                       std::int64_t deadline_ns) = 0;
  /// Writes all of `bytes`, which outlive the call. Errors: as read.
  [[nodiscard]] virtual Task<Result<void>> write(std::span<const char> bytes, CancelToken cancel,
                                                 std::int64_t deadline_ns) = 0;
  /// Ends both directions and frees what the kernel and libuv hold; a waiting read or write of this
  /// stream ends with kCancelled. Awaited by the owner before it destroys the stream; not cancellable,
  /// prompt.
  [[nodiscard]] virtual Task<void> close() = 0;
  /// Has close() reset the connection instead of ending it in order: what a simulated fault wants.
  virtual void reset_at_close() noexcept {}
  /// Whether bytes (or the peer's end) are waiting though nobody asked: a kept-alive connection of
  /// which this is true is not used again.
  [[nodiscard]] virtual bool has_unread() = 0;
};

struct Proxy;
/// Null: no proxy, directly.
using ProxyPtr = std::shared_ptr<const Proxy>;

/// Where to connect, and which way.
struct Endpoint {
  std::string host;  ///< name or numeric address, at most 253 bytes
  std::uint16_t port = 0;
  bool tls = false;
  ProxyPtr proxy = nullptr;  ///< of two ways to one host, neither uses the other's connections

  [[nodiscard]] std::string name() const;  ///< "https://host:port"
  /// What a ban or a budget belongs to: "host:port direct" or "host:port socks5h://proxy:port".
  [[nodiscard]] std::string route() const;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// Makes connections.
class Transport {
 public:
  virtual ~Transport() = default;
  [[nodiscard]] virtual async::Loop& loop() noexcept = 0;
  /// Resolves, connects (several addresses in turn, the next one after 300 ms or a failure) and, with
  /// endpoint.tls, shakes hands and verifies certificate and host name. With endpoint.proxy all this
  /// happens to the proxy, which opens a tunnel to the host; TLS is the host's, inside of it.
  /// Errors: kCancelled, kTimeout, kNetwork (names the host or the proxy, and each address's failure),
  ///         kTls (names the reason and, for an unknown root, --ca-file); of a proxy as open_tunnel.
  [[nodiscard]] virtual Task<Result<std::unique_ptr<Stream>>> connect(Endpoint endpoint,
                                                                      CancelToken cancel,
                                                                      std::int64_t deadline_ns) = 0;
};

/// Accepts connections; for simulated exchanges.
class Listener {
 public:
  virtual ~Listener() = default;
  [[nodiscard]] virtual std::uint16_t port() const noexcept = 0;
  /// The next connection. Errors: kCancelled, kNetwork.
  [[nodiscard]] virtual Task<Result<std::unique_ptr<Stream>>> accept(CancelToken cancel) = 0;
  [[nodiscard]] virtual Task<void> close() = 0;
};

}  // namespace bf::net
