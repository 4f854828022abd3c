#include "engine/sim/cursor_rest.h"

#include <algorithm>
#include <charconv>

#include "engine/sim/json_text.h"
#include "engine/sim/kline_text.h"

namespace bf::sim {
namespace {

/// An integer parameter; nullopt where it is absent. Sets `call.error` where it is not a number.
std::optional<std::int64_t> read_number(const Query& query, std::string_view name,
                                        const CursorRules& rules, RestCall& call) {
  const std::optional<std::string_view> text = query.parameter(name);
  if (!text || text->empty()) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc() && end == text->data() + text->size() && value >= 0) return value;
  call.error = RestError{rules.bad_parameter, "Parameter " + std::string(name) + " error"};
  return std::nullopt;
}

/// A base amount as a number of contracts: shifted by one digit more than it has decimals.
std::string contracts_of(const std::string& amount) {
  std::string digits;
  for (const char c : amount) {
    if (c != '.') digits += c;
  }
  digits += '0';
  const std::size_t first = digits.find_first_not_of('0');
  return first == std::string::npos ? "0" : digits.substr(first);
}

std::string row_text(const KlineFields& fields, CursorRow form, bool closed) {
  std::string row = "[";
  const auto add = [&row](std::string_view text) {
    if (row.size() > 1) row += ',';
    row.append("\"").append(text).append("\"");
  };
  for (const std::size_t i : {kOpenTimeField, kOpenField, kHighField, kLowField, kCloseField}) {
    add(fields[i]);
  }
  if (form == CursorRow::kSpot) {
    add(fields[kVolumeField]);
    add(fields[kQuoteVolumeField]);
  } else if (form == CursorRow::kContract) {
    add(contracts_of(fields[kVolumeField]));
    add(fields[kVolumeField]);
  }
  if (form != CursorRow::kPrice) add(fields[kQuoteVolumeField]);
  add(closed ? "1" : "0");
  return row + "]";
}

bool is_closed(Interval interval, const std::string& open_time, TimeMs now) {
  TimeMs open = 0;
  std::from_chars(open_time.data(), open_time.data() + open_time.size(), open);
  return open >= kTimeMax || next_slot(interval, open) <= now;
}

/// Newest first, in the exchange's form.
std::string rows_text(const std::string& rows, const RestCall& call, CursorRow form, TimeMs now) {
  std::vector<std::string> lines;
  for (const std::string_view row : split_rows(rows)) {
    const KlineFields fields = row_fields(row);
    lines.push_back(row_text(fields, form, is_closed(call.interval, fields[kOpenTimeField], now)));
  }
  std::reverse(lines.begin(), lines.end());
  return "[" + join_rows(lines) + "]";
}

/// Replaces the last row of `rows` by what a candle that has just begun looks like.
void unfinish_last_row(std::string& rows) {
  const std::size_t begin = rows.rfind('[');
  const std::string row = forming_row(std::string_view(rows).substr(begin));
  rows.replace(begin, std::string::npos, row);
}

}  // namespace

std::string envelope_error_body(const RestError& error) {
  std::string body;
  JsonObject(body)
      .text("code", std::to_string(error.code))
      .text("msg", error.message)
      .raw("data", "[]")
      .end();
  return body;
}

std::string envelope_body(std::string_view message, std::string_view data) {
  std::string body;
  JsonObject(body).text("code", "0").text("msg", message).raw("data", data).end();
  return body;
}

void read_cursors(const Query& query, const CursorRules& rules, RestCall& call) {
  const std::optional<std::int64_t> before = read_number(query, "before", rules, call);
  const std::optional<std::int64_t> after = read_number(query, "after", rules, call);
  const std::optional<std::int64_t> limit = read_number(query, "limit", rules, call);
  const std::int64_t step = rules.ends_included ? 0 : 1;
  if (before) call.start = *before + step;
  if (after) call.end = *after - step;
  call.limit = static_cast<std::uint32_t>(
      std::min<std::int64_t>(limit.value_or(rules.rows_default), rules.rows_max));
  if (limit == 0) call.error = RestError{rules.bad_parameter, "Parameter limit error"};
}

std::string contract_tick(const SimInstrument& instrument) {
  return tick(instrument.quantity_decimals + 1);
}

RestAnswer cursor_page(const Truth& truth, const RestCall& call, const CursorPage& page, TimeMs now,
                       const RowChange& change) {
  RowQuery query;
  query.opens.from = std::max(call.start.value_or(0), page.reach.from);
  // A candle exists from the instant that it opens.
  query.opens.to = std::min({call.end.value_or(now), now, page.reach.to - 1}) + 1;
  query.rows_max = call.limit;
  query.newest = true;
  RestAnswer answer;
  std::string rows;
  const SimSeries series{call.market, page.instrument->symbol, call.interval};
  answer.rows = truth.append_rows(series, query, rows);
  if (answer.rows.rows > 0 && next_slot(call.interval, answer.rows.last_open) > now) {
    unfinish_last_row(rows);
  }
  if (answer.rows.rows > 0 && change) change(rows);
  answer.body = envelope_body("", rows_text(rows, call, page.row, now));
  return answer;
}

}  // namespace bf::sim
