// engine/exchange/http_failures.h
//
// What HTTP itself says of an answer that is not good: the same for every exchange, which then lets the
// body's own code decide.
#pragma once

#include <string_view>

#include "engine/exchange/market_api.h"

namespace bf::exchange {

/// Error objects are short: larger bodies are the answers that were asked for.
inline constexpr std::size_t kErrorBytesMax = 4'096;

/// The first header of this (lower-case) name; "" where there is none.
[[nodiscard]] std::string_view header_of(const ApiResponse& response, std::string_view name);
/// Retry-After is a number of seconds or a date; dates are held against the server's own, so that our
/// clock does not matter. 0 for everything else. The limiter clamps what is absurd.
[[nodiscard]] DurationMs retry_after_ms(const ApiResponse& response, TimeMs now);
/// Whether it begins like a good answer; everything else at status 200 is somebody else's page.
[[nodiscard]] bool looks_like_json(std::string_view body);
/// What the status alone stands for.
[[nodiscard]] Code code_of_status(int status);

}  // namespace bf::exchange
