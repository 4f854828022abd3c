#include "engine/sim/column_text.h"

#include "engine/sim/kline_text.h"

namespace bf::sim {

std::string double_text(std::string_view decimal) {
  const bool fraction = decimal.find('.') != std::string_view::npos;
  std::string text(decimal);
  if (!fraction) return text += ".0";
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text += '0';
  return text;
}

Columns columns_of(std::string_view json_rows) {
  Columns columns;
  for (const std::string_view row : split_rows(json_rows)) {
    const KlineFields fields = row_fields(row);
    columns.open_times.push_back(fields[kOpenTimeField]);
    columns.open.push_back(double_text(fields[kOpenField]));
    columns.high.push_back(double_text(fields[kHighField]));
    columns.low.push_back(double_text(fields[kLowField]));
    columns.close.push_back(double_text(fields[kCloseField]));
    columns.volume.push_back(double_text(fields[kVolumeField]));
    columns.quote_volume.push_back(double_text(fields[kQuoteVolumeField]));
  }
  return columns;
}

std::string number_array(const std::vector<std::string>& values) {
  std::string json = "[";
  for (const std::string& value : values) {
    if (json.size() > 1) json += ',';
    json += value;
  }
  return json += ']';
}

}  // namespace bf::sim
