#include "engine/exchange/funding_rows.h"

#include "store/base/series.h"

namespace bf::exchange {
namespace {

/// Whether a member is there and says something: not "", not null.
bool is_told(std::string_view token) noexcept {
  return !token.empty() && !token.starts_with("\"\"") && !token.starts_with("null");
}

bool write_number(CandleWriter& writer, Column column, std::string_view token) {
  const JsonScalar scalar(token);
  return scalar.ends_at(writer.number(column, scalar.begin, scalar.end));
}

}  // namespace

bool FundingRows::failed(std::string_view what, std::string_view token) {
  error_ = "event " + std::to_string(row_ + 1) + ": ";
  error_.append(what);
  if (!token.empty()) error_.append(" cannot be read: ").append(printable(token, 64));
  return false;
}

std::string_view* FundingRows::field_of(std::string_view key, Event& event) const noexcept {
  if (key == names_.time) return &event.time;
  if (key == names_.rate) return &event.rate;
  if (key == names_.settled_rate) return &event.settled_rate;
  if (key == names_.mark_price) return &event.mark_price;
  if (key == names_.index_price) return &event.index_price;
  return nullptr;
}

bool FundingRows::read_event(json::object members) {
  Event event;
  name_.clear();
  const bool read = json::for_each_member(members, [&](std::string_view key, json::value content) {
    if (!names_.instrument.empty() && key == names_.instrument) {
      return json::read_text(content, name_) || failed("whose it is cannot be read");
    }
    std::string_view* const field = key.empty() ? nullptr : field_of(key, event);
    if (field == nullptr) return true;
    if (!field->empty()) return failed(std::string(key) + " is there twice");
    *field = content.raw_json_token();
    return true;
  });
  if (!read) return !error_.empty() ? false : failed("broken JSON");
  if (!names_.instrument.empty() && name_ != symbol_) {
    return failed(std::string(names_.instrument) + " is not the one asked for");
  }
  return write(event);
}

bool FundingRows::write(const Event& event) {
  ColumnSet columns = {Column::kFundingRate};
  if (is_told(event.mark_price)) columns.insert(Column::kMarkPrice);
  if (is_told(event.index_price)) columns.insert(Column::kIndexPrice);
  if (!names_.hours.empty()) columns.insert(Column::kFundingHours);
  if (runs_.empty() || !(runs_.back().columns == columns)) {
    runs_.emplace_back();
    writer_.emplace(Interval::kEvents, columns, runs_.back());
  }
  if (event.time.empty()) return failed(std::string(names_.time) + " is missing");
  const JsonScalar scalar(event.time);
  TimeMs time = 0;
  if (!scalar.ends_at(scan_whole_number(scalar.begin, scalar.end, time)) ||
      !writer_->open_time(time)) {
    return failed(names_.time, event.time);
  }
  const std::string_view rate = is_told(event.settled_rate) ? event.settled_rate : event.rate;
  if (!is_told(rate)) return failed(std::string(names_.rate) + " is missing");
  if (!write_number(*writer_, Column::kFundingRate, rate)) return failed(names_.rate, rate);
  if (columns.contains(Column::kMarkPrice) &&
      !write_number(*writer_, Column::kMarkPrice, event.mark_price)) {
    return failed(names_.mark_price, event.mark_price);
  }
  if (columns.contains(Column::kIndexPrice) &&
      !write_number(*writer_, Column::kIndexPrice, event.index_price)) {
    return failed(names_.index_price, event.index_price);
  }
  if (columns.contains(Column::kFundingHours)) {
    const std::string_view hours = names_.hours;
    const bool counted =
        writer_->count(Column::kFundingHours, hours.data(), hours.data() + hours.size()) != nullptr;
    if (!counted) return failed("hours", hours);
  }
  return true;
}

bool FundingRows::read_list(json::value list) {
  simdjson::ondemand::array events;
  if (list.get_array().get(events) != simdjson::SUCCESS) {
    error_ = "not a list of events";
    return false;
  }
  for (simdjson::simdjson_result<json::value> element : events) {
    json::object members;
    if (element.get_object().get(members) != simdjson::SUCCESS) return failed("not an object");
    if (!read_event(members)) return false;
    ++row_;
  }
  return true;
}

}  // namespace bf::exchange
