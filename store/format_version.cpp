#include "store/format_version.h"

namespace bf::store {
namespace {

/// "version 1", "versions 1 to 3".
std::string versions_read() {
  if (kFormatVersionOldest == kFormatVersion) return "version " + std::to_string(kFormatVersion);
  return "versions " + std::to_string(kFormatVersionOldest) + " to " +
         std::to_string(kFormatVersion);
}

}  // namespace

std::optional<std::string> unreadable_version(std::uint32_t version) {
  if (version >= kFormatVersionOldest && version <= kFormatVersion) return std::nullopt;
  std::string text =
      "format version " + std::to_string(version) + "; this build reads " + versions_read() + ": ";
  text += version > kFormatVersion
              ? "use a newer bf"
              : "that was a draft, which only the builds of its time read; fetch into a new store";
  return text;
}

}  // namespace bf::store
