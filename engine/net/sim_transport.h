// engine/net/sim_transport.h
//
// Connections without sockets, for the virtual clock: connect() gives a stream whose other end is
// served in the same loop by an HttpHandler. Latency is applied to each direction.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "engine/async/task_group.h"
#include "engine/net/http_server.h"

namespace bf::net {

/// Two ends of one in-memory connection. Bytes written to one can be read from the other `latency_ns`
/// later; at most `window_bytes` are under way in each direction before a writer waits.
struct StreamPair {
  std::unique_ptr<Stream> client;
  std::unique_ptr<Stream> server;
};
[[nodiscard]] StreamPair make_stream_pair(async::Loop& loop, std::int64_t latency_ns,
                                          std::size_t window_bytes = 1U << 20);

struct SimRoute {
  HttpHandler* handler = nullptr;  ///< outlives the transport
  std::int64_t latency_ns = 0;     ///< one way
};

class SimTransport final : public Transport {
 public:
  explicit SimTransport(async::Loop& loop);
  /// Requires: close() was awaited.
  ~SimTransport() override;

  /// Connections to `host`:`port` (TLS or not: nothing is encrypted here) reach `route.handler`.
  void route(std::string host, std::uint16_t port, SimRoute route);

  [[nodiscard]] async::Loop& loop() noexcept override { return loop_; }
  /// Errors: kNetwork "connection refused" where there is no route.
  [[nodiscard]] Task<Result<std::unique_ptr<Stream>>> connect(Endpoint endpoint, CancelToken cancel,
                                                              std::int64_t deadline_ns) override;
  /// Ends every connection that is still served.
  [[nodiscard]] Task<void> close();

 private:
  async::Loop& loop_;
  async::TaskGroup serving_;
  std::map<std::pair<std::string, std::uint16_t>, SimRoute> routes_;
  std::uint64_t connections_ = 0;
};

}  // namespace bf::net
