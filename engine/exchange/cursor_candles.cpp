#include "engine/exchange/cursor_candles.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "engine/exchange/candle_rows.h"
#include "engine/exchange/code_envelope.h"
#include "engine/exchange/percent.h"

namespace bf::exchange::cursor {
namespace {

constexpr std::size_t kFieldsMax = 9;
using Fields = std::array<RowField, kFieldsMax>;

/// The fields of a row; the first `layout.fields` count.
Fields fields_of(RowLayout layout) {
  using Is = RowField::Is;
  constexpr std::array<std::string_view, 8> kNames = {"open time", "open", "high",   "low",
                                                      "close",     "vol",  "volCcy", "volCcyQuote"};
  Fields fields = {{{kNames[0], Is::kOpenTime},
                    {kNames[1], Is::kNumber, Column::kOpen},
                    {kNames[2], Is::kNumber, Column::kHigh},
                    {kNames[3], Is::kNumber, Column::kLow},
                    {kNames[4], Is::kNumber, Column::kClose}}};
  for (int i = 5; i < layout.fields - 1; ++i) {
    const auto at = static_cast<std::size_t>(i);
    fields[at].name = kNames[at];
    if (i == layout.volume) fields[at] = {kNames[at], Is::kNumber, Column::kVolume};
    if (i == layout.quote_volume) fields[at] = {kNames[at], Is::kNumber, Column::kQuoteVolume};
  }
  fields[static_cast<std::size_t>(layout.fields - 1)] = {"confirm", Is::kClosedFlag};
  return fields;
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
  const Fields fields = fields_of(layout);
  CandleRows rows(interval, columns,
                  std::span(fields).first(static_cast<std::size_t>(layout.fields)), out);
  rows.reserve(padded_body.size());
  std::string why;
  Result<void> parsed = envelope::read_envelope(padded_body, why, [&](json::value data) {
    simdjson::ondemand::array list;
    if (data.get_array().get(list) != simdjson::SUCCESS) {
      why = "its data is no list of candles";
      return false;
    }
    const Result<void> read = rows.read_arrays(list);
    if (!read) why = read.error().message();
    return read.has_value();
  });
  if (parsed) parsed = drop_forming(rows.closed(), out);
  if (!parsed) out.clear();  // a row may have been read by half
  return parsed;
}

}  // namespace bf::exchange::cursor
