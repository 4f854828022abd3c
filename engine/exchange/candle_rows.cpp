#include "engine/exchange/candle_rows.h"

#include <algorithm>

#include "engine/exchange/json_members.h"
#include "store/base/assert.h"
#include "store/base/series.h"

namespace bf::exchange {
namespace {

constexpr std::size_t kFieldsMax = 32;

}  // namespace

CandleRows::CandleRows(Interval interval, ColumnSet columns, std::span<const RowField> fields,
                       CandleBatch& out)
    : columns_(columns), fields_(fields), writer_(interval, columns, out) {
  BF_ASSERT(fields.size() <= kFieldsMax);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const bool time =
        fields[i].is == RowField::Is::kOpenTime || fields[i].is == RowField::Is::kCloseTime;
    const bool flag = fields[i].is == RowField::Is::kClosedFlag;
    const bool kept = fields[i].is != RowField::Is::kIgnored && columns.contains(fields[i].column);
    if (time || flag || kept) needed_ |= 1U << i;
  }
}

bool CandleRows::read_field(const RowField& field, std::string_view token) {
  const JsonScalar scalar(token);
  switch (field.is) {
    case RowField::Is::kOpenTime:
    case RowField::Is::kCloseTime: {
      TimeMs time = 0;
      if (!scalar.ends_at(scan_whole_number(scalar.begin, scalar.end, time))) return false;
      return field.is == RowField::Is::kOpenTime ? writer_.open_time(time)
                                                 : writer_.close_time(time);
    }
    case RowField::Is::kNumber:
      if (!columns_.contains(field.column)) return true;
      return scalar.ends_at(writer_.number(field.column, scalar.begin, scalar.end));
    case RowField::Is::kCount:
      if (!columns_.contains(field.column)) return true;
      return scalar.ends_at(writer_.count(field.column, scalar.begin, scalar.end));
    case RowField::Is::kClosedFlag: {
      std::int64_t flag = 0;
      if (!scalar.ends_at(scan_whole_number(scalar.begin, scalar.end, flag))) return false;
      closed_.push_back(flag == 1);
      return flag == 0 || flag == 1;
    }
    case RowField::Is::kIgnored:
      break;
  }
  return true;
}

/// False when the row ends the page: by a field that cannot be read or by too many or too few of them.
bool CandleRows::read_array(simdjson::ondemand::array row) {
  std::size_t field = 0;
  for (simdjson::simdjson_result<simdjson::ondemand::value> element : row) {
    simdjson::ondemand::value value;
    error_ = element.get(value);
    if (error_ != simdjson::SUCCESS) return false;
    if (field == fields_.size()) {
      trouble_ = "more than " + std::to_string(fields_.size()) + " fields";
      return false;
    }
    const std::string_view token = value.raw_json_token();
    if (!read_field(fields_[field], token)) {
      trouble_.append(fields_[field].name).append(" cannot be read: ");
      trouble_.append(printable(token, 64));
      return false;
    }
    ++field;
  }
  if (field == fields_.size()) return true;
  trouble_ = std::to_string(field) + " fields, not " + std::to_string(fields_.size());
  return false;
}

bool CandleRows::read_object(simdjson::ondemand::object row) {
  std::uint32_t seen = 0;
  const bool read = json::for_each_member(row, [&](std::string_view key, json::value content) {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (fields_[i].name != key) continue;
      const std::string_view token = content.raw_json_token();
      const bool twice = (seen & (1U << i)) != 0;
      seen |= 1U << i;
      if (!twice && read_field(fields_[i], token)) return true;
      trouble_.append(key).append(twice ? " is there twice" : " cannot be read: ");
      if (!twice) trouble_.append(printable(token, 64));
      return false;
    }
    return true;
  });
  if (!read) {
    if (trouble_.empty()) trouble_ = "broken JSON";
    return false;
  }
  const std::uint32_t absent = needed_ & ~seen;
  if (absent == 0) return true;
  for (std::size_t i = 0; i < fields_.size() && trouble_.empty(); ++i) {
    if ((absent & (1U << i)) != 0) trouble_.append(fields_[i].name).append(" is missing");
  }
  return false;
}

Error CandleRows::row_error() const {
  std::string message = "candle row " + std::to_string(row_ + 1) + ": ";
  message.append(error_ != simdjson::SUCCESS ? simdjson::error_message(error_) : trouble_);
  return Error(Code::kProtocol, std::move(message));
}

Result<void> CandleRows::read_arrays(simdjson::ondemand::array rows) {
  for (simdjson::simdjson_result<simdjson::ondemand::value> element : rows) {
    simdjson::ondemand::array row;
    error_ = element.get_array().get(row);
    if (error_ != simdjson::SUCCESS || !read_array(row)) return fail(row_error());
    ++row_;
  }
  return {};
}

Result<void> CandleRows::read_objects(simdjson::ondemand::array rows) {
  for (simdjson::simdjson_result<simdjson::ondemand::value> element : rows) {
    simdjson::ondemand::object row;
    error_ = element.get_object().get(row);
    if (error_ != simdjson::SUCCESS || !read_object(row)) return fail(row_error());
    ++row_;
  }
  return {};
}

}  // namespace bf::exchange
