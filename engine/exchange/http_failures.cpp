#include "engine/exchange/http_failures.h"

#include <algorithm>
#include <charconv>

#include "store/base/http_date.h"

namespace bf::exchange {
namespace {

bool is_digit(char byte) noexcept { return byte >= '0' && byte <= '9'; }

}  // namespace

std::string_view header_of(const ApiResponse& response, std::string_view name) {
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

}  // namespace bf::exchange
