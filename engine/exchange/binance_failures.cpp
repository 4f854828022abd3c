// What Binance's error answers mean. An error is {"code":-1121,"msg":"Invalid symbol."} with an HTTP
// status of 4xx or 5xx; proxies and CDNs in between answer with pages of their own, at any status.
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "engine/exchange/binance.h"
#include "engine/exchange/failure_parts.h"

namespace bf::exchange::binance {
namespace {

struct ErrorBody {
  std::int64_t code = 0;  ///< 0: the body is no error object
  std::string message;
};

ErrorBody read_error_body(std::string_view padded_body) {
  ErrorBody result;
  if (padded_body.size() > kErrorBytesMax) return result;
  thread_local simdjson::ondemand::parser parser;
  const simdjson::padded_string_view padded(padded_body.data(), padded_body.size(),
                                            padded_body.size() + simdjson::SIMDJSON_PADDING);
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS) return result;
  if (document.get_object().get(object) != simdjson::SUCCESS) return result;
  std::int64_t code = 0;
  if (object["code"].get(code) != simdjson::SUCCESS) return result;
  result.code = code;
  std::string_view message;
  if (object["msg"].get(message) == simdjson::SUCCESS) result.message = message;
  return result;
}

// Codes that are absent here and below 0 are final: kRejected.
constexpr std::array kCodeMeanings = {
    CodeMeaning{-1000, Code::kUnavailable},  // unknown error
    CodeMeaning{-1001, Code::kUnavailable},  // internal error, disconnected
    CodeMeaning{-1003, Code::kLimited},      // too many requests
    CodeMeaning{-1006, Code::kUnavailable},  // unexpected answer from the backend
    CodeMeaning{-1007, Code::kUnavailable},  // timeout of the backend
    CodeMeaning{-1008, Code::kUnavailable},  // overloaded
    CodeMeaning{-1010, Code::kUnavailable},  // error message received
    CodeMeaning{-1015, Code::kLimited},      // too many orders
    CodeMeaning{-1121, Code::kUnknownName},  // invalid symbol
    CodeMeaning{-1126, Code::kUnknownName},  // asset not supported
    CodeMeaning{-4144, Code::kUnknownName},  // invalid pair
};

Code meaning_of(std::int64_t code, const FailureAdvice& advice) {
  if (code == -1004 && advice.busy_is_minus_1004) return Code::kUnavailable;
  return exchange::meaning_of(kCodeMeanings, code);
}

/// "Way too many requests; IP banned until 1660090423228.": the end of the ban, or 0.
TimeMs banned_until(std::string_view message) {
  constexpr std::string_view kMark = "banned until ";
  const std::size_t at = message.find(kMark);
  if (at == std::string_view::npos) return 0;
  TimeMs until = 0;
  const char* const begin = message.data() + at + kMark.size();
  const auto [end, error] = std::from_chars(begin, message.data() + message.size(), until);
  if (error != std::errc() || until < kTimeMin || until >= kTimeMax) return 0;
  return until;
}

std::string_view advice_for(Code code, int status, const FailureAdvice& advice) {
  return status == 451 ? advice.blocked : exchange::advice_for(code);
}

ApiFailure failure_with(Code code, const ApiResponse& response, const ErrorBody& body, TimeMs now,
                        const FailureAdvice& advice) {
  const TimeMs until = banned_until(body.message);
  if (until != 0) code = Code::kBanned;
  DurationMs wait = 0;
  if (code == Code::kLimited || code == Code::kBanned) {
    wait = std::max(retry_after_ms(response, now), until != 0 ? until - now : 0);
  }
  const std::string source = "binance/" + std::string(advice.market);
  const std::string code_text = body.code == 0 ? "" : std::to_string(body.code);
  const FailureText text = {source, said_code(code_text, body.message),
                            advice_for(code, response.status, advice)};
  return make_failure(code, response, text, wait, now);
}

}  // namespace

std::optional<ApiFailure> failure_of(const ApiResponse& response, TimeMs now,
                                     const FailureAdvice& advice) {
  const ErrorBody body = read_error_body(response.body);
  const int status = response.status;
  if (status == 200 && body.code == 0 && looks_like_json(response.body)) return std::nullopt;

  Code code = code_of_status(status);
  // These three say more than any body; 5xx and pages in between say little, so that a code decides.
  const bool status_decides =
      code == Code::kBanned || code == Code::kLimited || code == Code::kBlocked;
  if (!status_decides) {
    const bool empty = response.body.empty() && status < 400;
    if (body.code < 0) {
      code = meaning_of(body.code, advice);
      if (status >= 500 && code == Code::kRejected) code = Code::kUnavailable;
    } else if (empty || status == 200) {
      // 204, 304, an empty 200, a portal's page: nothing was answered. Never "no candles".
      code = Code::kUnavailable;
    }
  }
  return failure_with(code, response, body, now, advice);
}

}  // namespace bf::exchange::binance
