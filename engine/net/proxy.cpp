#include "engine/net/proxy.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "engine/net/http.h"

namespace bf::net {
namespace {

constexpr std::string_view kForm =
    "write http://[user:password@]host:port or socks5h://[user:password@]host:port";
/// RFC 1929 counts each in one byte; nobody has longer ones for CONNECT.
constexpr std::size_t kCredentialBytesMax = 255;

tl::unexpected<Error> bad_proxy(std::string_view why) {
  std::string message("the proxy's URL cannot be used: ");
  message.append(why).append("; ").append(kForm);
  return fail(Code::kUsage, std::move(message));
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Takes "scheme://" away from the front of `url`; without one, `kind` stays.
Result<void> take_scheme(std::string_view& url, ProxyKind& kind) {
  const std::size_t at = url.find("://");
  if (at == std::string_view::npos) return {};
  std::string scheme(url.substr(0, at));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(), lower);
  url.remove_prefix(at + 3);
  if (scheme == "http") return {};
  if (scheme == "socks5h") {
    kind = ProxyKind::kSocks5h;
    return {};
  }
  if (scheme == "socks5") {
    return bad_proxy("with socks5 names would be resolved here; with socks5h the proxy does it");
  }
  if (scheme == "https") return bad_proxy("bf speaks to a proxy itself without TLS");
  return bad_proxy("its scheme is neither http nor socks5h");
}

bool decode_percent(std::string_view text, std::string& out) {
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = static_cast<unsigned char>(text[i]);
    if (text[i] == '%') {
      if (text.size() - i < 3) return false;
      const char* const end = text.data() + i + 3;
      const auto [stop, error] = std::from_chars(text.data() + i + 1, end, value, 16);
      if (error != std::errc() || stop != end) return false;
      i += 2;
    }
    if (value < 0x20 || value == 0x7f) return false;
    out.push_back(static_cast<char>(value));
  }
  return true;
}

Result<std::unique_ptr<const ProxyCredentials>> parse_credentials(std::string_view info,
                                                                  ProxyKind kind) {
  const std::size_t colon = std::min(info.find(':'), info.size());
  std::string user;
  std::string password;
  const std::string_view rest = info.substr(std::min(colon + 1, info.size()));
  const bool decoded =
      decode_percent(info.substr(0, colon), user) && decode_percent(rest, password);
  const bool colon_in_user = kind == ProxyKind::kHttp && user.find(':') != std::string::npos;
  const bool fits = user.size() <= kCredentialBytesMax && password.size() <= kCredentialBytesMax;
  auto credentials = std::make_unique<const ProxyCredentials>(std::move(user), std::move(password));
  if (!decoded) {
    return bad_proxy(
        "its user or password holds a control character or a '%' without two hex digits (a '%' "
        "itself is %25)");
  }
  if (colon_in_user) return bad_proxy("an http proxy's user cannot hold a colon");
  if (!fits || credentials->user.reveal().empty()) {
    return bad_proxy("its user has 1 to 255 bytes, its password at most 255");
  }
  return credentials;
}

}  // namespace

std::string Proxy::name() const {
  const std::string url = at.name();  // "http://host:port"
  return kind == ProxyKind::kHttp ? url : "socks5h" + url.substr(url.find(':'));
}

Result<ProxyPtr> parse_proxy(std::string_view url) {
  auto proxy = std::make_shared<Proxy>();
  const Result<void> scheme = take_scheme(url, proxy->kind);
  if (!scheme) return fail(scheme.error());
  // The last '@': one that a password holds unescaped must not make its rest a host name.
  const std::size_t at_sign = url.rfind('@');
  if (at_sign != std::string_view::npos) {
    auto credentials = parse_credentials(url.substr(0, at_sign), proxy->kind);
    if (!credentials) return fail(credentials.error());
    proxy->credentials = std::move(*credentials);
    url.remove_prefix(at_sign + 1);
  }
  const Result<Url> parsed = parse_url("http://" + std::string(url), /*allow_plain=*/true);
  if (!parsed) return bad_proxy("its host or port cannot be read");
  if (!parsed->path.empty()) return bad_proxy("it has a path");
  proxy->at = parsed->endpoint;
  while (url.ends_with('/')) url.remove_suffix(1);
  if (!url.ends_with(":" + std::to_string(proxy->at.port))) return bad_proxy("it has no port");
  return proxy;
}

}  // namespace bf::net
