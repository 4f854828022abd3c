#include "tools/cli/import_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "store/base/decimal.h"
#include "store/base/series.h"
#include "store/base/time.h"
#include "tools/cli/text.h"

namespace bf::cli {
namespace {

using Role = ImportField::Role;

constexpr std::array kRequired = {Column::kOpen, Column::kHigh, Column::kLow, Column::kClose,
                                  Column::kVolume};
constexpr std::size_t kKlineFields = 12;
constexpr std::string_view kColumnsHint =
    "name the file's columns in their order with --columns, such as "
    "time,open,high,low,close,volume; \"ignore\" passes one over";

struct KnownName {
  std::string_view name;  ///< in lower case, letters and digits alone
  ImportField field;
};

constexpr ImportField kTime{Role::kOpenTime, Column::kOpenTime};
constexpr ImportField kIgnore{Role::kIgnored, Column::kOpenTime};
constexpr ImportField value(Column column) { return {Role::kValue, column}; }

constexpr KnownName kKnownNames[] = {
    {"opentime", kTime},
    {"time", kTime},
    {"timestamp", kTime},
    {"timestampms", kTime},
    {"ts", kTime},
    {"mts", kTime},
    {"unix", kTime},
    {"date", kTime},
    {"datetime", kTime},
    {"starttime", kTime},
    {"closetime", {Role::kCloseTime, Column::kOpenTime}},
    {"open", value(Column::kOpen)},
    {"high", value(Column::kHigh)},
    {"low", value(Column::kLow)},
    {"close", value(Column::kClose)},
    {"volume", value(Column::kVolume)},
    {"vol", value(Column::kVolume)},
    {"quotevolume", value(Column::kQuoteVolume)},
    {"quoteassetvolume", value(Column::kQuoteVolume)},
    {"quoteav", value(Column::kQuoteVolume)},
    {"volumenotional", value(Column::kQuoteVolume)},
    {"turnover", value(Column::kQuoteVolume)},
    {"trades", value(Column::kTrades)},
    {"count", value(Column::kTrades)},
    {"numberoftrades", value(Column::kTrades)},
    {"tradecount", value(Column::kTrades)},
    {"tradesdone", value(Column::kTrades)},
    {"takerbuybase", value(Column::kTakerBuyBase)},
    {"takerbuyvolume", value(Column::kTakerBuyBase)},
    {"takerbuybaseassetvolume", value(Column::kTakerBuyBase)},
    {"tbbaseav", value(Column::kTakerBuyBase)},
    {"takerbuyquote", value(Column::kTakerBuyQuote)},
    {"takerbuyquotevolume", value(Column::kTakerBuyQuote)},
    {"takerbuyquoteassetvolume", value(Column::kTakerBuyQuote)},
    {"tbquoteav", value(Column::kTakerBuyQuote)},
    {"ignore", kIgnore},
    {"source", kIgnore},  // of our own exports
    {"", kIgnore},        // the index that pandas writes
};

/// "Open_Time", "open time" and "openTime" are one name.
std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') {
      plain.push_back(static_cast<char>(c - 'A' + 'a'));
    } else if (c != '_' && c != ' ' && c != '-') {
      plain.push_back(c);
    }
  }
  return plain;
}

std::optional<ImportField> known_field(std::string_view name) {
  const std::string plain = plain_name(name);
  for (const KnownName& known : kKnownNames) {
    if (known.name == plain) return known.field;
  }
  return std::nullopt;
}

Error incomplete(std::string_view what) {
  return Error(Code::kUsage, fmt::format("no column is the {}: {}", what, kColumnsHint));
}

/// A digit count's power of ten that turns a number of `unit` into ms.
int exponent_of(TimeUnit unit) noexcept {
  switch (unit) {
    case TimeUnit::kSeconds:
      return 3;
    case TimeUnit::kMicros:
      return -3;
    case TimeUnit::kNanos:
      return -6;
    default:
      return 0;
  }
}

bool in_time(TimeMs t) noexcept { return t >= kTimeMin && t < kTimeMax; }

/// value * 10^exponent in whole ms, towards zero; `exact` says whether anything was cut.
std::optional<TimeMs> to_ms(Decimal number, int exponent, bool& exact) {
  exponent -= number.scale;
  TimeMs ms = 0;
  exact = true;
  if (exponent >= 0) {
    if (exponent > 18 || !scale_up(number.mantissa, exponent, ms)) return std::nullopt;
    return ms;
  }
  if (exponent < -18) return std::nullopt;
  const std::int64_t divisor = power_of_ten(-exponent);
  exact = number.mantissa % divisor == 0;
  return number.mantissa / divisor;
}

/// The unit in which `text` lies between 2000 and 2200.
TimeUnit detect_unit(std::string_view text) {
  Decimal number;
  if (parse_decimal(text, number) != DecimalStatus::kExact) return TimeUnit::kText;
  for (const TimeUnit unit : {TimeUnit::kSeconds, TimeUnit::kMicros, TimeUnit::kNanos}) {
    bool exact = true;
    const std::optional<TimeMs> ms = to_ms(number, exponent_of(unit), exact);
    if (ms && in_time(*ms)) return unit;
  }
  return TimeUnit::kMillis;
}

std::string_view unit_words(TimeUnit unit) noexcept {
  switch (unit) {
    case TimeUnit::kSeconds:
      return "seconds";
    case TimeUnit::kMicros:
      return "microseconds";
    case TimeUnit::kNanos:
      return "nanoseconds";
    default:
      return "milliseconds";
  }
}

/// Takes fixed-width parts from the front of a text.
class TextTime {
 public:
  explicit TextTime(std::string_view text) : rest_(text) {}
  [[nodiscard]] bool digits(std::size_t count, int& out) {
    if (rest_.size() < count) return false;
    out = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return false;
      out = out * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return true;
  }
  [[nodiscard]] bool one_of(std::string_view chars) {
    if (rest_.empty() || chars.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// ".123456789": ms, and whether all behind them is zero.
  [[nodiscard]] bool fraction(int& ms, bool& exact) {
    std::size_t count = 0;
    for (int digit = 0; digits(1, digit); ++count) {
      if (count < 3) ms = ms * 10 + digit;
      if (count >= 3 && digit != 0) exact = false;
    }
    for (std::size_t i = count; i < 3; ++i) ms *= 10;
    return count > 0 && count <= 9;
  }
  /// Nothing, "Z", "UTC", "+HH:MM", "+HHMM" or "+HH"; the whole of what is left.
  [[nodiscard]] bool zone(DurationMs& offset) {
    if (rest_.empty() || rest_ == "Z" || rest_ == "z" || rest_ == "UTC" || rest_ == " UTC") {
      return true;
    }
    const bool west = rest_.front() == '-';
    int hours = 0;
    int minutes = 0;
    if (!one_of("+-") || !digits(2, hours) || hours > 23) return false;
    const bool colon = one_of(":");
    if ((colon || !rest_.empty()) && (!digits(2, minutes) || minutes > 59)) return false;
    offset = (hours * kHourMs + minutes * kMinuteMs) * (west ? -1 : 1);
    return rest_.empty();
  }
  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::optional<TimeMs> parse_text_time(std::string_view text, bool& exact) {
  TextTime in(text);
  CivilTime civil;
  DurationMs offset = 0;
  if (!in.digits(4, civil.year) || !in.one_of("-/") || !in.digits(2, civil.month) ||
      !in.one_of("-/") || !in.digits(2, civil.day)) {
    return std::nullopt;
  }
  if (!in.at_end()) {
    if (!in.one_of(" Tt") || !in.digits(2, civil.hour) || !in.one_of(":") ||
        !in.digits(2, civil.minute)) {
      return std::nullopt;
    }
    if (in.one_of(":") && !in.digits(2, civil.second)) return std::nullopt;
    if (in.one_of(".") && !in.fraction(civil.millisecond, exact)) return std::nullopt;
    if (!in.zone(offset)) return std::nullopt;
  }
  const bool in_day = civil.hour < 24 && civil.minute < 60 && civil.second < 60;
  const bool in_year = civil.month >= 1 && civil.month <= 12 && civil.day >= 1 && civil.day <= 31;
  if (!in_day || !in_year) return std::nullopt;
  const TimeMs t = from_civil(civil);
  if (to_civil(t).day != civil.day) return std::nullopt;  // 31 February
  return t - offset;
}

}  // namespace

Result<ImportLayout> import_layout(std::span<const std::string_view> names) {
  ImportLayout layout;
  bool timed = false;
  bool closed = false;
  for (const std::string_view name : names) {
    std::optional<ImportField> field = known_field(name);
    if (!field) {
      return fail(Code::kUsage, fmt::format("what the column \"{}\" means is not known: {}",
                                            printable(name, 60), kColumnsHint));
    }
    if (field->role == Role::kOpenTime && std::exchange(timed, true)) field = kIgnore;
    const bool twice = (field->role == Role::kCloseTime && std::exchange(closed, true)) ||
                       (field->role == Role::kValue && layout.columns.contains(field->column));
    if (twice) {
      return fail(Code::kUsage, fmt::format("the column \"{}\" means what one before it does: {}",
                                            printable(name, 60), kColumnsHint));
    }
    if (field->role == Role::kValue) layout.columns.insert(field->column);
    layout.fields.push_back(*field);
  }
  if (!timed) return fail(incomplete("open time"));
  for (const Column column : kRequired) {
    if (!layout.columns.contains(column)) return fail(incomplete(column_name(column)));
  }
  return layout;
}

Result<ImportLayout> nameless_layout(std::size_t fields, bool six_are_known) {
  constexpr std::array<std::string_view, kKlineFields> kKline = {
      "time",      "open",         "high",   "low",          "close",         "volume",
      "closetime", "quote_volume", "trades", "takerbuybase", "takerbuyquote", "ignore"};
  if (fields == kKlineFields) return import_layout(kKline);
  if (fields == 6 && six_are_known) return import_layout(std::span(kKline).first(6));
  return fail(Code::kUsage, fmt::format("rows of {} and no header: {}",
                                        format_counted(static_cast<std::int64_t>(fields), "column"),
                                        kColumnsHint));
}

bool is_header(std::span<const std::string_view> fields) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto number = [](std::string_view field) {
    Decimal ignored;
    return parse_decimal(field, ignored) != DecimalStatus::kInvalid;
  };
  // pandas leaves the name of its index empty
  const auto first =
      std::find_if(fields.begin(), fields.end(), [](std::string_view f) { return !f.empty(); });
  if (first == fields.end() || !letter(first->front())) return false;
  return std::none_of(fields.begin(), fields.end(), number);
}

Result<TimeUnit> parse_time_unit(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, TimeUnit>, 6> kUnits = {
      {{"auto", TimeUnit::kAuto},
       {"s", TimeUnit::kSeconds},
       {"ms", TimeUnit::kMillis},
       {"us", TimeUnit::kMicros},
       {"ns", TimeUnit::kNanos},
       {"text", TimeUnit::kText}}};
  for (const auto& [name, unit] : kUnits) {
    if (name == text) return unit;
  }
  return fail(Code::kUsage, fmt::format("--time-unit \"{}\" is none of auto, s, ms, us, ns, text",
                                        printable(text, 60)));
}

Result<TimeMs> TimeReader::read(std::string_view text) {
  if (unit_ == TimeUnit::kAuto) unit_ = detect_unit(text);
  return unit_ == TimeUnit::kText ? read_text(text) : read_number(text);
}

Result<TimeMs> TimeReader::read_number(std::string_view text) const {
  Decimal number;
  bool exact = true;
  std::optional<TimeMs> ms;
  if (parse_decimal(text, number) == DecimalStatus::kExact) {
    ms = to_ms(number, exponent_of(unit_), exact);
  }
  if (!ms || !in_time(*ms)) {
    return fail(Code::kDataQuality, fmt::format("\"{}\" is no time from 2000 to 2200 in {}",
                                                printable(text, 60), unit_words(unit_)));
  }
  if (!exact && finer_ == Finer::kRefused) {
    return fail(Code::kDataQuality,
                fmt::format("\"{}\" is finer than a millisecond", printable(text, 60)));
  }
  return *ms;
}

Result<TimeMs> TimeReader::read_text(std::string_view text) const {
  bool exact = true;
  const std::optional<TimeMs> ms = parse_text_time(text, exact);
  if (!ms || !in_time(*ms)) {
    return fail(Code::kDataQuality,
                fmt::format("\"{}\" is no time from 2000 to 2200, such as 2024-01-31 23:59:00",
                            printable(text, 60)));
  }
  if (!exact && finer_ == Finer::kRefused) {
    return fail(Code::kDataQuality,
                fmt::format("\"{}\" is finer than a millisecond", printable(text, 60)));
  }
  return *ms;
}

}  // namespace bf::cli
