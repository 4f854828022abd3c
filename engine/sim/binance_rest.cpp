#include "engine/sim/binance_rest.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "engine/sim/binance_info.h"
#include "engine/sim/funding_page.h"
#include "engine/sim/json_text.h"
#include "engine/sim/kline_text.h"

namespace bf::sim {
namespace {

constexpr std::uint32_t kRowsDefault = 500;
constexpr std::uint32_t kUmRowsMax = 1'500;
constexpr std::uint32_t kSpotRowsMax = 1'000;
constexpr std::size_t kRowBytesGuess = 160;
/// Spot takes microseconds too; ms of this size lie in the year 5138.
constexpr std::int64_t kMicrosecondsFrom = 100'000'000'000'000;

std::int64_t klines_weight(Market market, std::uint32_t limit) noexcept {
  if (market == Market::kSpot) return 2;
  if (limit < 100) return 1;
  if (limit < 500) return 2;
  return limit <= 1'000 ? 5 : 10;
}

RestError missing_parameter(std::string_view name) {
  return {-1102, "Mandatory parameter '" + std::string(name) +
                     "' was not sent, was empty/null, or malformed."};
}

/// An integer parameter; nullopt where it is absent. Sets `call.error` where it is not a number.
std::optional<std::int64_t> read_number(const Query& query, std::string_view name, RestCall& call) {
  const std::optional<std::string_view> text = query.parameter(name);
  if (!text || text->empty()) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc() && end == text->data() + text->size() && value >= 0) return value;
  call.error = RestError{-1100, "Illegal characters found in parameter '" + std::string(name) +
                                    "'; legal range is '^[0-9]{1,20}$'."};
  return std::nullopt;
}

std::optional<TimeMs> read_time(const Query& query, std::string_view name, RestCall& call) {
  std::optional<std::int64_t> value = read_number(query, name, call);
  if (value && call.market == Market::kSpot && *value >= kMicrosecondsFrom) *value /= 1'000;
  return value;
}

void read_klines(const Query& query, RestCall& call) {
  call.symbol = query.parameter("symbol").value_or("");
  const std::string_view interval = query.parameter("interval").value_or("");
  const std::optional<std::int64_t> limit = read_number(query, "limit", call);
  call.start = read_time(query, "startTime", call);
  call.end = read_time(query, "endTime", call);
  const std::uint32_t rows_max = call.market == Market::kUm ? kUmRowsMax : kSpotRowsMax;
  call.limit =
      static_cast<std::uint32_t>(std::min<std::int64_t>(limit.value_or(kRowsDefault), rows_max));
  call.weight = klines_weight(call.market, call.limit);
  if (call.symbol.empty()) {
    call.error = missing_parameter("symbol");
  } else if (interval.empty()) {
    call.error = missing_parameter("interval");
  } else if (!call.error && limit == 0) {
    call.error = RestError{-1130, "Data sent for parameter 'limit' is not valid."};
  } else if (!call.error && (!parse_rest_interval(interval, call.interval) ||
                             (call.market == Market::kUm && call.interval == Interval::k1s))) {
    call.error = RestError{-1120, "Invalid interval."};
  } else if (!call.error && call.start && call.end && *call.start > *call.end) {
    call.error = RestError{-1023, "Start time is greater than end time."};
  }
}

void read_funding(const Query& query, RestCall& call) {
  constexpr std::int64_t kEventsDefault = 100;
  constexpr std::int64_t kEventsMax = 1'000;
  call.endpoint = Endpoint::kFunding;
  call.interval = Interval::kEvents;
  call.weight = 0;
  call.symbol = query.parameter("symbol").value_or("");
  const std::optional<std::int64_t> limit = read_number(query, "limit", call);
  call.start = read_time(query, "startTime", call);
  call.end = read_time(query, "endTime", call);
  call.limit = static_cast<std::uint32_t>(std::min(limit.value_or(kEventsDefault), kEventsMax));
  // Binance gives the events of all symbols then; the simulator does not.
  if (call.symbol.empty()) call.error = missing_parameter("symbol");
}

bool starts_with_and_drop(std::string_view& text, std::string_view prefix) noexcept {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// Replaces the last row of `body`, which ends in it, by what a candle that has just begun looks like.
void unfinish_last_row(std::string& body) {
  const std::size_t begin = body.rfind('[');
  const std::string row = forming_row(std::string_view(body).substr(begin));
  body.replace(begin, std::string::npos, row);
}

RestAnswer refusal(const RestError& error) { return {error.status, binance_error_body(error), {}}; }

}  // namespace

std::string binance_error_body(const RestError& error) {
  std::string body = R"({"code":)";
  body.append(std::to_string(error.code)).append(R"(,"msg":")");
  body.append(error.message).append("\"}");
  return body;
}

std::optional<RestCall> BinanceRest::read(const Query& query) {
  RestCall call;
  std::string_view path = query.path;
  if (starts_with_and_drop(path, "/fapi/v1/")) {
    call.market = Market::kUm;
  } else if (starts_with_and_drop(path, "/api/v3/")) {
    call.market = Market::kSpot;
  } else {
    return std::nullopt;
  }
  if (path == "klines") {
    call.endpoint = Endpoint::kKlines;
    read_klines(query, call);
  } else if (path == "fundingRate" && call.market == Market::kUm) {
    read_funding(query, call);
  } else if (path == "exchangeInfo") {
    call.endpoint = Endpoint::kExchangeInfo;
    call.symbol = query.parameter("symbol").value_or("");
    call.weight = call.market == Market::kSpot ? 20 : 1;
  } else if (path == "time") {
    call.endpoint = Endpoint::kTime;
  } else if (path == "ping") {
    call.endpoint = Endpoint::kPing;
  } else {
    call.error = RestError{-5000, "Path is not served by this simulator.", 404};
  }
  return call;
}

RestAnswer BinanceRest::answer(const RestCall& call, TimeMs now, const RowChange& change) const {
  if (call.error) return refusal(*call.error);
  switch (call.endpoint) {
    case Endpoint::kKlines:
      return klines(call, now, change);
    case Endpoint::kFunding:
      return funding(call, now, change);
    case Endpoint::kExchangeInfo:
      return exchange_info(call, now);
    case Endpoint::kTime:
      return {200, "{\"serverTime\":" + std::to_string(now) + "}", {}};
    default:
      return {200, "{}", {}};
  }
}

RestAnswer BinanceRest::klines(const RestCall& call, TimeMs now, const RowChange& change) const {
  const SimInstrument* const instrument = find_instrument(truth_, call.market, call.symbol);
  if (instrument == nullptr || now < instrument->life.from) {
    return refusal({-1121, "Invalid symbol."});
  }
  const std::vector<Interval> served = truth_.intervals(call.market, call.symbol);
  if (std::find(served.begin(), served.end(), call.interval) == served.end()) {
    return refusal(
        {-1120, "Invalid interval. (This simulator has no such candles of the symbol.)"});
  }
  RowQuery rows;
  // Both ends are inclusive, and a candle exists from the instant that it opens.
  rows.opens.from = call.start.value_or(0);
  rows.opens.to = std::min(call.end.value_or(now), now) + 1;
  rows.rows_max = call.limit;
  rows.newest = !call.start;
  RestAnswer answer;
  answer.body.reserve(call.limit * kRowBytesGuess);
  const SimSeries series{call.market, call.symbol, call.interval};
  answer.rows = truth_.append_rows(series, rows, answer.body);
  if (answer.rows.rows > 0 && next_slot(call.interval, answer.rows.last_open) > now) {
    unfinish_last_row(answer.body);
  }
  if (answer.rows.rows > 0 && change) change(answer.body);
  answer.body.insert(answer.body.begin(), '[');
  answer.body += ']';
  return answer;
}

RestAnswer BinanceRest::funding(const RestCall& call, TimeMs now, const RowChange& change) const {
  const SimInstrument* const instrument = find_instrument(truth_, call.market, call.symbol);
  if (instrument == nullptr || now < instrument->life.from) {
    return refusal({-1121, "Invalid symbol."});
  }
  const FundingPage page = funding_page(truth_, call, now, /*newest=*/!call.start, change);
  RestAnswer answer;
  answer.rows = page.rows;
  answer.body = "[";
  for (const FundingEvent& event : page.events) {
    if (answer.body.size() > 1) answer.body += ',';
    JsonObject(answer.body)
        .text("symbol", call.symbol)
        .number("fundingTime", event.time)
        .text("fundingRate", event.rate)
        .text("markPrice", event.mark_price)
        .text("rateType", "Regular")
        .end();
  }
  answer.body += ']';
  return answer;
}

RestAnswer BinanceRest::exchange_info(const RestCall& call, TimeMs now) const {
  if (!call.symbol.empty()) {
    const SimInstrument* const one = find_instrument(truth_, call.market, call.symbol);
    if (one == nullptr || now < one->life.from) return refusal({-1121, "Invalid symbol."});
    return {200, exchange_info_json(call.market, std::span(one, 1), limits_, now), {}};
  }
  return {200, exchange_info_json(call.market, truth_.instruments(call.market), limits_, now), {}};
}

}  // namespace bf::sim
