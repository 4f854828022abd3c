#include "engine/sim/row_faults.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <utility>
#include <vector>

#include "engine/sim/kline_text.h"

namespace bf::sim {
namespace {

std::int64_t number_in(const std::string& field) {
  std::int64_t number = 0;
  std::from_chars(field.data(), field.data() + field.size(), number);
  return number;
}

/// `row` so many intervals later.
std::string moved_row(std::string_view row, std::int64_t slots) {
  KlineFields fields = row_fields(row);
  const std::int64_t open_time = number_in(fields[kOpenTimeField]);
  const std::int64_t step = number_in(fields[kCloseTimeField]) - open_time + 1;
  fields[kOpenTimeField] = std::to_string(open_time + slots * step);
  fields[kCloseTimeField] = std::to_string(open_time + (slots + 1) * step - 1);
  return json_row(fields);
}

constexpr std::size_t kDecimalFields[] = {kOpenField,         kHighField,         kLowField,
                                          kCloseField,        kVolumeField,       kQuoteVolumeField,
                                          kTakerBuyBaseField, kTakerBuyQuoteField};

/// The same value with an exponent: "12.5" as "125E-1".
std::string with_exponent(const std::string& decimal) {
  const std::size_t point = decimal.find('.');
  if (point == std::string::npos) return decimal;
  const std::size_t decimals = decimal.size() - point - 1;
  std::string digits = decimal.substr(0, point) + decimal.substr(point + 1);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  return digits + "E-" + std::to_string(decimals);
}

template <class Change>
void change_each(std::vector<std::string>& rows, const Change& change) {
  for (std::string& row : rows) {
    KlineFields fields = row_fields(row);
    change(fields);
    row = json_row(fields);
  }
}

using Rows = std::vector<std::string>;

struct NamedChange {
  std::string_view name;
  void (*change)(Rows& rows, std::size_t drawn);
};
constexpr NamedChange kChanges[] = {
    {"descending", [](Rows& rows, std::size_t) { std::reverse(rows.begin(), rows.end()); }},
    {"before_start",
     [](Rows& rows, std::size_t) { rows.insert(rows.begin(), moved_row(rows.front(), -1)); }},
    {"after_end", [](Rows& rows, std::size_t) { rows.push_back(moved_row(rows.back(), 1)); }},
    {"short_end",
     [](Rows& rows, std::size_t) { rows.resize(std::max<std::size_t>(1, rows.size() - 3)); }},
    {"close_time",
     [](Rows& rows, std::size_t drawn) {
       KlineFields fields = row_fields(rows[drawn]);
       fields[kCloseTimeField] = std::to_string(number_in(fields[kCloseTimeField]) - 1);
       rows[drawn] = json_row(fields);
     }},
    {"mixed_units",  // from the middle on in microseconds
     [](Rows& rows, std::size_t) {
       for (std::size_t i = rows.size() / 2; i < rows.size(); ++i) {
         KlineFields fields = row_fields(rows[i]);
         fields[kOpenTimeField] += "000";
         fields[kCloseTimeField] += "999";
         rows[i] = json_row(fields);
       }
     }},
    {"low_high_open_close",
     [](Rows& rows, std::size_t) {
       change_each(rows, [](KlineFields& fields) {
         const KlineFields sound = fields;
         fields[kOpenField] = sound[kLowField];
         fields[kLowField] = sound[kOpenField];
       });
     }},
    {"zeros",
     [](Rows& rows, std::size_t) {
       change_each(rows, [](KlineFields& fields) {
         for (const std::size_t i : kDecimalFields) {
           const bool whole = fields[i].find('.') == std::string::npos;
           fields[i] += whole ? ".0000" : "0000";
         }
       });
     }},
    {"exponent",
     [](Rows& rows, std::size_t) {
       change_each(rows, [](KlineFields& fields) {
         for (const std::size_t i : kDecimalFields) fields[i] = with_exponent(fields[i]);
       });
     }},
    {"zero_price",
     [](Rows& rows, std::size_t drawn) {
       KlineFields fields = row_fields(rows[drawn]);
       for (const std::size_t i : {kOpenField, kHighField, kLowField, kCloseField}) fields[i] = "0";
       rows[drawn] = json_row(fields);
     }},
    {"negative_price",
     [](Rows& rows, std::size_t drawn) {
       KlineFields fields = row_fields(rows[drawn]);
       fields[kLowField].insert(0, "-");
       rows[drawn] = json_row(fields);
     }},
};

constexpr auto kNames = [] {
  std::array<std::string_view, std::size(kChanges)> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kChanges[i].name;
  return names;
}();
/// An integer field times or divided by a thousand.
void change_unit(std::string& field, bool microseconds) {
  if (microseconds) {
    field += "000";
  } else if (field.size() > 3) {
    field.resize(field.size() - 3);
  }
}

void move_off_grid(KlineFields& fields) {
  fields[kOpenTimeField] = std::to_string(number_in(fields[kOpenTimeField]) + 1);
}

std::string changed_row(const FaultRule& rule, std::string_view row) {
  KlineFields fields = row_fields(row);
  if (rule.kind == FaultKind::kOffGrid) move_off_grid(fields);
  if (rule.kind == FaultKind::kNegativeVolume) fields[kVolumeField] = "-1.5";
  if (rule.kind == FaultKind::kHighBelowLow) {
    // Whatever the row holds, it contradicts itself: the low is above every price.
    fields[kLowField] = "1" + fields[kHighField];
  }
  return json_row(fields);
}

/// Changes the rows of a page; `draw` chooses the row.
void change_rows(const FaultRule& rule, std::uint64_t draw, std::vector<std::string>& rows) {
  const auto at = static_cast<std::ptrdiff_t>(draw % rows.size());
  const auto index = static_cast<std::size_t>(at);
  switch (rule.kind) {
    case FaultKind::kRows:
      for (const NamedChange& named : kChanges) {
        if (named.name == rule.text) named.change(rows, index);
      }
      break;
    case FaultKind::kEmpty:
      rows.clear();
      break;
    case FaultKind::kMissing: {
      // From the middle: a page that is short at its end is an ordinary one.
      const std::size_t count = std::min(static_cast<std::size_t>(rule.value), rows.size());
      const auto begin = rows.begin() + static_cast<std::ptrdiff_t>((rows.size() - count) / 2);
      rows.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
      break;
    }
    case FaultKind::kDuplicate: {
      std::string twice = rows[index];
      rows.insert(rows.begin() + at, std::move(twice));
      break;
    }
    case FaultKind::kUnordered:
      std::swap(rows[index], rows[(index + 1) % rows.size()]);
      break;
    case FaultKind::kEarly:
      rows.back() = forming_row(rows.back());
      break;
    case FaultKind::kUnit:
      for (std::string& row : rows) {
        KlineFields fields = row_fields(row);
        change_unit(fields[kOpenTimeField], rule.text == "us");
        change_unit(fields[kCloseTimeField], rule.text == "us");
        row = json_row(fields);
      }
      break;
    default:
      rows[index] = changed_row(rule, rows[index]);
      break;
  }
}

}  // namespace

std::span<const std::string_view> row_faults() noexcept { return kNames; }

bool changes_rows(FaultKind kind) noexcept {
  switch (kind) {
    case FaultKind::kRows:
    case FaultKind::kEmpty:
    case FaultKind::kMissing:
    case FaultKind::kDuplicate:
    case FaultKind::kUnordered:
    case FaultKind::kOffGrid:
    case FaultKind::kHighBelowLow:
    case FaultKind::kNegativeVolume:
    case FaultKind::kEarly:
    case FaultKind::kUnit:
      return true;
    default:
      return false;
  }
}

void apply_to_rows(const FaultRule& rule, std::uint64_t draw, std::string& rows) {
  std::vector<std::string> split;
  for (const std::string_view row : split_rows(rows)) split.emplace_back(row);
  change_rows(rule, draw, split);
  rows = join_rows(split);
}

}  // namespace bf::sim
