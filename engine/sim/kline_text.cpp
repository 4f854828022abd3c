#include "engine/sim/kline_text.h"

#include "store/base/assert.h"

namespace bf::sim {
namespace {

/// Whether the field is a JSON number; all others are strings.
constexpr bool is_number(std::size_t field) noexcept {
  return field == kOpenTimeField || field == kCloseTimeField || field == kTradesField;
}

}  // namespace

void append_json_row(const std::array<std::string_view, kKlineFields>& fields, std::string& out) {
  for (std::size_t i = 0; i < kKlineFields; ++i) {
    out += i == 0 ? '[' : ',';
    if (!is_number(i)) out += '"';
    out += fields[i];
    if (!is_number(i)) out += '"';
  }
  out += ']';
}

void append_csv(std::string_view json_rows, bool microseconds, std::string& out) {
  std::size_t field = 0;
  bool between_rows = false;
  for (const char c : json_rows) {
    if (c == '"' || c == '[') {
      between_rows = false;
      continue;
    }
    if (c == ']') {
      out += '\n';
      field = 0;
      between_rows = true;
      continue;
    }
    if (between_rows) continue;
    if (c == ',') {
      if (microseconds && field == kOpenTimeField) out += "000";
      if (microseconds && field == kCloseTimeField) out += "999";
      ++field;
    }
    out += c;
  }
}

std::vector<std::string_view> split_rows(std::string_view json_rows) {
  std::vector<std::string_view> rows;
  while (!json_rows.empty()) {
    const std::size_t end = json_rows.find(']');
    BF_ASSERT(json_rows.front() == '[' && end != std::string_view::npos);
    rows.push_back(json_rows.substr(0, end + 1));
    json_rows.remove_prefix(end + 1);
    if (!json_rows.empty()) json_rows.remove_prefix(1);
  }
  return rows;
}

std::string join_rows(const std::vector<std::string>& rows) {
  std::string joined;
  for (const std::string& row : rows) {
    if (!joined.empty()) joined += ',';
    joined += row;
  }
  return joined;
}

KlineFields row_fields(std::string_view json_row) {
  KlineFields fields;
  std::size_t field = 0;
  for (const char c : json_row) {
    if (c == '[' || c == ']' || c == '"') continue;
    if (c == ',') {
      ++field;
      BF_ASSERT(field < kKlineFields);
      continue;
    }
    fields[field] += c;
  }
  BF_ASSERT(field + 1 == kKlineFields);
  return fields;
}

std::string json_row(const KlineFields& fields) {
  std::array<std::string_view, kKlineFields> views;
  for (std::size_t i = 0; i < kKlineFields; ++i) views[i] = fields[i];
  std::string row;
  append_json_row(views, row);
  return row;
}

std::string forming_row(std::string_view json_row_text) {
  KlineFields fields = row_fields(json_row_text);
  for (const std::size_t i : {kHighField, kLowField, kCloseField}) fields[i] = fields[kOpenField];
  for (const std::size_t i :
       {kVolumeField, kQuoteVolumeField, kTradesField, kTakerBuyBaseField, kTakerBuyQuoteField}) {
    fields[i] = "0";
  }
  return json_row(fields);
}

}  // namespace bf::sim
