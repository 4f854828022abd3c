// The rows of the kline endpoints, all alike:
//
//   [open time ms, "open", "high", "low", "close", "volume", close time ms, "quote volume", trades,
//    "taker buy base", "taker buy quote", "ignored"]
//
// Index, mark and premium rows have the same twelve fields, of which volumes and counts mean nothing.
#include <simdjson.h>

#include <array>
#include <string>

#include "engine/exchange/binance.h"
#include "engine/exchange/candle_rows.h"
#include "engine/exchange/json_members.h"
#include "engine/exchange/kline_scan.h"

namespace bf::exchange::binance {
namespace {

using Is = RowField::Is;
constexpr std::array<RowField, 12> kFields = {{
    {"open time", Is::kOpenTime},
    {"open", Is::kNumber, Column::kOpen},
    {"high", Is::kNumber, Column::kHigh},
    {"low", Is::kNumber, Column::kLow},
    {"close", Is::kNumber, Column::kClose},
    {"volume", Is::kNumber, Column::kVolume},
    {"close time", Is::kCloseTime},
    {"quote volume", Is::kNumber, Column::kQuoteVolume},
    {"trades", Is::kCount, Column::kTrades},
    {"taker buy base", Is::kNumber, Column::kTakerBuyBase},
    {"taker buy quote", Is::kNumber, Column::kTakerBuyQuote},
    {"ignored", Is::kIgnored},
}};

Result<void> read_page(CandleRows& rows, std::string_view padded_body) {
  // One a thread, kept: its buffers are as large as the largest page so far.
  thread_local simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::array list;
  simdjson::error_code error = parser.iterate(json::padded(padded_body)).get(document);
  if (error == simdjson::SUCCESS) error = document.get_array().get(list);
  if (error != simdjson::SUCCESS) {
    return fail(Code::kProtocol, std::string("not a list of candles: ") +
                                     simdjson::error_message(error) + ": \"" +
                                     printable(padded_body) + "\"");
  }
  rows.reserve(padded_body.size());
  const Result<void> read = rows.read_arrays(list);
  if (!read) return read;
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
    return fail(Code::kProtocol,
                "more bytes behind a list of " + std::to_string(rows.rows()) + " candles");
  }
  return {};
}

}  // namespace

Result<void> parse_klines(Interval interval, ColumnSet columns, std::string_view padded_body,
                          CandleBatch& out) {
  CandleWriter writer(interval, columns, out);
  // Most rows are as long as the first one, or nearly so: what is kept of a page waits for its commit.
  writer.reserve(padded_body.size() + padded_body.size() / 32, padded_body.find(']'));
  if (scan_klines(padded_body, columns, writer)) return {};
  CandleRows rows(interval, columns, kFields, out);
  Result<void> parsed = read_page(rows, padded_body);
  if (!parsed) out.clear();  // a row may have been read by half
  return parsed;
}

}  // namespace bf::exchange::binance
