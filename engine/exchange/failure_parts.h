// engine/exchange/failure_parts.h
//
// What error answers of all exchanges have in common: what a status means, how long to stay away, and
// how a message is put together. What a code means is the exchange's own file's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/exchange/market_api.h"

namespace bf::exchange {

/// Error objects are short: larger bodies are the answers that were asked for.
inline constexpr std::size_t kErrorBytesMax = 4'096;

/// "" where there is none. `name` is lower case.
[[nodiscard]] std::string_view header_of(const ApiResponse& response,
                                         std::string_view name) noexcept;
/// Retry-After, ms: a number of seconds or a date; 0 for everything else. Dates are held against the
/// server's own, so that our clock does not matter. The limiter clamps what is absurd.
[[nodiscard]] DurationMs retry_after_ms(const ApiResponse& response, TimeMs now);
/// Whether the body begins as an object or a list: everything else at status 200 is somebody else's
/// page.
[[nodiscard]] bool looks_like_json(std::string_view body) noexcept;
/// What a status that is not 200 means where the body says nothing.
[[nodiscard]] Code code_of_status(int status) noexcept;
/// What to do about it; "" where there is nothing to say.
[[nodiscard]] std::string_view advice_for(Code code) noexcept;

/// What a code in the body of an error answer means.
struct CodeMeaning {
  std::int64_t code;
  Code meaning;
};
/// Codes that are absent are final: kRejected.
[[nodiscard]] Code meaning_of(std::span<const CodeMeaning> known, std::int64_t code) noexcept;

/// How an error answer is told: "binance/um answered HTTP 400, code -1121 "Invalid symbol.": ADVICE".
struct FailureText {
  std::string_view source;  ///< "binance/um"
  std::string said;  ///< said_code() or the like; "": the body is no error object, and is quoted
  std::string_view advice;
};
/// `code -1121 "Invalid symbol."`; "" for a code of "". `message` is as it came.
[[nodiscard]] std::string said_code(std::string_view code, std::string_view message);
/// `wait`: how long to stay away, ms; 0: no time is known.
[[nodiscard]] ApiFailure make_failure(Code code, const ApiResponse& response,
                                      const FailureText& text, DurationMs wait, TimeMs now);

}  // namespace bf::exchange
