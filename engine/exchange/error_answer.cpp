#include "engine/exchange/error_answer.h"

#include <algorithm>
#include <charconv>

#include "engine/exchange/json_read.h"
#include "store/base/http_date.h"

namespace bf::exchange {
namespace {

/// Error objects are short: larger bodies are the answers that were asked for.
constexpr std::size_t kErrorBytesMax = 4'096;

bool is_digit(char byte) noexcept { return byte >= '0' && byte <= '9'; }

/// [-]digits, with or without quotes.
std::optional<std::int64_t> read_code(json::value from) {
  const json::Scalar scalar(from.raw_json_token());
  std::int64_t code = 0;
  const auto [next, error] = std::from_chars(scalar.begin, scalar.end, code);
  if (error != std::errc() || !scalar.ends_at(next)) return std::nullopt;
  return code;
}

}  // namespace

ErrorBody read_error_body(std::string_view padded_body, std::string_view code_key,
                          std::string_view message_key) {
  if (padded_body.size() > kErrorBytesMax) return {};
  thread_local simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  json::object members;
  if (parser.iterate(json::padded(padded_body)).get(document) != simdjson::SUCCESS) return {};
  if (document.get_object().get(members) != simdjson::SUCCESS) return {};
  ErrorBody body;
  const bool whole = json::for_each_member(members, [&](std::string_view key, json::value content) {
    if (key == code_key) body.code = read_code(content);
    if (key == message_key && !json::read_text(content, body.message)) body.message.clear();
    return true;
  });
  return whole ? body : ErrorBody{};
}

std::string_view header_of(const ApiResponse& response, std::string_view lower_case_name) {
  for (const auto& [key, value] : response.headers) {
    if (key == lower_case_name) return value;
  }
  return {};
}

/// Retry-After is a number of seconds or a date; dates are held against the server's own, so that our
/// clock does not matter. 0 for everything else. The limiter clamps what is absurd.
DurationMs retry_after_ms(const ApiResponse& response, TimeMs now) {
  const std::string_view text = header_of(response, "retry-after");
  if (const std::optional<TimeMs> until = parse_http_date(text)) {
    const TimeMs server_now = parse_http_date(header_of(response, "date")).value_or(now);
    return std::max<DurationMs>(0, *until - server_now);
  }
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return 0;
  constexpr std::int64_t kSecondsMax = 366LL * 24 * 3600;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc::result_out_of_range) seconds = kSecondsMax;
  return std::min(seconds, kSecondsMax) * kSecondMs;
}

bool looks_like_json(std::string_view body) {
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (body[first] == '[' || body[first] == '{');
}

Code code_of_status(int status) {
  switch (status) {
    case 403:
    case 451:
      return Code::kBlocked;
    case 408:
      return Code::kUnavailable;
    case 418:
      return Code::kBanned;
    case 429:
      return Code::kLimited;
    default:
      if (status >= 500) return Code::kUnavailable;
      return status >= 400 ? Code::kRejected : Code::kProtocol;
  }
}

std::string_view advice_for(Code code) {
  switch (code) {
    case Code::kBlocked:
      return "the exchange's firewall refuses this address or this request; stop, and try again "
             "later or from another address";
    case Code::kBanned:
      return "this address is banned for sending too much; nothing may be sent before the end of "
             "it";
    case Code::kLimited:
      return "the rate limit was broken; wait, and look for other programs behind this address";
    case Code::kUnknownName:
      return "the exchange does not know this symbol on this market; `bf-engine symbols` lists "
             "those that it has";
    case Code::kUnavailable:
      return "the exchange cannot answer at present";
    default:
      return {};
  }
}

std::string describe_failure(std::string_view who, const ApiResponse& response,
                             const ErrorBody& body, std::string_view advice) {
  std::string text(who);
  text.append(" answered HTTP ").append(std::to_string(response.status));
  if (body.code.value_or(0) != 0) {
    text.append(", code ").append(std::to_string(*body.code));
    text.append(" \"").append(printable(body.message)).append("\"");
  } else if (response.body.empty()) {
    text.append(" with an empty body");
  } else {
    text.append(" with \"").append(printable(response.body)).append("\"");
  }
  if (!advice.empty()) text.append(": ").append(advice);
  return text;
}

}  // namespace bf::exchange
