#include "engine/sim/bybit_venue.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "engine/sim/funding_page.h"
#include "engine/sim/json_text.h"
#include "engine/sim/kline_text.h"

namespace bf::sim {
namespace {

constexpr std::int64_t kRequestsMax = 600;
constexpr DurationMs kWindowMs = 5'000;
constexpr DurationMs kBanMs = 10 * kMinuteMs;
constexpr std::int64_t kRowsDefault = 200;
constexpr std::int64_t kListRowsDefault = 500;
constexpr std::string_view kRoot = "/v5/market/";
constexpr int kBadParameter = 10001;
/// A category without instruments here, whose list public clients ask for.
constexpr std::string_view kOptions = "option";

// Written out here rather than taken from the engine: a misspelling there must not be shared by the
// exchange that is to find it.
constexpr std::pair<std::string_view, Interval> kIntervals[] = {
    {"1", Interval::k1m},   {"3", Interval::k3m},    {"5", Interval::k5m},   {"15", Interval::k15m},
    {"30", Interval::k30m}, {"60", Interval::k1h},   {"120", Interval::k2h}, {"240", Interval::k4h},
    {"360", Interval::k6h}, {"720", Interval::k12h}, {"D", Interval::k1d},   {"W", Interval::k1w},
    {"M", Interval::k1mo},
};

constexpr std::string_view kTradeKlines = "kline";
constexpr std::string_view kPremiumKlines = "premium-index-price-kline";

bool is_klines(std::string_view path) noexcept {
  return path == kTradeKlines || path == "mark-price-kline" || path == "index-price-kline" ||
         path == kPremiumKlines;
}

bool parse_category(std::string_view text, Market& out) noexcept {
  if (text == "linear") out = Market::kBybitLinear;
  if (text == "inverse") out = Market::kBybitInverse;
  if (text == "spot") out = Market::kBybitSpot;
  return text == "linear" || text == "inverse" || text == "spot";
}

std::string_view category_of(Market market) noexcept {
  if (market == Market::kBybitLinear) return "linear";
  return market == Market::kBybitInverse ? "inverse" : "spot";
}

std::string envelope(int code, std::string_view message, std::string_view result, TimeMs now) {
  std::string json;
  JsonObject document(json);
  document.number("retCode", code).text("retMsg", message).raw("result", result);
  document.raw("retExtInfo", "{}").number("time", now).end();
  return json;
}

RestAnswer refusal(const RestError& error, TimeMs now) {
  return {error.status, envelope(error.code, error.message, "{}", now), {}};
}

/// The rows, oldest first, as Bybit writes them: the newest first. Inverse contracts have their quote
/// volume before the base one.
std::string own_rows(std::string_view rows, Market market, bool prices_alone) {
  std::vector<std::size_t> fields = {kOpenTimeField, kOpenField, kHighField, kLowField,
                                     kCloseField};
  if (!prices_alone) {
    const bool inverse = market == Market::kBybitInverse;
    fields.push_back(inverse ? kQuoteVolumeField : kVolumeField);
    fields.push_back(inverse ? kVolumeField : kQuoteVolumeField);
  }
  std::vector<std::string_view> split = split_rows(rows);
  std::reverse(split.begin(), split.end());
  std::string list = "[";
  for (const std::string_view row : split) {
    if (list.size() > 1) list += ',';
    const KlineFields values = row_fields(row);
    char separator = '[';
    for (const std::size_t field : fields) {
      list.append(1, separator).append("\"").append(values[field]).append("\"");
      separator = ',';
    }
    list += ']';
  }
  return list + "]";
}

std::string instrument_json(Market market, const SimInstrument& instrument, bool over) {
  const bool spot = market == Market::kBybitSpot;
  const bool inverse = market == Market::kBybitInverse;
  std::string price;
  JsonObject(price).text("tickSize", tick(instrument.price_decimals)).end();
  std::string lot;
  JsonObject(lot)
      .text("minOrderQty", tick(instrument.quantity_decimals))
      .text(spot ? "basePrecision" : "qtyStep", tick(instrument.quantity_decimals))
      .end();
  std::string json;
  JsonObject document(json);
  document.text("symbol", instrument.symbol)
      .text("baseCoin", instrument.base_asset)
      .text("quoteCoin", instrument.quote_asset)
      .text("status", over ? "Closed" : "Trading")
      .raw("lotSizeFilter", lot)
      .raw("priceFilter", price);
  if (!spot) {
    document.text("contractType", inverse ? "InversePerpetual" : "LinearPerpetual")
        .text("launchTime", std::to_string(instrument.life.from))
        .text("deliveryTime", over ? std::to_string(instrument.life.to) : "0")
        .text("settleCoin", inverse ? instrument.base_asset : instrument.quote_asset)
        .number("fundingInterval", 480);
  }
  document.end();
  return json;
}

}  // namespace

BybitVenue::BybitVenue(const Truth& truth, BybitOptions options, bool enforced)
    : truth_(truth), options_(options), limits_({{kRequestsMax, kWindowMs, kBanMs}}, enforced) {}

std::optional<RestCall> BybitVenue::read(const Query& query) const {
  std::string_view path = query.path;
  if (!path.starts_with(kRoot)) return std::nullopt;
  path.remove_prefix(kRoot.size());
  RestCall call;
  call.market = Market::kBybitLinear;
  if (path == "time") {
    call.endpoint = Endpoint::kTime;
    return call;
  }
  const std::string_view category = query.parameter("category").value_or("linear");
  const bool options = category == kOptions && path == "instruments-info";
  if (!options && !parse_category(category, call.market)) {
    call.error = RestError{kBadParameter, "params error: Category is invalid", 200};
  }
  if (is_klines(path)) {
    call.endpoint = Endpoint::kKlines;
    call.detail = path;
    read_klines(query, call);
  } else if (path == "funding/history") {
    read_funding(query, call);
  } else if (path == "instruments-info") {
    call.endpoint = Endpoint::kExchangeInfo;
    bool bad = false;
    const std::int64_t limit = query.number("limit", bad).value_or(kListRowsDefault);
    call.limit = static_cast<std::uint32_t>(std::min<std::int64_t>(limit, options_.list_rows_max));
    call.detail = options ? kOptions : query.parameter("status").value_or("Trading");
    call.symbol = query.parameter("cursor").value_or("");
    if (bad || limit == 0) call.error = RestError{kBadParameter, "params error: limit", 200};
  } else {
    call.error = RestError{10017, "Route not found.", 404};
  }
  return call;
}

void BybitVenue::read_klines(const Query& query, RestCall& call) const {
  bool bad = false;
  call.symbol = query.parameter("symbol").value_or("");
  call.start = query.number("start", bad);
  call.end = query.number("end", bad);
  const std::int64_t limit = query.number("limit", bad).value_or(kRowsDefault);
  call.limit = static_cast<std::uint32_t>(std::min<std::int64_t>(limit, options_.rows_max));
  const std::string_view interval = query.parameter("interval").value_or("");
  const auto* const found =
      std::find_if(std::begin(kIntervals), std::end(kIntervals),
                   [interval](const auto& known) { return known.first == interval; });
  const bool has_kind = call.detail == kTradeKlines ||
                        (call.detail == kPremiumKlines ? call.market == Market::kBybitLinear
                                                       : call.market != Market::kBybitSpot);
  if (found != std::end(kIntervals)) call.interval = found->second;
  if (call.error) return;
  if (bad || limit == 0) {
    call.error = RestError{kBadParameter, "params error: not a number", 200};
  } else if (found == std::end(kIntervals)) {
    call.error = RestError{kBadParameter, "Invalid period!", 200};
  } else if (!has_kind) {
    call.error = RestError{kBadParameter, "params error: Category is invalid", 200};
  }
}

void BybitVenue::read_funding(const Query& query, RestCall& call) const {
  bool bad = false;
  call.endpoint = Endpoint::kFunding;
  call.interval = Interval::kEvents;
  call.symbol = query.parameter("symbol").value_or("");
  call.start = query.number("startTime", bad);
  call.end = query.number("endTime", bad);
  const std::int64_t limit = query.number("limit", bad).value_or(kRowsDefault);
  call.limit = static_cast<std::uint32_t>(std::min(limit, kRowsDefault));
  if (call.error) return;
  if (call.market == Market::kBybitSpot) {
    call.error = RestError{kBadParameter, "params error: Category is invalid", 200};
  } else if (bad || limit == 0 || (call.start && !call.end)) {
    call.error = RestError{kBadParameter, "params error: time range is invalid", 200};
  }
}

Admission BybitVenue::admit(const RestCall& call, TimeMs now) {
  const RequestVerdict verdict = limits_.charge(call.weight, now);
  Admission admission;
  admission.out_of_turn = verdict.out_of_turn;
  if (!verdict.refused) return admission;
  net::ServerResponse response;
  response.status = 403;
  response.body = "access too frequent";
  response.headers.emplace_back("Content-Type", "text/plain");
  admission.refusal = std::move(response);
  return admission;
}

RestAnswer BybitVenue::answer(const RestCall& call, TimeMs now, const RowChange& change) const {
  if (call.error) return refusal(*call.error, now);
  if (call.endpoint == Endpoint::kKlines) return klines(call, now, change);
  if (call.endpoint == Endpoint::kFunding) return funding(call, now, change);
  if (call.endpoint == Endpoint::kExchangeInfo) return instruments(call, now);
  constexpr std::int64_t kMsPerSecond = 1'000;
  std::string result;
  JsonObject(result)
      .text("timeSecond", std::to_string(now / kMsPerSecond))
      .text("timeNano", std::to_string(now) + "000000")
      .end();
  return {200, envelope(0, "OK", result, now), {}};
}

RestAnswer BybitVenue::klines(const RestCall& call, TimeMs now, const RowChange& change) const {
  const SimInstrument* const instrument = find_instrument(truth_, call.market, call.symbol);
  if (instrument == nullptr || now < instrument->life.from) {
    return refusal({kBadParameter, "Not supported symbols", 200}, now);
  }
  RowQuery query;
  query.opens.from = call.start ? slot_begin(call.interval, std::max(*call.start, kTimeMin)) : 0;
  query.opens.to = std::min(call.end.value_or(now), now) + 1;
  query.rows_max = call.limit;
  query.newest = !call.start || (call.end && !options_.oldest_of_window);
  RestAnswer answer;
  std::string rows;
  answer.rows = truth_.append_rows({call.market, call.symbol, call.interval}, query, rows);
  if (answer.rows.rows > 0 && next_slot(call.interval, answer.rows.last_open) > now) {
    const std::size_t begin = rows.rfind('[');
    rows.replace(begin, std::string::npos, forming_row(std::string_view(rows).substr(begin)));
  }
  if (answer.rows.rows > 0 && change) change(rows);
  std::string result;
  JsonObject(result)
      .text("category", category_of(call.market))
      .text("symbol", call.symbol)
      .raw("list", own_rows(rows, call.market, call.detail != kTradeKlines))
      .end();
  answer.body = envelope(0, "OK", result, now);
  return answer;
}

RestAnswer BybitVenue::funding(const RestCall& call, TimeMs now, const RowChange& change) const {
  const SimInstrument* const instrument = find_instrument(truth_, call.market, call.symbol);
  if (instrument == nullptr || now < instrument->life.from) {
    return refusal({kBadParameter, "Not supported symbols", 200}, now);
  }
  const bool newest = !(call.start && options_.oldest_of_window);
  const FundingPage page = funding_page(truth_, call, now, newest, change);
  std::string list = "[";
  for (std::size_t i = page.events.size(); i-- > 0;) {
    if (list.size() > 1) list += ',';
    JsonObject(list)
        .text("symbol", call.symbol)
        .text("fundingRate", page.events[i].rate)
        .text("fundingRateTimestamp", std::to_string(page.events[i].time))
        .end();
  }
  std::string result;
  JsonObject(result).text("category", category_of(call.market)).raw("list", list + "]").end();
  return {200, envelope(0, "OK", result, now), page.rows};
}

RestAnswer BybitVenue::instruments(const RestCall& call, TimeMs now) const {
  constexpr std::string_view kCursorMark = "last%3D";  // as Bybit's: encoded once already
  const bool spot = call.market == Market::kBybitSpot;
  std::string_view after = call.symbol;
  if (after.starts_with(kCursorMark)) after.remove_prefix(kCursorMark.size());
  std::string list = "[";
  std::string cursor;
  std::string_view last;
  std::uint32_t rows = 0;
  for (const SimInstrument& instrument : truth_.instruments(call.market)) {
    const bool over = now >= instrument.life.to;
    const bool listed = now >= instrument.life.from;
    const bool wanted = listed && call.detail == (over ? "Closed" : "Trading");
    if (!wanted || (spot && over) || (!after.empty() && instrument.symbol <= after)) continue;
    if (!spot && rows == call.limit) {
      cursor = std::string(kCursorMark) + std::string(last);
      break;
    }
    if (rows++ > 0) list += ',';
    list += instrument_json(call.market, instrument, over);
    last = instrument.symbol;
  }
  list += ']';
  std::string result;
  JsonObject document(result);
  const bool options = call.detail == kOptions;
  document.text("category", options ? kOptions : category_of(call.market)).raw("list", list);
  if (!spot) document.text("nextPageCursor", cursor);
  document.end();
  return {200, envelope(0, "OK", result, now), {}};
}

std::string BybitVenue::status_body(int status) const {
  if (status == 429) return envelope(10429, "System level frequency protection", "{}", 0);
  if (status >= 500) return envelope(10016, "Server error.", "{}", 0);
  return "{}";
}

void BybitVenue::expect_silence(Market /*market*/, TimeMs now, TimeMs until) {
  limits_.expect_silence(now, until);
}

}  // namespace bf::sim
