#include "engine/net/real_transport.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "engine/net/dial.h"
#include "engine/net/proxy.h"
#include "engine/net/resolve.h"
#include "engine/net/tcp_stream.h"
#include "engine/net/tls_stream.h"
#include "engine/net/tunnel.h"

namespace bf::net {
namespace {

using StreamPtr = std::unique_ptr<Stream>;

class RealTransport final : public Transport {
 public:
  RealTransport(async::RealLoop& loop, std::optional<TlsContext> context, bool private_addresses)
      : loop_(loop), context_(std::move(context)), private_addresses_(private_addresses) {}

  async::Loop& loop() noexcept override { return loop_; }

  Task<Result<StreamPtr>> connect(Endpoint endpoint, CancelToken cancel,
                                  std::int64_t deadline_ns) override {
    if (cancel.cancelled()) co_return fail(CancelToken::error());
    Result<StreamPtr> stream = fail(Code::kInternal, "not connected");
    if (endpoint.proxy) {
      stream = co_await connect_by_proxy(endpoint, cancel, deadline_ns);
    } else {
      stream = co_await connect_directly(endpoint, cancel, deadline_ns);
    }
    if (!stream || !endpoint.tls) co_return std::move(stream);
    const Result<void> made = make_context();
    if (!made) {
      co_await (*stream)->close();
      co_return fail(made.error());
    }
    Result<StreamPtr> secured = co_await TlsStream::connect(loop_, *context_, std::move(*stream),
                                                            endpoint.host, cancel, deadline_ns);
    if (!secured) co_return fail(secured.error().at(way_to(endpoint)));
    co_return std::move(*secured);
  }

 private:
  /// Reading the system's roots takes tens of milliseconds: not where nobody speaks TLS.
  Result<void> make_context() {
    if (context_) return {};
    Result<TlsContext> made = TlsContext::client("");
    if (!made) return fail(made.error());
    context_.emplace(std::move(*made));
    return {};
  }

  /// What errors inside of a tunnel are told of: host and proxy may each be the reason.
  static std::string way_to(const Endpoint& endpoint) {
    if (!endpoint.proxy) return endpoint.name();
    return endpoint.name() + " through proxy " + endpoint.proxy->name();
  }

  Task<Result<StreamPtr>> connect_directly(Endpoint endpoint, CancelToken cancel,
                                           std::int64_t deadline_ns) {
    Result<std::vector<sockaddr_storage>> addresses =
        co_await resolve(loop_, endpoint.host, endpoint.port, cancel, deadline_ns);
    if (!addresses) co_return fail(addresses.error().at(endpoint.name()));
    const Result<void> allowed = refuse_private(endpoint.host, *addresses);
    if (!allowed) co_return fail(allowed.error().at(endpoint.name()));
    Result<StreamPtr> stream = co_await dial(loop_, std::move(*addresses), cancel, deadline_ns);
    if (!stream) co_return fail(stream.error().at(endpoint.name()));
    co_return std::move(*stream);
  }

  /// A proxy of the local network is nothing odd; where the host's name leads is seen by the proxy alone.
  Task<Result<StreamPtr>> connect_by_proxy(Endpoint endpoint, CancelToken cancel,
                                           std::int64_t deadline_ns) {
    const Endpoint at = endpoint.proxy->at;
    const std::string name = "proxy " + endpoint.proxy->name();
    Result<std::vector<sockaddr_storage>> addresses =
        co_await resolve(loop_, at.host, at.port, cancel, deadline_ns);
    if (!addresses) co_return fail(addresses.error().at(name));
    Result<StreamPtr> stream = co_await dial(loop_, std::move(*addresses), cancel, deadline_ns);
    if (!stream) co_return fail(stream.error().at(name));
    co_return co_await open_tunnel(std::move(*stream), std::move(endpoint), cancel, deadline_ns);
  }

 private:
  /// A name that the user takes for a public server must not lead into the local network.
  [[nodiscard]] Result<void> refuse_private(const std::string& host,
                                            std::vector<sockaddr_storage>& addresses) const {
    sockaddr_storage numeric{};
    if (private_addresses_ || is_this_machine(host) || parse_address(host, 0, numeric)) return {};
    const std::string first = format_address(addresses.front());
    std::erase_if(addresses, is_private_address);
    if (!addresses.empty()) return {};
    return fail(Code::kNetwork, "the name resolves to " + first +
                                    ", an address of the local network; give the address itself if "
                                    "that is meant");
  }

  async::RealLoop& loop_;
  std::optional<TlsContext> context_;
  bool private_addresses_;
};

class TcpListener final : public Listener {
 public:
  TcpListener(async::RealLoop& loop, PolledSocket socket, std::uint16_t port,
              std::optional<TlsContext> context)
      : loop_(loop), socket_(std::move(socket)), port_(port), context_(std::move(context)) {}

  std::uint16_t port() const noexcept override { return port_; }

  Task<Result<StreamPtr>> accept(CancelToken cancel) override {
    while (true) {
      if (cancel.cancelled() || socket_.closed()) co_return fail(CancelToken::error());
      const int fd = ::accept4(socket_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) co_return wrap(fd);
      const int error = errno;
      // What Linux reports of a connection that ended before it was accepted is not the listener's.
      if (error == EINTR || error == ECONNABORTED || error == EPROTO || error == ENETDOWN ||
          error == EHOSTUNREACH || error == ENETUNREACH) {
        continue;
      }
      if (error != EAGAIN && error != EWOULDBLOCK) co_return fail(socket_error("accept", error));
      const Result<void> ready = co_await socket_.readable(cancel, async::kNoDeadline);
      if (!ready) co_return fail(ready.error());
    }
  }

  Task<void> close() override { return socket_.close(); }

 private:
  Result<StreamPtr> wrap(int fd) {
    disable_delay(fd);
    Result<PolledSocket> socket = PolledSocket::adopt(loop_, fd);
    if (!socket) return fail(socket.error());
    StreamPtr stream = std::make_unique<TcpStream>(std::move(*socket));
    if (!context_) return stream;
    return TlsStream::accept(loop_, *context_, std::move(stream));
  }

  async::RealLoop& loop_;
  PolledSocket socket_;
  std::uint16_t port_;
  std::optional<TlsContext> context_;
};

/// A bound, listening socket; its port goes into `address`.
Result<int> listening_socket(sockaddr_storage& address) {
  const int fd = ::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(socket_error("open a socket", errno));
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (::bind(fd, name, size) != 0 || ::listen(fd, SOMAXCONN) != 0 ||
      ::getsockname(fd, name, &size) != 0) {
    const int error = errno;
    ::close(fd);
    return fail(socket_error("listen on " + format_address(address), error));
  }
  return fd;
}

}  // namespace

Result<std::unique_ptr<Transport>> make_real_transport(async::RealLoop& loop,
                                                       const TlsClientOptions& options) {
  std::optional<TlsContext> context;
  // At once where there is a file: that it cannot be read is told before anything begins.
  if (!options.ca_file.empty()) {
    Result<TlsContext> made = TlsContext::client(options.ca_file);
    if (!made) return fail(made.error());
    context.emplace(std::move(*made));
  }
  return std::make_unique<RealTransport>(loop, std::move(context), options.private_addresses);
}

Result<std::unique_ptr<Listener>> listen(async::RealLoop& loop, const ListenOptions& options) {
  sockaddr_storage address{};
  if (!parse_address(options.address, options.port, address)) {
    return fail(Code::kUsage, "\"" + options.address + "\" is not an address to listen on");
  }
  std::optional<TlsContext> context;
  if (!options.certificate_file.empty() || !options.key_file.empty()) {
    Result<TlsContext> made = TlsContext::server(options.certificate_file, options.key_file);
    if (!made) return fail(made.error());
    context.emplace(std::move(*made));
  }
  const Result<int> fd = listening_socket(address);
  if (!fd) return fail(fd.error());
  Result<PolledSocket> socket = PolledSocket::adopt(loop, *fd);
  if (!socket) return fail(socket.error());
  const std::uint16_t port =
      ntohs(address.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(address).sin_port
                                         : reinterpret_cast<sockaddr_in6&>(address).sin6_port);
  return std::make_unique<TcpListener>(loop, std::move(*socket), port, std::move(context));
}

}  // namespace bf::net
