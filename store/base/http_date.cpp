#include "store/base/http_date.h"

#include <array>
#include <cstdio>

namespace bf {
namespace {

constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
// 1970-01-01 was a Thursday.
constexpr std::array<const char*, 7> kWeekdays = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
constexpr std::size_t kDateBytes = 29;

int number_at(std::string_view text, std::size_t begin, std::size_t size) {
  int value = 0;
  for (const char digit : text.substr(begin, size)) value = value * 10 + (digit - '0');
  return value;
}

}  // namespace

std::optional<TimeMs> parse_http_date(std::string_view text) {
  if (text.size() != kDateBytes) return std::nullopt;
  CivilTime civil;
  civil.year = number_at(text, 12, 4);
  civil.month = static_cast<int>(kMonths.find(text.substr(8, 3)) / 3) + 1;
  civil.day = number_at(text, 5, 2);
  civil.hour = number_at(text, 17, 2);
  civil.minute = number_at(text, 20, 2);
  civil.second = number_at(text, 23, 2);
  if (civil.year < 1970 || civil.year > 9999 || civil.month > 12) return std::nullopt;
  // Whatever is not a date's text does not come back as it was.
  const TimeMs t = from_civil(civil);
  if (t < 0 || format_http_date(t) != text) return std::nullopt;
  return t;
}

std::string format_http_date(TimeMs t) {
  const CivilTime civil = to_civil(t);
  const auto weekday = static_cast<std::size_t>(t / kDayMs % 7);
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%s, %02d %.3s %04d %02d:%02d:%02d GMT",
                                 kWeekdays[weekday], civil.day,
                                 &kMonths[static_cast<std::size_t>(civil.month - 1) * 3],
                                 civil.year, civil.hour, civil.minute, civil.second);
  return std::string(text.data(), static_cast<std::size_t>(size));
}

}  // namespace bf
