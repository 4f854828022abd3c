// engine/net/http_server.h
//
// A small HTTP/1.1 server over any Stream: what the simulated exchanges and the dashboard speak.
// Keep-alive, GET (and HEAD), no request bodies.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/async/task_group.h"
#include "engine/net/http.h"

namespace bf::net {

inline constexpr std::size_t kRequestHeadBytesMax = 16U << 10;
inline constexpr int kAcceptFailuresMax = 100;

struct ServerRequest {
  std::string method;
  std::string target;            ///< as it came, percent-encoded
  Headers headers;               ///< names in lower case
  std::uint64_t connection = 0;  ///< counts from 1 in the order of serving
};

/// What a handler wants done with the connection's bytes: an answer, or a fault.
struct ServerResponse {
  int status = 200;
  Headers headers;  ///< beside Content-Length (or Transfer-Encoding), Date, Connection
  std::string body;
  std::shared_ptr<const std::string> shared_body;  ///< sent instead of `body`, without a copy
  bool gzip = false;          ///< compress the body, if the request accepts gzip
  bool chunked = false;       ///< instead of Content-Length
  bool close = false;         ///< close the connection behind it
  std::int64_t delay_ns = 0;  ///< before the first byte
  /// Ends the connection after so many bytes of the whole message (headers included); -1: never.
  std::int64_t cut_after = -1;
  bool reset = false;  ///< a connection that was cut is reset instead of ended in order
  std::int64_t bytes_per_second = 0;  ///< sends no faster, a piece each second; 0: at once
  /// Stops sending after so many bytes, where there are more, but keeps the connection open until the
  /// client goes; -1: never.
  std::int64_t stall_after = -1;
  /// Sends these bytes instead of a well-formed message, when not empty.
  std::string raw;
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  [[nodiscard]] virtual Task<ServerResponse> handle(ServerRequest request, CancelToken cancel) = 0;
};

/// Answers requests on `stream` until the peer goes, a fault ends it, or `cancel`: all of which are
/// success. Closes the stream. `handler` outlives the task. `connection` is passed on in each request.
/// Errors: kProtocol: the peer sent no HTTP request (it was answered with 400); kNetwork: it was reset.
[[nodiscard]] Task<Result<void>> serve_connection(async::Loop& loop, std::unique_ptr<Stream> stream,
                                                  HttpHandler& handler, std::uint64_t connection,
                                                  CancelToken cancel);

/// serve_connection() as a child of a group: a connection that breaks ends alone, so nothing is an error.
[[nodiscard]] Task<Result<void>> serve_connection_alone(async::Loop& loop,
                                                        std::unique_ptr<Stream> stream,
                                                        HttpHandler& handler,
                                                        std::uint64_t connection,
                                                        CancelToken cancel);

/// Accepts and serves until `cancel`, which is success. A broken connection ends alone. `listener` and
/// `handler` outlive the task. Errors: kNetwork: accepting has failed kAcceptFailuresMax times in a row.
[[nodiscard]] Task<Result<void>> serve(async::Loop& loop, Listener& listener, HttpHandler& handler,
                                       CancelToken cancel);

}  // namespace bf::net
