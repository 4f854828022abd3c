#include "tools/cli/mask.h"

#include <algorithm>

namespace bf::cli {
namespace {

constexpr std::string_view kMask = "***";

bool is_name(std::string_view text, std::string_view more) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [more](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           more.find(c) != std::string_view::npos;
  });
}

/// Whether `text` can be nothing but HOST, HOST:PORT or [ADDRESS]:PORT, with a path behind it.
bool is_server(std::string_view text) noexcept {
  text = text.substr(0, text.find('/'));
  const std::size_t colon = text.rfind(':');
  const bool bracketed = text.ends_with(']');
  std::string_view host = text;
  if (colon != std::string_view::npos && !bracketed) {
    const std::string_view port = text.substr(colon + 1);
    const bool digits = !port.empty() && std::all_of(port.begin(), port.end(),
                                                     [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) return false;
    host = text.substr(0, colon);
  }
  return host.starts_with('[') ? is_name(host, "[]:.") : is_name(host, ".-_");
}

/// One element of a list, masked; false where it is no URL (or word) of which that can be done.
bool append_masked(std::string_view element, std::string& out) {
  const std::size_t scheme = element.find("://");
  if (scheme == std::string_view::npos) {
    out.append(element);
    return is_name(element, "=/-_.*");
  }
  if (!is_name(element.substr(0, scheme), "=/-_.")) return false;
  const std::string_view rest = element.substr(scheme + 3);
  const std::size_t at = rest.rfind('@');
  out.append(element.substr(0, scheme + 3));
  if (at == std::string_view::npos) {
    out.append(rest);
    return is_server(rest);
  }
  const std::string_view server = rest.substr(at + 1);
  out.append(kMask).append("@").append(server);
  return is_server(server);
}

}  // namespace

std::string mask_secrets(std::string_view value) {
  if (value.find('@') == std::string_view::npos) return std::string(value);
  std::string masked;
  while (true) {
    const std::size_t comma = value.find(',');
    if (!append_masked(value.substr(0, comma), masked)) return std::string(kMask);
    if (comma == std::string_view::npos) return masked;
    masked.push_back(',');
    value.remove_prefix(comma + 1);
  }
}

}  // namespace bf::cli
