#include "engine/exchange/http_date.h"

namespace bf::exchange {
namespace {

constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::string_view kShape = "aaa, 00 aaa 0000 00:00:00 GMT";

bool has_shape(std::string_view text) noexcept {
  if (text.size() != kShape.size()) return false;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const char byte = text[i];
    const bool digit = byte >= '0' && byte <= '9';
    const bool letter = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
    const char wanted = kShape[i];
    if (wanted == '0' ? !digit : wanted == 'a' ? !letter : byte != wanted) return false;
  }
  return true;
}

int number_at(std::string_view text, std::size_t begin, std::size_t size) noexcept {
  int value = 0;
  for (const char digit : text.substr(begin, size)) value = value * 10 + (digit - '0');
  return value;
}

}  // namespace

std::optional<TimeMs> parse_http_date(std::string_view text) noexcept {
  if (!has_shape(text)) return std::nullopt;
  const std::size_t month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  CivilTime civil;
  civil.year = number_at(text, 12, 4);
  civil.month = static_cast<int>(month / 3) + 1;
  civil.day = number_at(text, 5, 2);
  civil.hour = number_at(text, 17, 2);
  civil.minute = number_at(text, 20, 2);
  civil.second = number_at(text, 23, 2);
  // 60 is a leap second.
  if (civil.day < 1 || civil.hour > 23 || civil.minute > 59 || civil.second > 60)
    return std::nullopt;
  const TimeMs time = from_civil(civil);
  // A 31st of February would come back as another date.
  if (civil.second < 60 && to_civil(time).day != civil.day) return std::nullopt;
  if (time < kTimeMin || time >= kTimeMax) return std::nullopt;
  return time;
}

}  // namespace bf::exchange
