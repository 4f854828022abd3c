// store/format_version.h
//
// Which versions of the format (docs/format.md) this build writes and reads. Every version from
// kFormatVersionOldest on stays readable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace bf::store {

/// What this build writes.
inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::uint32_t kFormatVersionOldest = 1;

/// nullopt where this build reads `version`; else what to tell the user: "format version 2; this build
/// reads version 1: use a newer bf".
[[nodiscard]] std::optional<std::string> unreadable_version(std::uint32_t version);

}  // namespace bf::store
