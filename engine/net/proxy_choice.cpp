#include "engine/net/proxy_choice.h"

#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <span>

#include "engine/net/resolve.h"

namespace bf::net {
namespace {

constexpr std::string_view kSeparators = ", \t";
constexpr unsigned kPortMax = 65'535;
constexpr unsigned kAddressBitsMax = 128;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// The whole of `text` as a number from 1 to `max`; 0 when it is none.
unsigned parse_number(std::string_view text, unsigned max) {
  unsigned value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && value <= max ? value : 0;
}

/// The bytes of an address, 4 or 16.
std::span<const unsigned char> address_bytes(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address).sin_addr;
    return {reinterpret_cast<const unsigned char*>(&v4), sizeof v4};
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return {reinterpret_cast<const unsigned char*>(&v6), sizeof v6};
}

/// Whether the first `bits` bits of both are the same; 0 stands for all of them.
bool same_network(const sockaddr_storage& a, const sockaddr_storage& b, unsigned bits) {
  if (a.ss_family != b.ss_family) return false;
  const std::span<const unsigned char> left = address_bytes(a);
  const std::span<const unsigned char> right = address_bytes(b);
  const std::size_t wanted = bits == 0 ? left.size() * 8 : bits;
  if (wanted > left.size() * 8) return false;
  const std::size_t whole = wanted / 8;
  if (!std::equal(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(whole), right.begin())) {
    return false;
  }
  const unsigned rest = static_cast<unsigned>(wanted % 8);
  return rest == 0 || left[whole] >> (8 - rest) == right[whole] >> (8 - rest);
}

}  // namespace

std::optional<NoProxy::Rule> NoProxy::parse_rule(std::string_view entry) {
  Rule rule;
  std::string_view port;
  if (entry.starts_with('[')) {  // [::1]:80
    const std::size_t bracket = std::min(entry.find(']'), entry.size());
    port = entry.substr(std::min(bracket + 1, entry.size()));
    entry = entry.substr(1, bracket - 1);
  } else if (std::count(entry.begin(), entry.end(), ':') == 1) {  // of more it is an IPv6 address
    port = entry.substr(entry.find(':'));
    entry = entry.substr(0, entry.find(':'));
  }
  if (!port.empty()) {
    rule.port = static_cast<std::uint16_t>(parse_number(port.substr(1), kPortMax));
    if (rule.port == 0) return std::nullopt;
  }
  if (const std::size_t slash = entry.find('/'); slash != std::string_view::npos) {
    rule.prefix_bits = parse_number(entry.substr(slash + 1), kAddressBitsMax);
    if (rule.prefix_bits == 0) return std::nullopt;
    entry = entry.substr(0, slash);
  }
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  if (entry.starts_with('.')) entry.remove_prefix(1);
  if (entry.ends_with('.')) entry.remove_suffix(1);
  if (entry.empty()) return std::nullopt;
  rule.host = lower(entry);
  return rule;
}

NoProxy::NoProxy(std::string_view list) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(kSeparators), list.size());
    if (std::optional<Rule> rule = parse_rule(list.substr(0, end))) {
      rules_.push_back(*std::move(rule));
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

bool NoProxy::covers(const std::string& host, std::uint16_t port) const {
  std::string name = lower(host);
  if (name.ends_with('.')) name.pop_back();
  sockaddr_storage address{};
  const bool numeric = parse_address(name, 0, address);
  return std::any_of(rules_.begin(), rules_.end(), [&](const Rule& rule) {
    if (rule.port != 0 && rule.port != port) return false;
    if (rule.host == "*") return true;
    sockaddr_storage excepted{};
    if (parse_address(rule.host, 0, excepted)) {
      return numeric && same_network(address, excepted, rule.prefix_bits);
    }
    if (numeric || rule.prefix_bits != 0) return false;
    return name == rule.host || name.ends_with("." + rule.host);
  });
}

Result<ProxyPtr> ProxyChoice::choose(std::string_view source, const Endpoint& to) const {
  const std::string_view exchange = source.substr(0, source.find('/'));
  for (const std::string_view name : {source, exchange, std::string_view()}) {
    const auto found = chosen_.find(name);
    if (found != chosen_.end()) return found->second;
  }
  const Result<ProxyPtr>& proxy = to.tls ? environment_.for_https : environment_.for_http;
  const bool none = proxy && !*proxy;
  if (none || is_this_machine(to.host) || environment_.except.covers(to.host, to.port)) {
    return ProxyPtr();
  }
  return proxy;
}

}  // namespace bf::net
