#include "engine/sim/rest_call.h"

#include <algorithm>
#include <iterator>

namespace bf::sim {
namespace {

constexpr std::string_view kEndpointNames[] = {"klines",  "exchangeInfo", "time",
                                               "ping",    "archive",      "checksum",
                                               "listing", "funding",      "unknown"};

}  // namespace

std::string_view endpoint_name(Endpoint endpoint) noexcept {
  return kEndpointNames[static_cast<std::size_t>(endpoint)];
}

bool parse_endpoint(std::string_view name, Endpoint& out) noexcept {
  const auto* const found = std::find(std::begin(kEndpointNames), std::end(kEndpointNames), name);
  if (found == std::end(kEndpointNames)) return false;
  out = static_cast<Endpoint>(found - std::begin(kEndpointNames));
  return true;
}

}  // namespace bf::sim
