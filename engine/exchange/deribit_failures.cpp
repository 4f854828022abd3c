// What Deribit's error answers mean: by the code in the body, whatever the HTTP status. Proxies and CDNs
// in between answer with pages of their own.
#include <algorithm>
#include <array>

#include "engine/exchange/deribit.h"
#include "engine/exchange/failure_parts.h"
#include "engine/exchange/json_members.h"

namespace bf::exchange::deribit {
namespace {

/// The pool of credits is full again within seconds: no answer makes us wait longer than that.
constexpr std::int64_t kWaitSecondsMax = 60;
constexpr std::int64_t kInvalidParams = -32602;
constexpr std::int64_t kCountryRefused = 12005;

struct RpcError {
  std::int64_t code = 0;  ///< 0: the body is no error answer
  std::string message;
  std::string reason;       ///< data.reason
  std::string parameter;    ///< data.param
  std::int64_t wait_s = 0;  ///< data.wait
};

void read_data(simdjson::ondemand::value data, RpcError& error) {
  simdjson::ondemand::object members;
  if (data.get_object().get(members) != simdjson::SUCCESS) return;  // null, mostly
  static_cast<void>(json::for_each_member(members, [&](std::string_view key, auto content) {
    if (key == "reason") return json::read_text(content, error.reason);
    if (key == "param") return json::read_text(content, error.parameter);
    if (key == "wait") return json::read_integer(content, error.wait_s);
    return true;
  }));
}

RpcError read_error(std::string_view padded_body) {
  RpcError result;
  if (padded_body.size() > kErrorBytesMax) return result;
  thread_local simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::object members;
  if (parser.iterate(json::padded(padded_body)).get(document) != simdjson::SUCCESS) return result;
  if (document["error"].get_object().get(members) != simdjson::SUCCESS) return result;
  RpcError error;
  const bool read = json::for_each_member(members, [&](std::string_view key, auto content) {
    if (key == "code") return json::read_integer(content, error.code);
    if (key == "message") return json::read_text(content, error.message);
    if (key == "data") read_data(content, error);
    return true;
  });
  return read ? error : result;
}

// Codes that are absent here are final: kRejected.
constexpr std::array kCodeMeanings = {
    CodeMeaning{10020, Code::kUnknownName},  // invalid or unsupported instrument
    CodeMeaning{10028, Code::kLimited},      // too many requests
    CodeMeaning{10040, Code::kUnavailable},  // retry
    CodeMeaning{10041, Code::kUnavailable},  // settlement in progress
    CodeMeaning{10047, Code::kUnavailable},  // the matching engine's queue is full
    CodeMeaning{10066, Code::kUnavailable},  // too many concurrent requests
    CodeMeaning{11051, Code::kUnavailable},  // maintenance
    CodeMeaning{11094, Code::kUnavailable},  // internal server error
    CodeMeaning{kCountryRefused, Code::kBlocked},
    CodeMeaning{13020, Code::kUnknownName},  // not found
    CodeMeaning{13028, Code::kUnavailable},  // temporarily unavailable
    CodeMeaning{13888, Code::kUnavailable},  // timed out
};

Code meaning_of(const RpcError& error) {
  if (error.code == kInvalidParams && error.parameter == "instrument_name") {
    return Code::kUnknownName;
  }
  return exchange::meaning_of(kCodeMeanings, error.code);
}

std::string_view advice_for(Code code, const RpcError& error) {
  if (code == Code::kBlocked && error.code == kCountryRefused) {
    return "the exchange does not serve this country";
  }
  if (code == Code::kUnknownName) {
    return "the exchange does not know this instrument; `bf-engine symbols` lists the futures "
           "that it has";
  }
  return exchange::advice_for(code);
}

/// `code -32602 "Invalid params" (instrument_name wrong format)`; "" for a body that is no error answer.
std::string said(const RpcError& error) {
  if (error.code == 0) return {};
  std::string text = said_code(std::to_string(error.code), error.message);
  if (!error.reason.empty()) {
    text.append(" (").append(printable(error.parameter, 40)).append(" ");
    text.append(printable(error.reason, 80)).append(")");
  }
  return text;
}

}  // namespace

std::optional<ApiFailure> failure_of(const ApiResponse& response, TimeMs now) {
  const RpcError error = read_error(response.body);
  const int status = response.status;
  if (status == 200 && error.code == 0 && looks_like_json(response.body)) return std::nullopt;

  Code code = code_of_status(status);
  if (error.code != 0) {
    code = meaning_of(error);
    if (status >= 500 && code == Code::kRejected) code = Code::kUnavailable;
    if (status == 429) code = Code::kLimited;
  } else if (status < 400) {
    // 204, 304, an empty 200, a portal's page: nothing was answered. Never "no candles".
    code = Code::kUnavailable;
  }
  DurationMs wait = 0;
  if (code == Code::kLimited || code == Code::kBanned) {
    const std::int64_t seconds = std::clamp<std::int64_t>(error.wait_s, 0, kWaitSecondsMax);
    wait = std::max(retry_after_ms(response, now), seconds * kSecondMs);
  }
  const FailureText text = {"deribit/futures", said(error), advice_for(code, error)};
  return make_failure(code, response, text, wait, now);
}

}  // namespace bf::exchange::deribit
