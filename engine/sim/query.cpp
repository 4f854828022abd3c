#include "engine/sim/query.h"

#include <algorithm>
#include <charconv>

namespace bf::sim {
namespace {

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool pair = text[i] == '%' && i + 2 < text.size();
    const int high = pair ? hex_value(text[i + 1]) : -1;
    const int low = pair ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      decoded += text[i];
      continue;
    }
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

}  // namespace

std::optional<std::string_view> Query::parameter(std::string_view name) const noexcept {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [name](const auto& p) { return p.first == name; });
  if (found == parameters.end()) return std::nullopt;
  return found->second;
}

std::optional<std::int64_t> Query::number(std::string_view name, bool& bad) const noexcept {
  const std::optional<std::string_view> text = parameter(name);
  if (!text || text->empty()) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc() && end == text->data() + text->size() && value >= 0) return value;
  bad = true;
  return std::nullopt;
}

Query parse_query(std::string_view target) {
  Query query;
  const std::size_t mark = target.find('?');
  query.path = decode(target.substr(0, mark));
  if (mark == std::string_view::npos) return query;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const std::size_t end = rest.find('&');
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    const bool has_value = equals != std::string_view::npos;
    query.parameters.emplace_back(decode(part.substr(0, equals)),
                                  has_value ? decode(part.substr(equals + 1)) : std::string());
  }
  return query;
}

}  // namespace bf::sim
