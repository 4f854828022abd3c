#include "engine/sim/deribit_venue.h"

#include <algorithm>
#include <charconv>

#include "engine/sim/column_text.h"
#include "engine/sim/funding_page.h"
#include "engine/sim/json_text.h"
#include "engine/sim/kline_text.h"
#include "store/base/decimal.h"

namespace bf::sim {
namespace {

constexpr std::string_view kBase = "/api/v2/public/";
constexpr std::int64_t kCreditsMax = 50'000;
constexpr std::int64_t kCreditsPerSecond = 10'000;
constexpr std::int64_t kCreditsPerCall = 500;
constexpr std::int64_t kListsAtOnce = 5;
constexpr TimeMs kNoExpiry = 32'503'708'800'000;  // the year 3000
constexpr int kInvalidParams = -32602;
constexpr TimeMs kMicroseconds = 1'000;
constexpr std::size_t kRowBytesGuess = 160;

constexpr std::pair<std::string_view, Interval> kResolutions[] = {
    {"1", Interval::k1m},   {"3", Interval::k3m},   {"5", Interval::k5m},    {"10", Interval::k10m},
    {"15", Interval::k15m}, {"30", Interval::k30m}, {"60", Interval::k1h},   {"120", Interval::k2h},
    {"180", Interval::k3h}, {"360", Interval::k6h}, {"720", Interval::k12h}, {"1D", Interval::k1d},
};

std::string error_body(int code, std::string_view message, std::string_view data = "null") {
  std::string error;
  JsonObject(error).number("code", code).text("message", message).raw("data", data).end();
  std::string body;
  JsonObject(body).text("jsonrpc", "2.0").raw("error", error).raw("testnet", "false").end();
  return body;
}

/// The result in its envelope.
RestAnswer good(std::string_view result, TimeMs now) {
  RestAnswer answer;
  answer.body.reserve(result.size() + kRowBytesGuess);
  JsonObject(answer.body)
      .text("jsonrpc", "2.0")
      .raw("result", result)
      .number("usIn", now * kMicroseconds)
      .number("usOut", now * kMicroseconds + 5)
      .number("usDiff", 5)
      .raw("testnet", "false")
      .end();
  return answer;
}

RestAnswer refused(const RestError& error) {
  // What is wrong with a parameter stands in `data`.
  if (error.code == kInvalidParams) {
    return {error.status, error_body(error.code, "Invalid params", error.message), {}};
  }
  return {error.status, error_body(error.code, error.message), {}};
}

RestError invalid(std::string_view parameter, std::string_view reason) {
  std::string data;
  JsonObject(data).text("reason", reason).text("param", parameter).end();
  return {kInvalidParams, std::move(data), 400};
}

std::optional<TimeMs> read_time(const Query& query, std::string_view name, RestCall& call) {
  const std::string_view text = query.parameter(name).value_or("");
  TimeMs time = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time);
  if (error == std::errc() && end == text.data() + text.size()) return time;
  call.error = invalid(name, text.empty() ? "is required" : "must be an integer");
  return std::nullopt;
}

void read_chart(const Query& query, RestCall& call) {
  call.endpoint = Endpoint::kKlines;
  call.start = read_time(query, "start_timestamp", call);
  call.end = read_time(query, "end_timestamp", call);
  const std::string_view resolution = query.parameter("resolution").value_or("");
  const auto* const known =
      std::find_if(std::begin(kResolutions), std::end(kResolutions),
                   [resolution](const auto& entry) { return entry.first == resolution; });
  if (known == std::end(kResolutions)) {
    call.error = invalid("resolution", "value is not supported");
  } else {
    call.interval = known->second;
  }
  call.symbol = query.parameter("instrument_name").value_or("");
  if (call.symbol.empty()) call.error = invalid("instrument_name", "is required");
}

void read_funding(const Query& query, RestCall& call) {
  constexpr std::uint32_t kEventsMax = 744;
  call.endpoint = Endpoint::kFunding;
  call.interval = Interval::kEvents;
  call.limit = kEventsMax;
  call.start = read_time(query, "start_timestamp", call);
  call.end = read_time(query, "end_timestamp", call);
  call.symbol = query.parameter("instrument_name").value_or("");
  if (call.symbol.empty()) call.error = invalid("instrument_name", "is required");
}

/// A small decimal as a double is written in JSON: below 0.0001 with an exponent.
std::string shortest_double(const std::string& decimal) {
  Decimal value;
  if (parse_decimal(decimal, value) != DecimalStatus::kExact) return decimal;
  value = value.normalized();
  std::string digits = std::to_string(value.mantissa < 0 ? -value.mantissa : value.mantissa);
  const int exponent = static_cast<int>(digits.size()) - 1 - value.scale;
  if (value.mantissa == 0 || exponent >= -4) return double_text(format_decimal(value));
  if (digits.size() > 1) digits.insert(1, ".");
  return (value.mantissa < 0 ? "-" : "") + digits + "e-" + (exponent > -10 ? "0" : "") +
         std::to_string(-exponent);
}

std::string instrument_json(const SimInstrument& instrument, TimeMs now) {
  const bool perpetual = instrument.symbol.ends_with("-PERPETUAL");
  const bool reversed = instrument.quote_asset == "USD";
  std::string json;
  JsonObject(json)
      .text("instrument_name", instrument.symbol)
      .text("kind", "future")
      .text("instrument_type", reversed ? "reversed" : "linear")
      .text("settlement_period", perpetual ? "perpetual" : "month")
      .text("base_currency", instrument.base_asset)
      .text("quote_currency", instrument.quote_asset)
      .text("counter_currency", instrument.quote_asset)
      .text("settlement_currency", reversed ? instrument.base_asset : instrument.quote_asset)
      .raw("tick_size", double_text(tick(instrument.price_decimals)))
      .raw("contract_size", reversed ? "10.0" : double_text(tick(instrument.quantity_decimals)))
      .number("creation_timestamp", instrument.life.from)
      .number("expiration_timestamp",
              instrument.life.to == kTimeMax ? kNoExpiry : instrument.life.to)
      .raw("is_active", now < instrument.life.to ? "true" : "false")
      .text("price_index", "index")
      .end();
  return json;
}

}  // namespace

bool CreditPool::take(std::int64_t credits, TimeMs now) {
  const std::int64_t full = capacity_ * kSecondMs;
  const DurationMs passed = std::min(now - filled_at_, full / per_second_ + 1);
  credits_ = std::min(full, credits_ + passed * per_second_);
  filled_at_ = now;
  if (credits_ < credits * kSecondMs) return false;
  credits_ -= credits * kSecondMs;
  return true;
}

DeribitVenue::DeribitVenue(const Truth& truth, const DeribitOptions& options, bool enforced)
    : truth_(truth),
      options_(options),
      enforced_(enforced),
      credits_(kCreditsMax, kCreditsPerSecond),
      lists_(kListsAtOnce, 1),
      silence_({}, enforced) {}

std::optional<RestCall> DeribitVenue::read(const Query& query) const {
  if (!query.path.starts_with(kBase)) return std::nullopt;
  const std::string_view method = std::string_view(query.path).substr(kBase.size());
  RestCall call;
  call.market = Market::kDeribitFutures;
  call.weight = kCreditsPerCall;
  call.detail = method;
  if (method == "get_tradingview_chart_data") {
    read_chart(query, call);
    call.limit = static_cast<std::uint32_t>(options_.rows_max);
  } else if (method == "get_funding_rate_history") {
    read_funding(query, call);
  } else if (method == "get_instruments") {
    call.endpoint = Endpoint::kExchangeInfo;
    call.detail = query.parameter("expired").value_or("false");
  } else if (method == "get_time") {
    call.endpoint = Endpoint::kTime;
  } else if (method != "get_currencies") {
    call.error = RestError{-32601, "Method not found", 400};
  }
  return call;
}

Admission DeribitVenue::admit(const RestCall& call, TimeMs now) {
  Admission admission;
  admission.out_of_turn = silence_.charge(1, now).out_of_turn;
  bool within = credits_.take(call.weight, now);
  if (call.endpoint == Endpoint::kExchangeInfo) within = lists_.take(1, now) && within;
  if (within || !enforced_) return admission;
  net::ServerResponse refusal;
  refusal.status = options_.limited_status;
  refusal.body = error_body(10028, "too_many_requests", R"({"wait":1})");
  refusal.headers.emplace_back("Content-Type", "application/json");
  admission.refusal = std::move(refusal);
  return admission;
}

RestAnswer DeribitVenue::answer(const RestCall& call, TimeMs now, const RowChange& change) const {
  if (call.error) return refused(*call.error);
  switch (call.endpoint) {
    case Endpoint::kKlines:
      return chart(call, now, change);
    case Endpoint::kFunding:
      return funding(call, now, change);
    case Endpoint::kExchangeInfo:
      return instruments(call, now);
    case Endpoint::kTime:
      return good(std::to_string(now), now);
    default:
      return good("[]", now);
  }
}

RestAnswer DeribitVenue::chart(const RestCall& call, TimeMs now, const RowChange& change) const {
  const SimInstrument* const instrument =
      find_instrument(truth_, Market::kDeribitFutures, call.symbol);
  if (instrument == nullptr || now < instrument->life.from) {
    return refused({13020, "not_found", 400});
  }
  RowQuery query;
  query.opens.from = *call.start + (options_.start_exclusive ? 1 : 0);
  query.opens.to = std::min(*call.end, now) + 1;
  query.rows_max = options_.rows_max;
  query.newest = true;
  std::string rows;
  rows.reserve(options_.rows_max * kRowBytesGuess);
  const SimSeries series{Market::kDeribitFutures, call.symbol, call.interval};
  const RowsInfo info = truth_.append_rows(series, query, rows);
  if (info.rows > 0 && next_slot(call.interval, info.last_open) > now) {
    const std::size_t begin = rows.rfind('[');
    const std::string forming = forming_row(std::string_view(rows).substr(begin));
    rows.replace(begin, std::string::npos, forming);
  }
  if (info.rows > 0 && change) change(rows);

  const Columns columns = columns_of(rows);
  const bool any = !columns.open_times.empty();
  std::string result;
  JsonObject chart(result);
  if (any || options_.arrays_when_empty) {
    chart.raw("volume", number_array(columns.volume))
        .raw("ticks", number_array(columns.open_times))
        .raw("open", number_array(columns.open))
        .raw("low", number_array(columns.low))
        .raw("high", number_array(columns.high))
        .raw("cost", number_array(columns.quote_volume))
        .raw("close", number_array(columns.close));
  }
  chart.text("status", any ? "ok" : "no_data").end();
  RestAnswer answer = good(result, now);
  answer.rows = info;
  return answer;
}

RestAnswer DeribitVenue::funding(const RestCall& call, TimeMs now, const RowChange& change) const {
  const SimInstrument* const instrument =
      find_instrument(truth_, Market::kDeribitFutures, call.symbol);
  if (instrument == nullptr || now < instrument->life.from) {
    return refused({13020, "not_found", 400});
  }
  if (!call.symbol.ends_with("-PERPETUAL")) {
    return refused(invalid("instrument_name", "instrument is not perpetual"));
  }
  const FundingPage page = funding_page(truth_, call, now, /*newest=*/true, change);
  std::string list = "[";
  for (const FundingEvent& event : page.events) {
    if (list.size() > 1) list += ',';
    JsonObject row(list);
    row.number("timestamp", event.time).raw("prev_index_price", "2949.01");
    // What the truth knows of the price then; old events may lack it, as elsewhere.
    if (!event.mark_price.empty()) row.raw("index_price", shortest_double(event.mark_price));
    row.raw("interest_8h", "0.00012345").raw("interest_1h", shortest_double(event.rate)).end();
  }
  RestAnswer answer = good(list + "]", now);
  answer.rows = page.rows;
  return answer;
}

RestAnswer DeribitVenue::instruments(const RestCall& call, TimeMs now) const {
  const bool expired = call.detail == "true";
  std::string list = "[";
  for (const SimInstrument& instrument : truth_.instruments(Market::kDeribitFutures)) {
    if (now < instrument.life.from || (now >= instrument.life.to) != expired) continue;
    if (expired && now - instrument.life.to > options_.recent_ms) continue;
    if (list.size() > 1) list += ',';
    list += instrument_json(instrument, now);
  }
  return good(list += ']', now);
}

std::string DeribitVenue::status_body(int status) const {
  switch (status) {
    case 418:
    case 429:
      return error_body(10028, "too_many_requests");
    case 451:
      return error_body(12005, "forbidden");
    case 503:
      return error_body(13028, "temporarily_unavailable");
    default:
      return error_body(11094, "internal_server_error");
  }
}

void DeribitVenue::expect_silence(Market /*market*/, TimeMs now, TimeMs until) {
  silence_.expect_silence(now, until);
}

}  // namespace bf::sim
