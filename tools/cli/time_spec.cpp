#include "tools/cli/time_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "store/base/series.h"

namespace bf::cli {
namespace {

/// Longer than any history; keeps now - offset far from overflow.
constexpr std::int64_t kDaysMax = 100'000;

/// Digits alone, 1 .. `max`.
std::optional<std::int64_t> read_count(std::string_view digits, std::int64_t max) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (count < 1 || count > max) return std::nullopt;
  return count;
}

std::optional<DurationMs> read_unit(char unit) {
  if (unit == 'd') return kDayMs;
  if (unit == 'h') return kHourMs;
  if (unit == 'm') return kMinuteMs;
  return std::nullopt;
}

/// "-90d" as a negative number of ms.
std::optional<DurationMs> read_offset(std::string_view text) {
  if (text.size() < 3 || text.front() != '-') return std::nullopt;
  const std::optional<DurationMs> unit = read_unit(text.back());
  if (!unit) return std::nullopt;
  const std::optional<std::int64_t> count =
      read_count(text.substr(1, text.size() - 2), kDaysMax * kDayMs / *unit);
  if (!count) return std::nullopt;
  return -*count * *unit;
}

Result<SpecRange> parse_days(const RangeFlags& flags) {
  if (!flags.from.empty() || !flags.to.empty()) {
    return fail(Code::kUsage,
                "--days stands for --from and --to: give --days alone, or the two others");
  }
  const std::optional<std::int64_t> days = read_count(flags.days, kDaysMax);
  if (!days) {
    return fail(Code::kUsage,
                fmt::format("--days {}: write a whole number of days from 1 to {}, such as 90",
                            printable(flags.days), kDaysMax));
  }
  SpecRange range;
  range.from = TimeSpec{TimeSpec::From::kNow, -*days * kDayMs};
  range.to_given = true;
  return range;
}

}  // namespace

Result<TimeSpec> parse_time_spec(std::string_view text) {
  if (text == "now") return TimeSpec{TimeSpec::From::kNow, 0};
  if (text == "listing") return TimeSpec{TimeSpec::From::kListing, 0};
  if (const std::optional<DurationMs> offset = read_offset(text)) {
    return TimeSpec{TimeSpec::From::kNow, *offset};
  }
  const Result<TimeMs> instant = parse_time(text);
  if (!instant) {
    return fail(Code::kUsage, printable(instant.error().message()) +
                                  "; -90d, -36h, -30m, now and listing are possible too");
  }
  return TimeSpec{TimeSpec::From::kAbsolute, *instant};
}

Result<DurationMs> parse_lookback(std::string_view text) {
  const std::optional<DurationMs> offset = read_offset("-" + std::string(text));
  if (offset) return -*offset;
  return fail(Code::kUsage, fmt::format("--lookback {}: write days, hours or minutes, such as 7d, "
                                        "36h or 30m",
                                        printable(text)));
}

std::vector<Flag> range_flags(RangeFlags& flags) {
  return {
      Flag("from", "TIME", "begin: 2024-01-31, RFC 3339, ms, -90d, -36h, -30m, now, listing",
           &flags.from, {"days"}),
      Flag("to", "TIME", "end, not included; the same forms (default: now)", &flags.to, {"days"}),
      Flag("days", "N", "the last N x 24 h: --from -Nd --to now", &flags.days, {"from", "to"}),
  };
}

TimeMs resolve(const TimeSpec& spec, TimeMs now, TimeMs listed) noexcept {
  switch (spec.base) {
    case TimeSpec::From::kNow:
      return now + spec.offset_ms;
    case TimeSpec::From::kListing:
      return listed + spec.offset_ms;
    case TimeSpec::From::kAbsolute:
      break;
  }
  return spec.offset_ms;
}

Result<SpecRange> parse_range(const RangeFlags& flags, TimeMs now) {
  if (!flags.days.empty()) return parse_days(flags);
  SpecRange range;
  if (!flags.from.empty()) {
    const Result<TimeSpec> from = parse_time_spec(flags.from);
    if (!from) return fail(from.error().at("--from"));
    range.from = *from;
  }
  if (!flags.to.empty()) {
    const Result<TimeSpec> to = parse_time_spec(flags.to);
    if (!to) return fail(to.error().at("--to"));
    if (to->base == TimeSpec::From::kListing) {
      return fail(Code::kUsage, "--to listing: nothing exists before a listing; give a later end");
    }
    range.to = *to;
    range.to_given = true;
  }
  if (!range.from) return range;
  // Every listing is later than kTimeMin: so only an end before all data is refused here.
  if (resolve(*range.from, now, kTimeMin) >= resolve(range.to, now, kTimeMin)) {
    const std::string from = printable(flags.from);
    if (!range.to_given) {
      return fail(Code::kUsage,
                  fmt::format("the range is empty: --from {} is not before now", from));
    }
    return fail(Code::kUsage,
                fmt::format("the range is reversed or empty: --from {} is not before --to {}; "
                            "swap them",
                            from, printable(flags.to)));
  }
  return range;
}

}  // namespace bf::cli
