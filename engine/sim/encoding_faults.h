// engine/sim/encoding_faults.h
//
// Bodies that are not what their Content-Encoding says.
#pragma once

#include <span>
#include <string_view>

#include "engine/net/http_server.h"

namespace bf::sim {

/// What `encoding=` takes: "cut", "checksum", "bomb", ...
[[nodiscard]] std::span<const std::string_view> encoding_faults() noexcept;
void apply_encoding(std::string_view name, net::ServerResponse& response);

}  // namespace bf::sim
