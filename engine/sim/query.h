// engine/sim/query.h
//
// The target of a request, taken apart: path and parameters, percent-decoded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bf::sim {

struct Query {
  std::string path;                                             ///< decoded
  std::vector<std::pair<std::string, std::string>> parameters;  ///< decoded, in their order
  std::string user_agent;                                       ///< of the request's headers

  /// The first parameter of this name; nullopt where there is none.
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const noexcept;
  /// The digits of a parameter; nullopt where it is absent or empty, or no number, which sets `bad`.
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view name, bool& bad) const noexcept;
};

/// Never fails: a '%' that no two hex digits follow stands for itself.
[[nodiscard]] Query parse_query(std::string_view target);

}  // namespace bf::sim
