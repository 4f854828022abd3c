#include "engine/exchange/failure_parts.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "store/base/http_date.h"

namespace bf::exchange {
namespace {

bool is_digit(char byte) noexcept { return byte >= '0' && byte <= '9'; }

}  // namespace

std::string_view header_of(const ApiResponse& response, std::string_view name) noexcept {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

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

bool looks_like_json(std::string_view body) noexcept {
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (body[first] == '[' || body[first] == '{');
}

Code code_of_status(int status) noexcept {
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

std::string_view advice_for(Code code) noexcept {
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

Code meaning_of(std::span<const CodeMeaning> known, std::int64_t code) noexcept {
  const auto at = std::find_if(known.begin(), known.end(),
                               [code](const CodeMeaning& entry) { return entry.code == code; });
  return at == known.end() ? Code::kRejected : at->meaning;
}

std::string said_code(std::string_view code, std::string_view message) {
  if (code.empty()) return {};
  return "code " + printable(code, 32) + " \"" + printable(message) + "\"";
}

ApiFailure make_failure(Code code, const ApiResponse& response, const FailureText& text,
                        DurationMs wait, TimeMs now) {
  std::string out(text.source);
  out.append(" answered HTTP ").append(std::to_string(response.status));
  if (!text.said.empty()) {
    out.append(", ").append(text.said);
  } else if (response.body.empty()) {
    out.append(" with an empty body");
  } else {
    out.append(" with \"").append(printable(response.body)).append("\"");
  }
  if (!text.advice.empty()) out.append(": ").append(text.advice);
  Error error(code, std::move(out));
  if (wait > 0) error = std::move(error).with_retry_at(now + wait);
  return ApiFailure{std::move(error), wait};
}

}  // namespace bf::exchange
