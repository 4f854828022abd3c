// engine/net/http_head.h
//
// The head of an HTTP/1.1 message: its start line and headers. llhttp parses it; what llhttp lets pass
// though it is a way to smuggle (bare LF, folded lines, spaces before the colon, HTTP/0.9 and 2.0,
// whatever its build was configured to tolerate) is refused here first. How the body is framed is
// decided here as well, once, for both sides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/net/http.h"

namespace bf::net {

/// Finds the end of a head in bytes that arrive piece by piece; looks at each byte once.
class HeadScanner {
 public:
  /// `bytes` is all that has arrived of this message. The size of the head with its empty line; 0 when
  /// more is needed. Errors: kProtocol: a bare LF or CR, a control character, a folded line, or more
  /// than `bytes_max`.
  [[nodiscard]] Result<std::size_t> scan(std::string_view bytes, std::size_t bytes_max);

 private:
  std::size_t line_begin_ = 0;
  std::size_t searched_ = 0;  ///< no LF in [line_begin_, searched_)
};

enum class Framing : std::uint8_t {
  kNone,     ///< no body
  kLength,   ///< content_length bytes
  kChunked,  ///< Transfer-Encoding: chunked
  kClose,    ///< until the peer closes (responses alone)
};

struct HttpHead {
  int status = 0;      ///< of a response
  std::string method;  ///< of a request
  std::string target;  ///< of a request
  Headers headers;     ///< names in lower case
  Framing framing = Framing::kNone;
  std::uint64_t content_length = 0;  ///< with Framing::kLength
  bool keep_alive = false;           ///< the connection may carry another message behind this one

  /// The first header of this (lower-case) name.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept;
};

/// Parses a whole head, as HeadScanner found it.
/// Errors: kProtocol: not HTTP/1.0 or 1.1, more than kHeadersMax headers, or a body whose framing is
///         ambiguous or unknown.
[[nodiscard]] Result<HttpHead> parse_response_head(std::string_view bytes);
/// A proxy's answer to CONNECT: what it says of a body is not looked at, and its framing is kNone.
[[nodiscard]] Result<HttpHead> parse_connect_head(std::string_view bytes);
[[nodiscard]] Result<HttpHead> parse_request_head(std::string_view bytes);

/// Whether `value`, a comma-separated list, holds `token`, whatever their case; parameters behind ';'
/// are not looked at.
[[nodiscard]] bool list_holds(std::string_view value, std::string_view token) noexcept;

}  // namespace bf::net
