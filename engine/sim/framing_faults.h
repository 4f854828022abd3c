// engine/sim/framing_faults.h
//
// Messages that are not HTTP/1.1, or that say of themselves what is not so.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/net/http_server.h"
#include "store/base/time.h"

namespace bf::sim {

/// What `framing=` takes: "length_long", "chunk_cut", "headers_many", ...
[[nodiscard]] std::span<const std::string_view> framing_faults() noexcept;
/// Makes `response` leave with this fault: sets its raw bytes, and whether the connection ends behind
/// them. `now` is what its Date header says.
void apply_framing(std::string_view name, TimeMs now, net::ServerResponse& response);

/// The message as bytes, with these framing headers (whole lines) and this body behind its own headers.
[[nodiscard]] std::string raw_message(const net::ServerResponse& response, TimeMs now,
                                      std::string_view framing_headers, std::string_view body);

}  // namespace bf::sim
