#include "engine/exchange/s3_listing.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "engine/exchange/percent.h"

namespace bf::exchange::s3 {
namespace {

/// The documented most of one answer; a few more are no fault, a million is.
constexpr std::size_t kNamesMax = 10'000;

tl::unexpected<Error> not_a_listing(std::string_view why, std::string_view body) {
  return fail(Code::kProtocol, "listing: " + std::string(why) + "; the answer begins with \"" +
                                   printable(body, 80) + "\"");
}

/// The text between <tag> and </tag>, the first at or behind `at`, which moves behind it. nullopt where
/// there is none; an element that does not end is `broken`.
std::optional<std::string_view> next_element(std::string_view xml, std::string_view tag,
                                             std::size_t& at, bool& broken) {
  std::string open = "<";
  open.append(tag).append(">");
  std::string close = "</";
  close.append(tag).append(">");
  const std::size_t begin = xml.find(open, at);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::size_t text = begin + open.size();
  const std::size_t end = xml.find(close, text);
  if (end == std::string_view::npos) {
    broken = true;
    return std::nullopt;
  }
  at = end + close.size();
  return xml.substr(text, end - text);
}

/// Resolves the five entities of XML, which is all that keys are written with; false for others.
bool unescape(std::string_view text, std::string& out) {
  constexpr std::array<std::pair<std::string_view, char>, 5> kEntities = {
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
  out.clear();
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find('&'), text.size());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return true;
    bool known = false;
    for (const auto& [entity, character] : kEntities) {
      if (!text.starts_with(entity)) continue;
      out.push_back(character);
      text.remove_prefix(entity.size());
      known = true;
      break;
    }
    if (!known) return false;
  }
  return true;
}

/// Adds the names below `folder` that the elements `outer` hold as `inner`. False, with `why`, for what
/// cannot be one.
bool add_names(std::string_view folder, std::string_view xml, std::string_view outer,
               std::string_view inner, std::vector<std::string>& names, std::string& why) {
  bool broken = false;
  for (std::size_t at = 0;;) {
    const std::optional<std::string_view> element = next_element(xml, outer, at, broken);
    if (!element) break;
    std::size_t begin = 0;
    const std::optional<std::string_view> text = next_element(*element, inner, begin, broken);
    std::string key;
    if (!text || !unescape(*text, key) || !key.starts_with(folder)) {
      why = "an entry that lies in another folder or cannot be read";
      return false;
    }
    key.erase(0, folder.size());
    if (key.ends_with('/')) key.pop_back();
    if (key.empty()) continue;  // the folder itself
    names.push_back(std::move(key));
    if (names.size() > kNamesMax) {
      why = "too many entries";
      return false;
    }
  }
  if (broken) why = "it is cut short";
  return !broken;
}

}  // namespace

std::string listing_target(std::string_view folder, std::string_view marker) {
  std::string target = "/?delimiter=%2F&prefix=";
  append_percent_encoded(target, folder);
  if (marker.empty()) return target;
  target.append("&marker=");
  append_percent_encoded(target, marker);
  return target;
}

Result<ArchiveListing> parse_listing(std::string_view folder, std::string_view body) {
  constexpr std::string_view kEnd = "</ListBucketResult>";
  const std::size_t last = body.find_last_not_of(" \r\n\t");
  const std::string_view xml = body.substr(0, last == std::string_view::npos ? 0 : last + 1);
  if (xml.find("<ListBucketResult") == std::string_view::npos || !xml.ends_with(kEnd)) {
    return not_a_listing("no whole ListBucketResult", body);
  }
  bool broken = false;
  std::size_t at = 0;
  const std::optional<std::string_view> truncated = next_element(xml, "IsTruncated", at, broken);
  if (!truncated || (*truncated != "true" && *truncated != "false")) {
    return not_a_listing("it does not say whether it goes on", body);
  }
  ArchiveListing listing;
  std::string why;
  if (!add_names(folder, xml, "Contents", "Key", listing.names, why) ||
      !add_names(folder, xml, "CommonPrefixes", "Prefix", listing.names, why)) {
    return not_a_listing(why, body);
  }
  if (*truncated == "false") return listing;
  at = 0;
  const std::optional<std::string_view> marker = next_element(xml, "NextMarker", at, broken);
  if (!marker || marker->empty() || !unescape(*marker, listing.next)) {
    return not_a_listing("it goes on, but does not say where", body);
  }
  return listing;
}

}  // namespace bf::exchange::s3
