// engine/exchange/http_date.h
//
// The dates of HTTP headers (Date, Retry-After).
#pragma once

#include <optional>
#include <string_view>

#include "store/base/time.h"

namespace bf::exchange {

/// Reads an IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT": the one form that is still sent. Nothing for
/// any other text, and for instants outside [kTimeMin, kTimeMax).
[[nodiscard]] std::optional<TimeMs> parse_http_date(std::string_view text) noexcept;

}  // namespace bf::exchange
