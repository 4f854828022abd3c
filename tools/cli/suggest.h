// tools/cli/suggest.h
//
// "Did you mean ...?" for names that nobody knows.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bf::cli {

/// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`, letter case
/// ignored. Cost: O(size x size).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `word`, when it is near enough to be what was meant: at most one edit for
/// every three letters, one at least. The first of equals.
[[nodiscard]] std::optional<std::string> suggestion(std::string_view word,
                                                    std::span<const std::string> candidates);

/// "; did you mean X?", or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string> candidates);

}  // namespace bf::cli
