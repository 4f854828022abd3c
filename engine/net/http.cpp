#include "engine/net/http.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace bf::net {
namespace {

constexpr std::size_t kHostBytesMax = 253;
constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

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

std::optional<int> two_digits(std::string_view text) noexcept {
  if (text.size() != 2 || text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') {
    return std::nullopt;
  }
  return (text[0] - '0') * 10 + (text[1] - '0');
}

/// Whole days since 1970-01-01, rounded down, for the day of the week.
std::size_t weekday_of(TimeMs t) noexcept {
  const TimeMs day = (t >= 0 ? t : t - (kDayMs - 1)) / kDayMs;
  return static_cast<std::size_t>(((day + 4) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
}

}  // namespace

std::optional<std::string_view> HttpResponse::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string percent_encode(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.push_back('%');
    encoded.push_back(kHex[byte >> 4U]);
    encoded.push_back(kHex[byte & 15U]);
  }
  return encoded;
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

Result<TimeMs> parse_http_date(std::string_view text) {
  // "Sun, 06 Nov 1994 08:49:37 GMT"; the two older forms have not been sent for decades.
  const auto refuse = [&] {
    return fail(Code::kProtocol, "not an HTTP date: \"" + std::string(text.substr(0, 40)) + "\"");
  };
  if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' ||
      text[16] != ' ' || text[19] != ':' || text[22] != ':' || text.substr(25) != " GMT") {
    return refuse();
  }
  const auto* const month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  const auto day = two_digits(text.substr(5, 2));
  const auto century = two_digits(text.substr(12, 2));
  const auto year = two_digits(text.substr(14, 2));
  const auto hour = two_digits(text.substr(17, 2));
  const auto minute = two_digits(text.substr(20, 2));
  const auto second = two_digits(text.substr(23, 2));
  if (month == kMonths.end() || !day || !century || !year || !hour || !minute || !second) {
    return refuse();
  }
  CivilTime civil;
  civil.year = *century * 100 + *year;
  civil.month = static_cast<int>(month - kMonths.begin()) + 1;
  civil.day = *day;
  civil.hour = *hour;
  civil.minute = *minute;
  civil.second = *second;
  if (civil.year < 1970 || *day < 1 || *hour > 23 || *minute > 59 || *second > 59) return refuse();
  const TimeMs t = from_civil(civil);
  // The 31st of a shorter month comes back as another day.
  if (to_civil(t).day != civil.day || kWeekdays[weekday_of(t)] != text.substr(0, 3)) {
    return refuse();
  }
  return t;
}

std::string format_http_date(TimeMs t) {
  const CivilTime civil = to_civil(t);
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                 kWeekdays[weekday_of(t)].data(), civil.day,
                                 kMonths[static_cast<std::size_t>(civil.month - 1)].data(),
                                 civil.year, civil.hour, civil.minute, civil.second);
  return std::string(text.data(), static_cast<std::size_t>(size));
}

}  // namespace bf::net
