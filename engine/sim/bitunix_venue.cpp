#include "engine/sim/bitunix_venue.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/sim/json_text.h"
#include "engine/sim/kline_text.h"

namespace bf::sim {
namespace {

constexpr std::int64_t kRequestsMax = 10;
constexpr DurationMs kWindowMs = 1'000;
constexpr std::int64_t kRowsDefault = 100;
constexpr std::string_view kRoot = "/api/v1/futures/market/";
constexpr int kForbidden = 403;

std::string envelope(int code, std::string_view message, std::string_view data) {
  std::string json;
  JsonObject(json).number("code", code).raw("data", data).text("msg", message).end();
  return json;
}

RestAnswer refusal(const RestError& error) {
  if (error.status == kForbidden) return {kForbidden, error.message, {}};
  return {error.status, envelope(error.code, error.message, "null"), {}};
}

}  // namespace

BitunixVenue::BitunixVenue(const Truth& truth, BitunixOptions options, bool enforced)
    : truth_(truth), options_(options), limits_({{kRequestsMax, kWindowMs, 0}}, enforced) {}

std::optional<RestCall> BitunixVenue::read(const Query& query) const {
  std::string_view path = query.path;
  if (!path.starts_with(kRoot)) return std::nullopt;
  path.remove_prefix(kRoot.size());
  RestCall call;
  call.market = Market::kBitunixFutures;
  if (path == "kline") {
    call.endpoint = Endpoint::kKlines;
    read_klines(query, call);
  } else if (path == "trading_pairs") {
    call.endpoint = Endpoint::kExchangeInfo;
  } else {
    call.error = RestError{10002, "no such path", 404};
  }
  if (!query.user_agent.starts_with("Mozilla/")) {
    call.error =
        RestError{0, "<html><title>Attention Required! | Cloudflare</title></html>", kForbidden};
  }
  return call;
}

void BitunixVenue::read_klines(const Query& query, RestCall& call) const {
  bool bad = false;
  call.symbol = query.parameter("symbol").value_or("");
  call.start = query.number("startTime", bad);
  call.end = query.number("endTime", bad);
  const std::int64_t limit = query.number("limit", bad).value_or(kRowsDefault);
  call.limit = static_cast<std::uint32_t>(std::min<std::int64_t>(limit, options_.rows_max));
  call.detail = query.parameter("type").value_or("LAST_PRICE");
  const std::string_view interval = query.parameter("interval").value_or("");
  const bool known = parse_rest_interval(interval, call.interval) &&
                     call.interval != Interval::k1s && call.interval != Interval::k3m;
  const bool has_type = call.detail == "LAST_PRICE" || call.detail == "MARK_PRICE";
  if (bad || limit == 0 || !known || !has_type) {
    call.error = RestError{10002, "Parameter error", 200};
  }
}

Admission BitunixVenue::admit(const RestCall& call, TimeMs now) {
  const RequestVerdict verdict = limits_.charge(call.weight, now);
  Admission admission;
  admission.out_of_turn = verdict.out_of_turn;
  if (!verdict.refused) return admission;
  net::ServerResponse response;
  response.body = envelope(10006, "request too frequently", "null");
  response.headers.emplace_back("Content-Type", "application/json");
  admission.refusal = std::move(response);
  return admission;
}

RestAnswer BitunixVenue::answer(const RestCall& call, TimeMs now, const RowChange& change) const {
  if (call.error) return refusal(*call.error);
  if (call.endpoint == Endpoint::kKlines) return klines(call, now, change);
  return trading_pairs(now);
}

TimeRange BitunixVenue::opens_of(const RestCall& call, TimeMs now) const {
  TimeRange opens{call.start.value_or(0), call.end.value_or(now + 1)};
  if (options_.start_rounded_down) opens.from = slot_begin(call.interval, opens.from);
  if (options_.start_exclusive) ++opens.from;
  if (options_.end_inclusive) ++opens.to;
  const TimeMs newest = options_.forming_candle ? now + 1 : slot_begin(call.interval, now);
  opens.to = std::min(opens.to, newest);
  return opens;
}

std::string BitunixVenue::own_rows(std::string_view rows, std::string_view type) const {
  std::vector<std::string_view> split = split_rows(rows);
  std::reverse(split.begin(), split.end());
  std::string list = "[";
  for (const std::string_view row : split) {
    if (list.size() > 1) list += ',';
    const KlineFields fields = row_fields(row);
    JsonObject object(list);
    const auto number = [&](std::string_view name, const std::string& value) {
      if (options_.bare_numbers) {
        object.raw(name, value);
      } else {
        object.text(name, value);
      }
    };
    number("open", fields[kOpenField]);
    number("high", fields[kHighField]);
    number("low", fields[kLowField]);
    number("close", fields[kCloseField]);
    const bool swapped = options_.volumes_swapped;
    number("quoteVol", fields[swapped ? kVolumeField : kQuoteVolumeField]);
    number("baseVol", fields[swapped ? kQuoteVolumeField : kVolumeField]);
    number("time", fields[kOpenTimeField]);
    object.text("type", type).end();
  }
  return list + "]";
}

RestAnswer BitunixVenue::klines(const RestCall& call, TimeMs now, const RowChange& change) const {
  const SimInstrument* const instrument = find_instrument(truth_, call.market, call.symbol);
  if (instrument == nullptr || now < instrument->life.from) {
    return refusal({20001, "Market not exists", 200});
  }
  RowQuery query;
  query.opens = opens_of(call, now);
  query.rows_max = call.limit;
  query.newest = true;
  RestAnswer answer;
  std::string rows;
  answer.rows = truth_.append_rows({call.market, call.symbol, call.interval}, query, rows);
  if (answer.rows.rows > 0 && next_slot(call.interval, answer.rows.last_open) > now) {
    const std::size_t begin = rows.rfind('[');
    rows.replace(begin, std::string::npos, forming_row(std::string_view(rows).substr(begin)));
  }
  if (answer.rows.rows > 0 && change) change(rows);
  answer.body = envelope(0, "Success", own_rows(rows, call.detail));
  return answer;
}

RestAnswer BitunixVenue::trading_pairs(TimeMs now) const {
  std::string list = "[";
  for (const SimInstrument& instrument : truth_.instruments(Market::kBitunixFutures)) {
    if (now >= instrument.life.to) continue;
    if (list.size() > 1) list += ',';
    JsonObject(list)
        .text("symbol", instrument.symbol)
        .text("base", instrument.base_asset)
        .text("quote", instrument.quote_asset)
        .number("basePrecision", instrument.quantity_decimals)
        .number("quotePrecision", instrument.price_decimals)
        .number("maxLeverage", 50)
        .text("symbolStatus", now < instrument.life.from ? "PREVIEW" : "OPEN")
        .end();
  }
  return {200, envelope(0, "Success", list + "]"), {}};
}

std::string BitunixVenue::status_body(int status) const {
  if (status == 429) return "";
  return envelope(10001, "Network Error", "null");
}

void BitunixVenue::expect_silence(Market /*market*/, TimeMs now, TimeMs until) {
  limits_.expect_silence(now, until);
}

}  // namespace bf::sim
