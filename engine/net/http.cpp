#include "engine/net/http.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace bf::net {
namespace {

constexpr std::size_t kHostBytesMax = 253;

bool is_unreserved(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

bool is_host_byte(char c) noexcept {
  return is_unreserved(c) || c == ':' || c == '%';  // ':' and '%' in numeric IPv6 with its zone
}

bool is_loopback(const std::string& host) noexcept {
  if (host == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

tl::unexpected<Error> bad_url(std::string_view url, std::string_view why) {
  std::string message("\"");
  message.append(url).append("\" is not a URL that bf can use: ").append(why);
  return fail(Code::kUsage, std::move(message));
}

}  // namespace

std::optional<std::string_view> HttpResponse::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Result<Url> parse_url(std::string_view url, bool allow_plain) {
  Url parsed;
  std::string_view rest = url;
  if (rest.starts_with("https://")) {
    parsed.endpoint.tls = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return bad_url(url, "it begins with neither https:// nor http://");
  }
  for (const char c : rest) {
    if (c <= ' ' || c == '\x7f') return bad_url(url, "it holds a space or a control character");
    if (c == '?' || c == '#') return bad_url(url, "it has a query or a fragment");
    if (c == '@') return bad_url(url, "it holds user info, which bf does not take from a URL");
  }

  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, slash);
  std::string_view path = rest.substr(slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  parsed.path = path;

  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) return bad_url(url, "a ']' is missing");
    parsed.endpoint.host = authority.substr(1, bracket - 1);
    port = authority.substr(bracket + 1);
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    parsed.endpoint.host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  const std::string& host = parsed.endpoint.host;
  if (host.empty()) return bad_url(url, "the host is missing");
  if (host.size() > kHostBytesMax) return bad_url(url, "the host is longer than 253 bytes");
  if (!std::all_of(host.begin(), host.end(), is_host_byte)) {
    return bad_url(url, "the host holds a character that no host name has");
  }

  parsed.endpoint.port = parsed.endpoint.tls ? 443 : 80;
  if (!port.empty()) {
    const char* const end = port.data() + port.size();
    const auto [stop, error] = std::from_chars(port.data() + 1, end, parsed.endpoint.port);
    if (port[0] != ':' || error != std::errc() || stop != end || parsed.endpoint.port == 0) {
      return bad_url(url, "the port is not 1 to 65535");
    }
  }
  if (!parsed.endpoint.tls && !allow_plain && !is_loopback(host)) {
    return bad_url(url, "plain http is for this machine alone; use https");
  }
  return parsed;
}

}  // namespace bf::net
