#include "store/base/time.h"

#include <charconv>
#include <cstdio>

namespace bf {
namespace {

// Days since 1970-01-01 of a civil date, and back (Howard Hinnant, "chrono-compatible low-level date
// algorithms"): years are counted from March, so that the leap day is the last of its year.
std::int64_t days_from_civil(std::int64_t year, int month, int day) noexcept {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) noexcept {
  return a / b - ((a % b != 0 && (a % b < 0) != (b < 0)) ? 1 : 0);
}

bool read_digits(std::string_view& text, std::size_t count, int& out) noexcept {
  if (text.size() < count) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + count, out);
  if (error != std::errc() || end != text.data() + count || text[0] == '-') return false;
  text.remove_prefix(count);
  return true;
}

bool read_char(std::string_view& text, char expected) noexcept {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

/// ".123456789" after the seconds: the first three digits count, all must be digits.
bool read_fraction(std::string_view& text, int& millisecond) noexcept {
  if (!read_char(text, '.')) return true;
  int digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (digits < 3) millisecond = millisecond * 10 + (text.front() - '0');
    ++digits;
    text.remove_prefix(1);
  }
  for (int i = digits; i < 3; ++i) millisecond *= 10;
  return digits > 0;
}

/// "Z" or "+hh:mm": minutes east of UTC.
bool read_offset(std::string_view& text, int& offset_minutes) noexcept {
  if (read_char(text, 'Z') || read_char(text, 'z')) return true;
  const int sign = !text.empty() && text.front() == '-' ? -1 : 1;
  if (!read_char(text, '+') && !read_char(text, '-')) return false;
  int hours = 0;
  int minutes = 0;
  if (!read_digits(text, 2, hours) || !read_char(text, ':') || !read_digits(text, 2, minutes)) {
    return false;
  }
  offset_minutes = sign * (hours * 60 + minutes);
  return hours < 24 && minutes < 60;
}

int days_in_month(int year, int month) noexcept {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

bool read_civil(std::string_view text, TimeMs& out) noexcept {
  CivilTime civil;
  if (!read_digits(text, 4, civil.year) || !read_char(text, '-')) return false;
  if (!read_digits(text, 2, civil.month)) return false;
  if (civil.month < 1 || civil.month > 12) return false;
  int offset_minutes = 0;
  if (!text.empty()) {
    if (!read_char(text, '-') || !read_digits(text, 2, civil.day)) return false;
    if (civil.day < 1 || civil.day > days_in_month(civil.year, civil.month)) return false;
  }
  if (!text.empty()) {
    if (!read_char(text, 'T') && !read_char(text, ' ') && !read_char(text, 't')) return false;
    if (!read_digits(text, 2, civil.hour) || !read_char(text, ':')) return false;
    if (!read_digits(text, 2, civil.minute)) return false;
    if (read_char(text, ':')) {
      if (!read_digits(text, 2, civil.second)) return false;
      if (!read_fraction(text, civil.millisecond)) return false;
    }
    if (civil.hour > 23 || civil.minute > 59 || civil.second > 59) return false;
    if (!read_offset(text, offset_minutes)) return false;
  }
  out = from_civil(civil) - offset_minutes * kMinuteMs;
  return text.empty();
}

}  // namespace

CivilTime to_civil(TimeMs t) noexcept {
  const std::int64_t days = floor_div(t, kDayMs);
  const std::int64_t ms_of_day = t - days * kDayMs;
  const std::int64_t z = days + 719468;
  const std::int64_t era = floor_div(z, 146097);
  const std::int64_t day_of_era = z - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  CivilTime civil;
  civil.day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  civil.month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  civil.year = static_cast<int>(year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0));
  civil.hour = static_cast<int>(ms_of_day / kHourMs);
  civil.minute = static_cast<int>(ms_of_day / kMinuteMs % 60);
  civil.second = static_cast<int>(ms_of_day / kSecondMs % 60);
  civil.millisecond = static_cast<int>(ms_of_day % 1000);
  return civil;
}

TimeMs from_civil(const CivilTime& civil) noexcept {
  return days_from_civil(civil.year, civil.month, civil.day) * kDayMs + civil.hour * kHourMs +
         civil.minute * kMinuteMs + civil.second * kSecondMs + civil.millisecond;
}

TimeMs month_begin(TimeMs t) noexcept {
  const CivilTime civil = to_civil(t);
  return days_from_civil(civil.year, civil.month, 1) * kDayMs;
}

TimeMs next_month_begin(TimeMs t) noexcept {
  const CivilTime civil = to_civil(t);
  if (civil.month == 12) return days_from_civil(civil.year + 1, 1, 1) * kDayMs;
  return days_from_civil(civil.year, civil.month + 1, 1) * kDayMs;
}

TimeMs year_begin(TimeMs t) noexcept { return days_from_civil(to_civil(t).year, 1, 1) * kDayMs; }

TimeMs next_year_begin(TimeMs t) noexcept {
  return days_from_civil(to_civil(t).year + 1, 1, 1) * kDayMs;
}

std::string format_time(TimeMs t) {
  const CivilTime c = to_civil(t);
  char text[48];
  int size = std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month,
                           c.day, c.hour, c.minute, c.second);
  if (c.millisecond != 0) {
    size += std::snprintf(text + size, sizeof text - static_cast<std::size_t>(size), ".%03d",
                          c.millisecond);
  }
  return std::string(text, static_cast<std::size_t>(size)) + "Z";
}

std::string format_range(TimeRange range) {
  return format_time(range.from) + ".." + format_time(range.to);
}

Result<TimeMs> parse_time(std::string_view text) {
  TimeMs t = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), t);
  const bool is_integer = error == std::errc() && end == text.data() + text.size();
  // Four digits alone are a year to a reader, not an instant in January 1970.
  if ((!is_integer || text.size() < 11) && !read_civil(text, t)) {
    return fail(Code::kUsage, "\"" + std::string(text) +
                                  "\" is not a time: write 2024-01-31, 2024-01-31T23:59:00Z or "
                                  "milliseconds since 1970");
  }
  if (t < kTimeMin || t >= kTimeMax) {
    return fail(Code::kUsage, "\"" + std::string(text) + "\" lies outside the years 2000 to 2199");
  }
  return t;
}

}  // namespace bf
