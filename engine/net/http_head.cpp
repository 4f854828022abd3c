#include "engine/net/http_head.h"

#include <llhttp.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace bf::net {
namespace {

constexpr int kSwitchingProtocols = 101;
constexpr int kNoContent = 204;
constexpr int kNotModified = 304;

bool is_control(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

/// Checks one line without its CR LF.
Result<void> check_line(std::string_view line) {
  if (line.starts_with(' ') || line.starts_with('\t')) {
    return fail(Code::kProtocol, "a folded header line (or one that begins with a space)");
  }
  if (std::any_of(line.begin(), line.end(), is_control)) {
    return fail(Code::kProtocol, "a control character in the header");
  }
  return {};
}

/// What llhttp's callbacks fill.
struct Collector {
  HttpHead head;
  bool in_value = false;
  bool too_many = false;
  bool keep_alive = false;
  bool close_announced = false;
};

Collector& collector(llhttp_t* parser) { return *static_cast<Collector*>(parser->data); }

int on_url(llhttp_t* parser, const char* at, std::size_t size) {
  collector(parser).head.target.append(at, size);
  return 0;
}

int on_header_field(llhttp_t* parser, const char* at, std::size_t size) {
  Collector& collected = collector(parser);
  Headers& headers = collected.head.headers;
  if (headers.empty() || collected.in_value) {
    if (headers.size() == kHeadersMax) {
      collected.too_many = true;
      return -1;
    }
    headers.emplace_back();
    collected.in_value = false;
  }
  std::string& name = headers.back().first;
  for (std::size_t i = 0; i < size; ++i) name.push_back(lower(at[i]));
  return 0;
}

int on_header_value(llhttp_t* parser, const char* at, std::size_t size) {
  Collector& collected = collector(parser);
  collected.in_value = true;
  collected.head.headers.back().second.append(at, size);
  return 0;
}

int on_header_value_complete(llhttp_t* parser) {
  collector(parser).in_value = true;  // an empty value has no on_header_value
  return 0;
}

int on_headers_complete(llhttp_t* parser) {
  Collector& collected = collector(parser);
  const bool newer = parser->http_minor > 0;
  collected.close_announced = (parser->flags & F_CONNECTION_CLOSE) != 0;
  collected.keep_alive =
      newer ? !collected.close_announced : (parser->flags & F_CONNECTION_KEEP_ALIVE) != 0;
  return 1;  // no body for llhttp: it is read by its framing elsewhere
}

const llhttp_settings_t& head_settings() {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_url = on_url;
    s.on_header_field = on_header_field;
    s.on_header_value = on_header_value;
    s.on_header_value_complete = on_header_value_complete;
    s.on_headers_complete = on_headers_complete;
    return s;
  }();
  return settings;
}

Result<std::uint64_t> parse_content_length(std::string_view value) {
  std::uint64_t length = 0;
  const char* const end = value.data() + value.size();
  // from_chars takes no sign for unsigned types: digits alone pass.
  const auto [stop, error] = std::from_chars(value.data(), end, length);
  if (error != std::errc() || stop != end || length > (std::uint64_t{1} << 62U)) {
    return fail(Code::kProtocol,
                "Content-Length is \"" + std::string(value.substr(0, 40)) + "\", no length");
  }
  return length;
}

/// RFC 9112, 6.3, without any of its leniencies.
Result<void> decide_framing(const Collector& collected, bool response, bool newer, HttpHead& head) {
  const std::string* length = nullptr;
  const std::string* coding = nullptr;
  for (const auto& [name, value] : head.headers) {
    const std::string** const slot = name == "content-length"      ? &length
                                     : name == "transfer-encoding" ? &coding
                                                                   : nullptr;
    if (slot == nullptr) continue;
    if (*slot != nullptr) return fail(Code::kProtocol, "two " + name + " headers");
    *slot = &value;
  }
  if (coding != nullptr) {
    if (length != nullptr) {
      return fail(Code::kProtocol, "both Content-Length and Transfer-Encoding");
    }
    if (!newer || !equal_ignoring_case(trim(*coding), "chunked")) {
      return fail(Code::kProtocol, "Transfer-Encoding is \"" + coding->substr(0, 40) +
                                       "\"; only \"chunked\" in HTTP/1.1 is known");
    }
    head.framing = Framing::kChunked;
  } else if (length != nullptr) {
    const Result<std::uint64_t> bytes = parse_content_length(trim(*length));
    if (!bytes) return fail(bytes.error());
    head.content_length = *bytes;
    head.framing = *bytes == 0 ? Framing::kNone : Framing::kLength;
  }
  if (!response) return {};

  if (head.status / 100 == 1 || head.status == kNoContent || head.status == kNotModified) {
    head.framing = Framing::kNone;
    return {};
  }
  if (coding != nullptr || length != nullptr) return {};
  // The end of such a body is the end of the connection. A server that announced to keep the
  // connection did not mean that: a body cut by the network would look complete.
  if (newer && !collected.close_announced) {
    return fail(Code::kProtocol,
                "the answer has neither Content-Length, Transfer-Encoding nor Connection: close");
  }
  head.framing = Framing::kClose;
  head.keep_alive = false;
  return {};
}

enum class Head : std::uint8_t { kRequest, kResponse, kConnectResponse };

Result<HttpHead> parse_head(std::string_view bytes, Head kind) {
  const llhttp_type_t type = kind == Head::kRequest ? HTTP_REQUEST : HTTP_RESPONSE;
  // llhttp skips empty lines in front of a message.
  if (bytes.starts_with('\r'))
    return fail(Code::kProtocol, "an empty line instead of a start line");
  Collector collected;
  llhttp_t parser;
  llhttp_init(&parser, type, &head_settings());
  parser.data = &collected;
  const llhttp_errno_t error = llhttp_execute(&parser, bytes.data(), bytes.size());
  if (collected.too_many) {
    return fail(Code::kProtocol, "more than " + std::to_string(kHeadersMax) + " headers");
  }
  // A request to upgrade pauses the parser behind the head, where it would have stopped anyway.
  if (error != HPE_OK && error != HPE_PAUSED_UPGRADE) {
    return fail(Code::kProtocol, std::string("not an HTTP/1.1 header: ") +
                                     (parser.reason != nullptr ? parser.reason : "unknown reason"));
  }
  if (parser.http_major != 1 || parser.http_minor > 1) {
    return fail(Code::kProtocol, "HTTP version " + std::to_string(parser.http_major) + "." +
                                     std::to_string(parser.http_minor) + " instead of 1.1");
  }
  HttpHead& head = collected.head;
  for (auto& [name, value] : head.headers) {
    // Loose builds of llhttp take "name : value".
    if (name.empty() || name.find_first_of(" \t") != std::string::npos) {
      return fail(Code::kProtocol, "a space before the colon of a header");
    }
    value.erase(trim(value).size() + static_cast<std::size_t>(trim(value).data() - value.data()));
  }
  head.status = type == HTTP_RESPONSE ? parser.status_code : 0;
  head.keep_alive = collected.keep_alive;
  if (kind != Head::kConnectResponse) {
    const Result<void> framed =
        decide_framing(collected, type == HTTP_RESPONSE, parser.http_minor > 0, head);
    if (!framed) return fail(framed.error());
  }
  if (type == HTTP_REQUEST) {
    head.method = llhttp_method_name(static_cast<llhttp_method_t>(parser.method));
  } else if (head.status < 100 || head.status > 599 || head.status == kSwitchingProtocols) {
    return fail(Code::kProtocol, "status " + std::to_string(head.status));
  }
  return std::move(head);
}

}  // namespace

Result<std::size_t> HeadScanner::scan(std::string_view bytes, std::size_t bytes_max) {
  while (true) {
    const std::size_t lf = bytes.find('\n', searched_);
    if (lf == std::string_view::npos) break;
    if (lf == line_begin_ || bytes[lf - 1] != '\r') {
      return fail(Code::kProtocol, "a line of the header ends in LF without CR");
    }
    const std::string_view line = bytes.substr(line_begin_, lf - 1 - line_begin_);
    line_begin_ = searched_ = lf + 1;
    if (lf >= bytes_max) break;
    if (line.empty()) return lf + 1;
    const Result<void> checked = check_line(line);
    if (!checked) return fail(checked.error());
  }
  searched_ = std::max(searched_, bytes.size());
  if (bytes.size() >= bytes_max) {
    return fail(Code::kProtocol, "a header of more than " + std::to_string(bytes_max) + " bytes");
  }
  return std::size_t{0};
}

std::optional<std::string_view> HttpHead::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Result<HttpHead> parse_response_head(std::string_view bytes) {
  if (!bytes.starts_with("HTTP/1.")) return fail(Code::kProtocol, "not an HTTP/1.1 answer");
  return parse_head(bytes, Head::kResponse);
}

Result<HttpHead> parse_connect_head(std::string_view bytes) {
  return parse_head(bytes, Head::kConnectResponse);
}

Result<HttpHead> parse_request_head(std::string_view bytes) {
  return parse_head(bytes, Head::kRequest);
}

bool list_holds(std::string_view value, std::string_view token) noexcept {
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    const std::string_view item = value.substr(0, comma);
    if (equal_ignoring_case(trim(item.substr(0, item.find(';'))), token)) return true;
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return false;
}

}  // namespace bf::net
