// engine/net/http.h
//
// What goes over HTTP/1.1: requests and responses as values, and the bounds that both sides keep.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/net/stream.h"

namespace bf::net {

inline constexpr std::size_t kHeaderBytesMax = 64U << 10;  ///< of one message, on the wire
inline constexpr std::size_t kHeadersMax = 128;
inline constexpr int kInterimResponsesMax = 8;  ///< 1xx before the real one
/// After decompression, unless a request says otherwise.
inline constexpr std::size_t kBodyBytesMax = 8U << 20;
inline constexpr std::size_t kArchiveBytesMax = 256U << 20;
inline constexpr std::size_t kInflateRatioMax = 100;
/// Bytes that a body's buffer has behind its end, for a parser that reads ahead.
inline constexpr std::size_t kBodyPadding = 64;

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  Endpoint endpoint;
  std::string target;  ///< path and query, percent-encoded already: "/api/v3/time"
  Headers headers;     ///< beside Host, User-Agent, Accept-Encoding, Connection
  std::size_t body_bytes_max = kBodyBytesMax;
  std::string user_agent = {};  ///< "": the client's own
  bool fresh = false;           ///< on a connection that nothing was sent on before
  /// False for whoever counts requests: where a kept connection was closed before a byte of the answer
  /// came, the request is not sent once more, and the response is one of status 0.
  bool resend = true;
};

struct HttpResponse {
  int status = 0;    ///< 0: none came, see HttpRequest::resend
  Headers headers;   ///< names in lower case
  std::string body;  ///< decompressed; capacity() >= size() + kBodyPadding

  /// The first header of this (lower-case) name.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;
};

/// An absolute http or https URL, split.
struct Url {
  Endpoint endpoint;
  std::string path;  ///< "" or begins with '/', without a trailing '/'
};
/// Errors: kUsage: no http(s) scheme, no host, a port out of range, user info, a query or fragment;
/// plain http to a host that is not loopback is refused unless `allow_plain`.
[[nodiscard]] Result<Url> parse_url(std::string_view url, bool allow_plain = false);

}  // namespace bf::net
