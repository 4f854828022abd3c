// engine/exchange/error_answer.h
//
// What the exchanges' readings of error answers share: the envelope with code and message, Retry-After,
// what an HTTP status means, and the words for the user.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/exchange/market_api.h"

namespace bf::exchange {

/// {"code":-1121,"msg":"Invalid symbol."}, whatever the exchange calls the two.
struct ErrorBody {
  std::optional<std::int64_t>
      code;  ///< none: the body is no such object, or larger than errors are
  std::string message;
};
/// The code may be a number or a string of one.
[[nodiscard]] ErrorBody read_error_body(std::string_view padded_body, std::string_view code_key,
                                        std::string_view message_key);

/// The value of a header; "" where there is none.
[[nodiscard]] std::string_view header_of(const ApiResponse& response,
                                         std::string_view lower_case_name);
/// How long Retry-After asks to stay away, at most a year; 0 where it says nothing that can be read.
[[nodiscard]] DurationMs retry_after_ms(const ApiResponse& response, TimeMs now);

/// Begins like an array or an object; everything else at status 200 is somebody else's page.
[[nodiscard]] bool looks_like_json(std::string_view body);
/// kBlocked for 403 and 451, kBanned for 418, kLimited for 429, kUnavailable for 408 and 5xx, else
/// kRejected or kProtocol.
[[nodiscard]] Code code_of_status(int status);

/// What the user can do about `code`; "" where nothing is to be said.
[[nodiscard]] std::string_view advice_for(Code code);
/// "binance/um answered HTTP 400, code -1121 \"Invalid symbol.\": ADVICE". What the server wrote is made
/// safe for a terminal.
[[nodiscard]] std::string describe_failure(std::string_view who, const ApiResponse& response,
                                           const ErrorBody& body, std::string_view advice);

}  // namespace bf::exchange
