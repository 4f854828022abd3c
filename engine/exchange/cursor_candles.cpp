#include "engine/exchange/cursor_candles.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <vector>

#include "engine/exchange/candle_writer.h"
#include "engine/exchange/code_envelope.h"
#include "engine/exchange/percent.h"

namespace bf::exchange::cursor {
namespace {

/// What the shortest possible row takes, to size columns by the bytes of an answer.
constexpr std::size_t kRowBytesMin = 30;
constexpr std::size_t kRowsReservedMax = 2'000;

constexpr std::array<std::string_view, 9> kFieldNames = {
    "open time", "open", "high", "low", "close", "vol", "volCcy", "volCcyQuote", "confirm"};
constexpr std::array<Column, 5> kPriceColumns = {Column::kOpenTime, Column::kOpen, Column::kHigh,
                                                 Column::kLow, Column::kClose};

class RowParser {
 public:
  RowParser(Interval interval, ColumnSet columns, RowLayout layout, CandleBatch& out)
      : layout_(layout), writer_(interval, columns, out) {}

  bool parse(json::value data);
  [[nodiscard]] const std::string& why() const noexcept { return why_; }
  /// By row: whether it is flagged as closed.
  [[nodiscard]] const std::vector<bool>& closed() const noexcept { return closed_; }

 private:
  bool read_row(simdjson::ondemand::array row);
  bool read_field(int field, std::string_view token);
  bool read_confirm(const JsonScalar& scalar);
  void explain(simdjson::error_code error);

  RowLayout layout_;
  CandleWriter writer_;
  std::vector<bool> closed_;
  std::size_t row_ = 0;
  int field_ = 0;           ///< where in the row the reading stands
  std::string_view token_;  ///< the field read last
  simdjson::error_code error_ = simdjson::SUCCESS;
  std::string why_;
};

bool RowParser::read_confirm(const JsonScalar& scalar) {
  std::int64_t flag = 0;
  if (!scalar.ends_at(scan_whole_number(scalar.begin, scalar.end, flag))) return false;
  closed_.push_back(flag == 1);
  return flag == 0 || flag == 1;
}

bool RowParser::read_field(int field, std::string_view token) {
  const JsonScalar scalar(token);
  if (field == 0) {
    TimeMs time = 0;
    return scalar.ends_at(scan_whole_number(scalar.begin, scalar.end, time)) &&
           writer_.open_time(time);
  }
  if (field == layout_.fields - 1) return read_confirm(scalar);
  Column column = Column::kOpenTime;  // stands for what is not kept
  if (field < static_cast<int>(kPriceColumns.size())) {
    column = kPriceColumns[static_cast<std::size_t>(field)];
  } else if (field == layout_.volume) {
    column = Column::kVolume;
  } else if (field == layout_.quote_volume) {
    column = Column::kQuoteVolume;
  }
  if (column == Column::kOpenTime) return true;
  return scalar.ends_at(writer_.number(column, scalar.begin, scalar.end));
}

/// False when the row ends the page: by a field that cannot be read or by too many or too few of them.
bool RowParser::read_row(simdjson::ondemand::array row) {
  field_ = 0;
  for (simdjson::simdjson_result<json::value> element : row) {
    json::value value;
    error_ = element.get(value);
    if (error_ != simdjson::SUCCESS || field_ == layout_.fields) return false;
    token_ = value.raw_json_token();
    if (!read_field(field_, token_)) return false;
    ++field_;
  }
  token_ = {};
  return field_ == layout_.fields;
}

void RowParser::explain(simdjson::error_code error) {
  why_ = "candle row " + std::to_string(row_ + 1) + ": ";
  if (error != simdjson::SUCCESS) {
    why_.append(simdjson::error_message(error));
  } else if (field_ == layout_.fields) {
    why_.append("more than ").append(std::to_string(layout_.fields)).append(" fields");
  } else if (token_.empty()) {
    why_.append(std::to_string(field_)).append(" fields, not ");
    why_.append(std::to_string(layout_.fields));
  } else {
    const std::size_t name =
        field_ == layout_.fields - 1 ? kFieldNames.size() - 1 : static_cast<std::size_t>(field_);
    why_.append(kFieldNames[name]).append(" cannot be read: ").append(printable(token_, 64));
  }
}

bool RowParser::parse(json::value data) {
  simdjson::ondemand::array rows;
  if (data.get_array().get(rows) != simdjson::SUCCESS) {
    why_ = "its data is no list of candles";
    return false;
  }
  for (simdjson::simdjson_result<json::value> element : rows) {
    simdjson::ondemand::array row;
    error_ = element.get_array().get(row);
    if (error_ != simdjson::SUCCESS || !read_row(row)) {
      explain(error_);
      return false;
    }
    ++row_;
  }
  return true;
}

/// Takes the rows off `out` that are flagged as forming and newer than every closed one.
Result<void> drop_forming(const std::vector<bool>& closed, CandleBatch& out) {
  if (std::find(closed.begin(), closed.end(), false) == closed.end()) return {};
  TimeMs newest_closed = 0;
  for (std::size_t row = 0; row < closed.size(); ++row) {
    if (closed[row]) newest_closed = std::max(newest_closed, out.open_time()[row]);
  }
  CandleBatch kept;
  kept.columns = out.columns;
  std::size_t forming = 0;
  for (std::size_t row = 0; row < closed.size(); ++row) {
    if (!closed[row] && out.open_time()[row] > newest_closed) {
      ++forming;
    } else {
      kept.append_rows(out, row, row + 1);
    }
  }
  if (forming > kFormingRowsMax) {
    return fail(Code::kProtocol,
                std::to_string(forming) + " rows are flagged as forming, where one candle can be");
  }
  if (forming > 0) out.swap(kept);
  return {};
}

}  // namespace

std::string candles_target(std::string_view path, std::string_view id, std::string_view bar,
                           TimeRange window, std::int64_t rows) {
  std::string target(path);
  target.append("?instId=");
  append_percent_encoded(target, id);
  target.append("&bar=").append(bar);
  target.append("&before=").append(std::to_string(window.from - 1));
  target.append("&after=").append(std::to_string(window.to - 1));
  target.append("&limit=").append(std::to_string(rows));
  return target;
}

Result<void> parse_candles(Interval interval, ColumnSet columns, RowLayout layout,
                           std::string_view padded_body, CandleBatch& out) {
  RowParser parser(interval, columns, layout, out);
  out.reserve(std::min(padded_body.size() / kRowBytesMin, kRowsReservedMax));
  Result<void> parsed = envelope::read_envelope(
      padded_body, parser.why(), [&parser](json::value data) { return parser.parse(data); });
  if (parsed) parsed = drop_forming(parser.closed(), out);
  if (!parsed) out.clear();  // a row may have been read by half
  return parsed;
}

}  // namespace bf::exchange::cursor
