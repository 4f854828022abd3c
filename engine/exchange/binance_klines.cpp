// The rows of the kline endpoints, all alike:
//
//   [open time ms, "open", "high", "low", "close", "volume", close time ms, "quote volume", trades,
//    "taker buy base", "taker buy quote", "ignored"]
//
// Index, mark and premium rows have the same twelve fields, of which volumes and counts mean nothing.
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <string>

#include "engine/exchange/binance.h"
#include "engine/exchange/candle_writer.h"
#include "engine/exchange/json_scalar.h"

namespace bf::exchange::binance {
namespace {

constexpr int kFields = 12;
constexpr int kCloseTimeField = 6;
constexpr int kTradesField = 8;
/// What the shortest possible row takes, to size columns by the bytes of an answer.
constexpr std::size_t kRowBytesMin = 60;
constexpr std::size_t kRowsReservedMax = 2'000;

constexpr std::array<std::string_view, kFields> kFieldNames = {
    "open time",       "open",       "high",         "low",    "close",
    "volume",          "close time", "quote volume", "trades", "taker buy base",
    "taker buy quote", "ignored"};
/// Where the numbers go; kOpenTime stands for the fields that are not numbers to keep.
constexpr std::array<Column, kFields> kFieldColumns = {
    Column::kOpenTime, Column::kOpen,         Column::kHigh,          Column::kLow,
    Column::kClose,    Column::kVolume,       Column::kOpenTime,      Column::kQuoteVolume,
    Column::kTrades,   Column::kTakerBuyBase, Column::kTakerBuyQuote, Column::kOpenTime};

class KlineParser {
 public:
  KlineParser(Interval interval, ColumnSet columns, CandleBatch& out)
      : columns_(columns), out_(out), writer_(interval, columns, out) {}

  Result<void> parse(std::string_view padded_body);

 private:
  using Array = simdjson::ondemand::array;
  bool read_row(Array row);
  bool read_field(int field, std::string_view token);
  Error row_error() const;

  ColumnSet columns_;
  CandleBatch& out_;
  CandleWriter writer_;
  std::size_t row_ = 0;
  int field_ = 0;           ///< where in the row the reading stands
  std::string_view token_;  ///< the field read last
  simdjson::error_code error_ = simdjson::SUCCESS;
};

bool KlineParser::read_field(int field, std::string_view token) {
  const JsonScalar scalar(token);
  if (field == 0 || field == kCloseTimeField) {
    TimeMs time = 0;
    if (!scalar.ends_at(scan_whole_number(scalar.begin, scalar.end, time))) return false;
    return field == 0 ? writer_.open_time(time) : writer_.close_time(time);
  }
  const Column column = kFieldColumns[static_cast<std::size_t>(field)];
  if (column == Column::kOpenTime || !columns_.contains(column)) return true;
  if (field == kTradesField) return scalar.ends_at(writer_.count(column, scalar.begin, scalar.end));
  return scalar.ends_at(writer_.number(column, scalar.begin, scalar.end));
}

/// False when the row ends the page: by a field that cannot be read or by too many or too few of them.
bool KlineParser::read_row(Array row) {
  field_ = 0;
  for (simdjson::simdjson_result<simdjson::ondemand::value> element : row) {
    simdjson::ondemand::value value;
    error_ = element.get(value);
    if (error_ != simdjson::SUCCESS || field_ == kFields) return false;
    token_ = value.raw_json_token();
    if (!read_field(field_, token_)) return false;
    ++field_;
  }
  token_ = {};
  return field_ == kFields;
}

Error KlineParser::row_error() const {
  std::string message = "candle row " + std::to_string(row_ + 1) + ": ";
  if (error_ != simdjson::SUCCESS) {
    message.append(simdjson::error_message(error_));
  } else if (field_ == kFields) {
    message.append("more than 12 fields");
  } else if (token_.empty()) {
    message.append(std::to_string(field_)).append(" fields, not 12");
  } else {
    message.append(kFieldNames[static_cast<std::size_t>(field_)]).append(" cannot be read: ");
    message.append(printable(token_, 64));
  }
  return Error(Code::kProtocol, std::move(message));
}

Result<void> KlineParser::parse(std::string_view padded_body) {
  // One a thread, kept: its buffers are as large as the largest page so far.
  thread_local simdjson::ondemand::parser parser;
  const simdjson::padded_string_view padded(padded_body.data(), padded_body.size(),
                                            padded_body.size() + simdjson::SIMDJSON_PADDING);
  simdjson::ondemand::document document;
  Array rows;
  simdjson::error_code error = parser.iterate(padded).get(document);
  if (error == simdjson::SUCCESS) error = document.get_array().get(rows);
  if (error != simdjson::SUCCESS) {
    return fail(Code::kProtocol, std::string("not a list of candles: ") +
                                     simdjson::error_message(error) + ": \"" +
                                     printable(padded_body) + "\"");
  }
  out_.reserve(std::min(padded_body.size() / kRowBytesMin, kRowsReservedMax));
  for (simdjson::simdjson_result<simdjson::ondemand::value> element : rows) {
    Array row;
    error_ = element.get_array().get(row);
    if (error_ != simdjson::SUCCESS || !read_row(row)) return fail(row_error());
    ++row_;
  }
  // On-Demand looks only at what it is asked for: bytes behind the list are found here.
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
    return fail(Code::kProtocol,
                "more bytes behind a list of " + std::to_string(row_) + " candles");
  }
  return {};
}

}  // namespace

Result<void> parse_klines(Interval interval, ColumnSet columns, std::string_view padded_body,
                          CandleBatch& out) {
  Result<void> parsed = KlineParser(interval, columns, out).parse(padded_body);
  if (!parsed) out.clear();  // a row may have been read by half
  return parsed;
}

}  // namespace bf::exchange::binance
