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
#include "store/base/assert.h"

namespace bf::net {

inline constexpr std::size_t kWindowBytes = 1U << 20;

/// A line that several connections share: their bytes go over it one after another.
class SimLine {
 public:
  explicit SimLine(std::int64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {
    BF_ASSERT(bytes_per_second > 0);
  }
  /// When `bytes` that are handed over at `now_ns` have left it.
  [[nodiscard]] std::int64_t pass(std::size_t bytes, std::int64_t now_ns) noexcept;
  /// All bytes that it was handed.
  [[nodiscard]] std::int64_t bytes() const noexcept { return bytes_; }

 private:
  std::int64_t bytes_per_second_;
  std::int64_t bytes_ = 0;
  std::int64_t busy_since_ns_ = 0;  ///< it has not rested since
  std::int64_t busy_bytes_ = 0;     ///< passed since then: so that no rounding adds up
};

/// Two ends of one in-memory connection. Bytes written to one can be read from the other `latency_ns`
/// later; at most `window_bytes` are under way in each direction before a writer waits. What the server
/// writes goes over `down` first, where that is not null; it outlives both ends.
struct StreamPair {
  std::unique_ptr<Stream> client;
  std::unique_ptr<Stream> server;
};
[[nodiscard]] StreamPair make_stream_pair(async::Loop& loop, std::int64_t latency_ns,
                                          std::size_t window_bytes = kWindowBytes,
                                          SimLine* down = nullptr);

struct SimRoute {
  HttpHandler* handler = nullptr;  ///< outlives the transport
  std::int64_t latency_ns = 0;     ///< one way
  SimLine* down = nullptr;         ///< answers go over it; outlives the transport; null: no bound
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
