// What Bybit's error answers mean. Most come with HTTP 200 and {"retCode":10001,"retMsg":"..."}; the CDN
// before it answers with pages of its own.
#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "engine/exchange/bybit.h"
#include "engine/exchange/error_body.h"
#include "engine/exchange/failure_parts.h"

namespace bf::exchange {
namespace {

/// "Access too frequent": the documents ask to close everything and wait at least that long.
constexpr DurationMs kRateBanMs = 10 * kMinuteMs;
/// Where a limit's answer does not say how long: until all that was counted has left the window.
constexpr DurationMs kLimitedMs = 5 * kSecondMs;
constexpr DurationMs kResetMaxMs = kMinuteMs;

// Codes that are absent here are final: kRejected.
constexpr std::array kCodeMeanings = {
    CodeMeaning{429, Code::kUnavailable},     // overloaded
    CodeMeaning{5004, Code::kUnavailable},    // timeout of the server
    CodeMeaning{10000, Code::kUnavailable},   // timeout of the server
    CodeMeaning{10006, Code::kLimited},       // too many visits
    CodeMeaning{10008, Code::kBlocked},       // the user is banned
    CodeMeaning{10009, Code::kBanned},        // the address is banned
    CodeMeaning{10016, Code::kUnavailable},   // internal error
    CodeMeaning{10018, Code::kBanned},        // rate limit of the address
    CodeMeaning{10024, Code::kBlocked},       // compliance
    CodeMeaning{10029, Code::kUnknownName},   // the symbol is not on the list
    CodeMeaning{10429, Code::kUnavailable},   // overloaded
    CodeMeaning{170007, Code::kUnavailable},  // timeout of the backend
    CodeMeaning{170222, Code::kLimited},      // too many requests
};

/// 10001 is any wrong parameter; its words tell ("Not supported symbols", "symbol params err").
bool is_about_symbol(std::string_view message) {
  constexpr std::string_view kWord = "symbol";
  const auto* const at = std::search(message.begin(), message.end(), kWord.begin(), kWord.end(),
                                     [](char a, char b) { return (a | 0x20) == b; });
  return at != message.end();
}

Code meaning_of(const ErrorBody& body) {
  constexpr std::int64_t kWrongParameter = 10001;
  if (body.code == kWrongParameter && is_about_symbol(body.message)) return Code::kUnknownName;
  return exchange::meaning_of(kCodeMeanings, body.code.value_or(0));
}

/// X-Bapi-Limit-Reset-Timestamp: when the window of a limit turns, by the exchange's clock.
DurationMs reset_after_ms(const ApiResponse& response, TimeMs now) {
  const std::string_view text = header_of(response, "x-bapi-limit-reset-timestamp");
  TimeMs reset = 0;
  std::from_chars(text.data(), text.data() + text.size(), reset);
  const bool soon = reset > now && reset - now <= kResetMaxMs;
  return soon ? reset - now : 0;
}

DurationMs wait_of(Code code, const ApiResponse& response, TimeMs now) {
  const DurationMs told = retry_after_ms(response, now);
  if (code == Code::kBanned) return std::max(told, kRateBanMs);
  if (code != Code::kLimited) return 0;
  return std::max({told, reset_after_ms(response, now), kLimitedMs});
}

Code judge(const ApiResponse& response, const ErrorBody& body) {
  const int status = response.status;
  // A country that is not served never had a good answer; who had one was too fast.
  if (status == 403) return response.answered_before ? Code::kBanned : Code::kBlocked;
  const Code code = code_of_status(status);
  if (code == Code::kBanned || code == Code::kLimited || code == Code::kBlocked) return code;
  if (body.code.value_or(0) != 0) {
    const Code meaning = meaning_of(body);
    return status >= 500 && meaning == Code::kRejected ? Code::kUnavailable : meaning;
  }
  // 204, 304, an empty 200, a portal's page: nothing was answered. Never "no candles".
  const bool empty = response.body.empty() && status < 400;
  return empty || status == 200 ? Code::kUnavailable : code;
}

std::string_view advice_of(const ApiResponse& response, Code code) {
  if (response.status != 403) return advice_for(code);
  if (code == Code::kBanned) {
    return "requests were too frequent (or other programs' behind this address); nothing may be "
           "sent for 10 minutes";
  }
  return "the exchange does not serve this country or this network, or it was asked too often from "
         "this address within the last 10 minutes; try later, or from another address";
}

}  // namespace

std::optional<ApiFailure> Bybit::failure(const ApiResponse& response, TimeMs now) const {
  const ErrorBody body = read_error_body(response.body, "retCode", "retMsg");
  // Larger ones are the answers that were asked for: their reader looks at the code once more.
  const bool good = body.large || body.code == 0;
  if (response.status == 200 && good && looks_like_json(response.body)) return std::nullopt;

  const Code code = judge(response, body);
  const DurationMs wait = wait_of(code, response, now);
  const std::string source = "bybit/" + std::string(market());
  const bool has_code = body.code.value_or(0) != 0;
  const std::string number = has_code ? std::to_string(*body.code) : "";
  const FailureText text = {source, said_code(number, body.message), advice_of(response, code)};
  return make_failure(code, response, text, wait, now);
}

}  // namespace bf::exchange
