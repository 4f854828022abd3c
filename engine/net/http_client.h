// engine/net/http_client.h
//
// HTTP/1.1 GET over a Transport: a keep-alive pool per endpoint, chunked and length-framed bodies,
// gzip, bounds on everything, deadlines on everything.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/net/http.h"

namespace bf::net {

struct HttpTimeouts {
  std::int64_t connect_ms = 5'000;
  std::int64_t idle_ms = 10'000;   ///< no byte for so long
  std::int64_t total_ms = 60'000;  ///< of one request, connecting included
};

struct HttpClientOptions {
  HttpTimeouts timeouts;
  std::size_t idle_connections_max = 1'024;  ///< kept per client; the oldest is closed beyond it
  std::int64_t idle_connection_ms = 60'000;  ///< a connection idle for longer is not used again
  std::string user_agent = "bf/" BF_VERSION;
  bool gzip = true;  ///< whether to ask for compressed bodies
};

/// Counters for reports and benchmarks.
struct HttpStats {
  std::uint64_t requests = 0;
  std::uint64_t connections = 0;
  std::uint64_t reconnects = 0;  ///< requests sent again because a kept-alive connection was closed
  std::uint64_t bytes_in = 0;    ///< on the wire, TLS excluded
  std::uint64_t bytes_out = 0;
};

class HttpConnection;

class HttpClient {
 public:
  /// `transport` outlives the client.
  explicit HttpClient(Transport& transport, HttpClientOptions options = {});
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  /// Requires: close() was awaited.
  ~HttpClient();

  /// One GET. Any status is a response; redirects are not followed. When a kept-alive connection turns
  /// out to be closed before a byte of the answer came, the request goes once more, at once, on a
  /// fresh connection, unless it says otherwise (HttpRequest::resend).
  /// Errors: kCancelled; kTimeout; kNetwork, kTls: no whole answer came; kProtocol: framing, encoding
  ///         or a bound was violated; kUsage: target or headers would break the request's framing.
  ///         Messages name endpoint and path, never the query's values.
  [[nodiscard]] Task<Result<HttpResponse>> get(HttpRequest request, CancelToken cancel);

  /// Takes back a response that is done with: a later body is read into its memory, which need not be found
  /// and cleared again.
  void recycle(HttpResponse response);

  /// Closes all idle connections. Requires: no get() under way.
  [[nodiscard]] Task<void> close();

  [[nodiscard]] const HttpStats& stats() const noexcept { return stats_; }

 private:
  using ConnectionPtr = std::unique_ptr<HttpConnection>;
  struct Attempt;

  [[nodiscard]] Task<ConnectionPtr> take_idle(Endpoint endpoint);
  [[nodiscard]] Task<void> keep_idle(Endpoint endpoint, ConnectionPtr connection);
  [[nodiscard]] Task<Attempt> attempt(const HttpRequest& request, std::string_view wire,
                                      ConnectionPtr connection, std::int64_t total_deadline_ns,
                                      CancelToken cancel);
  [[nodiscard]] Task<Result<ConnectionPtr>> connect(Endpoint endpoint,
                                                    std::int64_t total_deadline_ns,
                                                    CancelToken cancel);
  [[nodiscard]] ConnectionPtr take_oldest_idle();

  Transport& transport_;
  HttpClientOptions options_;
  HttpStats stats_;
  std::map<Endpoint, std::vector<ConnectionPtr>> idle_;  ///< the last one was used last
  std::size_t idle_count_ = 0;
  std::vector<std::string> spare_bodies_;
};

}  // namespace bf::net
