#include "engine/exchange/column_arrays.h"

#include <algorithm>

#include "engine/exchange/json_scalar.h"
#include "store/base/series.h"

namespace bf::exchange {

void ColumnArrays::clear() {
  there_ = {};
  for (Texts& texts : texts_) texts.clear();
  error_.clear();
}

bool ColumnArrays::failed(Column column, std::string_view what) {
  error_.assign(column_name(column)).append(": ").append(what);
  return false;
}

bool ColumnArrays::read(Column column, simdjson::ondemand::value from) {
  if (has(column)) return failed(column, "the array comes twice");
  there_[static_cast<std::size_t>(column)] = true;
  simdjson::ondemand::array elements;
  if (from.get_array().get(elements) != simdjson::SUCCESS) return failed(column, "not an array");
  Texts& texts = texts_[static_cast<std::size_t>(column)];
  for (simdjson::simdjson_result<simdjson::ondemand::value> element : elements) {
    simdjson::ondemand::value value;
    bool scalar = false;
    simdjson::error_code error = element.get(value);
    if (error == simdjson::SUCCESS) error = value.is_scalar().get(scalar);
    if (error != simdjson::SUCCESS) return failed(column, simdjson::error_message(error));
    if (!scalar) return failed(column, "a value is a list or an object");
    if (texts.size() == kArrayRowsMax) return failed(column, "too many values");
    texts.push_back(value.raw_json_token());
  }
  return true;
}

bool ColumnArrays::empty() const noexcept {
  return std::all_of(texts_.begin(), texts_.end(), [](const Texts& t) { return t.empty(); });
}

bool ColumnArrays::complete(ColumnSet columns) {
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    if (!columns.contains(column)) continue;
    if (!has(column)) return failed(column, "the array is missing");
    if (of(column).size() == rows()) continue;
    return failed(column, std::to_string(of(column).size()) + " values for " +
                              std::to_string(rows()) + " open times");
  }
  return true;
}

bool read_whole_number(std::string_view text, std::int64_t& out) {
  const JsonScalar scalar(text);
  return scalar.ends_at(scan_whole_number(scalar.begin, scalar.end, out));
}

bool write_number(CandleWriter& writer, Column column, std::string_view text) {
  const JsonScalar scalar(text);
  return scalar.ends_at(writer.number(column, scalar.begin, scalar.end));
}

Error cell_error(std::size_t row, Column column, std::string_view text) {
  std::string message = "candle " + std::to_string(row + 1) + ": ";
  message.append(column_name(column)).append(" cannot be read: ").append(printable(text, 64));
  return Error(Code::kProtocol, std::move(message));
}

}  // namespace bf::exchange
