// store/base/http_date.h
//
// The dates of HTTP headers (Date, Retry-After): "Sun, 06 Nov 1994 08:49:37 GMT", the one form that is
// still sent.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/base/time.h"

namespace bf {

/// Nothing for any other text, for a date that does not exist, and for a wrong day of the week.
[[nodiscard]] std::optional<TimeMs> parse_http_date(std::string_view text);
/// Requires: an instant of the years 1970 to 9999.
[[nodiscard]] std::string format_http_date(TimeMs t);

}  // namespace bf
