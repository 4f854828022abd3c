#include "engine/sim/blofin_venue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/sim/funding_page.h"
#include "engine/sim/json_text.h"

namespace bf::sim {
namespace {

constexpr int kBadParameter = 152002;
constexpr int kMissingParameter = 152001;
constexpr int kNoInstrument = 152014;
constexpr std::uint32_t kRowsDefault = 500;
constexpr std::string_view kPath = "/api/v1/market/";

constexpr std::pair<std::string_view, Interval> kBars[] = {
    {"1m", Interval::k1m},   {"3m", Interval::k3m},   {"5m", Interval::k5m},
    {"15m", Interval::k15m}, {"30m", Interval::k30m}, {"1H", Interval::k1h},
    {"2H", Interval::k2h},   {"4H", Interval::k4h},   {"6H", Interval::k6h},
    {"8H", Interval::k8h},   {"12H", Interval::k12h}, {"1D", Interval::k1d},
    {"3D", Interval::k3d},   {"1W", Interval::k1w},   {"1M", Interval::k1mo},
};
bool parse_bar(std::string_view text, Interval& out) noexcept {
  const auto* const found = std::find_if(std::begin(kBars), std::end(kBars),
                                         [text](const auto& bar) { return bar.first == text; });
  if (found == std::end(kBars)) return false;
  out = found->second;
  return true;
}

RestAnswer refusal(RestError error) {
  error.status = error.status == 404 ? 404 : 200;
  return {error.status, envelope_error_body(error), {}};
}

std::vector<WindowRule> documented_limits() {
  return {{500, kMinuteMs, 5 * kMinuteMs}, {1'500, 5 * kMinuteMs, kHourMs}};
}

void append_instrument(const SimInstrument& instrument, TimeMs now, std::string& list) {
  constexpr TimeMs kFarFuture = 4'102'416'000'000;  // what perpetuals say
  const bool over = now >= instrument.life.to;
  if (list.size() > 1) list += ',';
  JsonObject(list)
      .text("instId", instrument.symbol)
      .text("baseCurrency", instrument.base_asset)
      .text("quoteCurrency", instrument.quote_asset)
      .text("contractValue", contract_tick(instrument))
      .text("listTime", std::to_string(instrument.life.from))
      .text("expireTime", std::to_string(over ? instrument.life.to : kFarFuture))
      .text("maxLeverage", "125")
      .text("minSize", "1")
      .text("lotSize", "1")
      .text("tickSize", tick(instrument.price_decimals))
      .text("instType", "SWAP")
      .text("contractType", "linear")
      .text("state", over ? "suspend" : "live")
      .text("settleCurrency", instrument.quote_asset)
      .end();
}

}  // namespace

BlofinVenue::BlofinVenue(const Truth& truth, BlofinOptions options, bool enforced)
    : truth_(truth), options_(options), limits_(documented_limits(), enforced) {}

std::optional<RestCall> BlofinVenue::read(const Query& query) const {
  std::string_view path = query.path;
  if (!path.starts_with(kPath)) return std::nullopt;
  path.remove_prefix(kPath.size());
  RestCall call;
  call.market = Market::kBlofinSwap;
  call.detail = path;
  if (path == "candles" || path == "mark-price-candles" || path == "index-candles") {
    read_candles(query, call);
  } else if (path == "funding-rate-history") {
    read_funding(query, call);
  } else if (path == "instruments") {
    call.endpoint = Endpoint::kExchangeInfo;
    call.symbol = query.parameter("instId").value_or("");
  } else {
    call.error = RestError{404, "Path is not served by this simulator.", 404};
  }
  return call;
}

void BlofinVenue::read_candles(const Query& query, RestCall& call) const {
  call.endpoint = Endpoint::kKlines;
  call.symbol = query.parameter("instId").value_or("");
  CursorRules rules;
  rules.rows_default = kRowsDefault;
  rules.rows_max = options_.rows_max;
  rules.ends_included = options_.ends_included;
  rules.bad_parameter = kBadParameter;
  read_cursors(query, rules, call);
  const std::string_view bar = query.parameter("bar").value_or("1m");
  if (call.symbol.empty()) {
    call.error = RestError{kMissingParameter, "Parameter instId cannot be empty"};
  } else if (!call.error && !parse_bar(bar, call.interval)) {
    call.error = RestError{kBadParameter, "Parameter bar error"};
  }
}

void BlofinVenue::read_funding(const Query& query, RestCall& call) const {
  call.endpoint = Endpoint::kFunding;
  call.interval = Interval::kEvents;
  call.symbol = query.parameter("instId").value_or("");
  CursorRules rules;
  rules.ends_included = options_.ends_included;
  rules.bad_parameter = kBadParameter;
  read_cursors(query, rules, call);
  if (call.symbol.empty()) {
    call.error = RestError{kMissingParameter, "Parameter instId cannot be empty"};
  }
}

Admission BlofinVenue::admit(const RestCall& /*call*/, TimeMs now) {
  const RequestVerdict verdict = limits_.charge(1, now);
  Admission admission;
  admission.out_of_turn = verdict.out_of_turn;
  if (!verdict.refused) return admission;
  net::ServerResponse response;
  response.status = 429;
  response.body = options_.plain_refusals ? "Too Many Requests" : status_body(429);
  admission.refusal = std::move(response);
  return admission;
}

RestAnswer BlofinVenue::answer(const RestCall& call, TimeMs now, const RowChange& change) const {
  if (call.error) return refusal(*call.error);
  if (call.endpoint == Endpoint::kKlines) return candles(call, now, change);
  if (call.endpoint == Endpoint::kFunding) return funding(call, now, change);
  return instruments(call, now);
}

RestAnswer BlofinVenue::funding(const RestCall& call, TimeMs now, const RowChange& change) const {
  const SimInstrument* const instrument = find_instrument(truth_, call.market, call.symbol);
  if (instrument == nullptr || now < instrument->life.from) {
    return refusal({kNoInstrument, "Instrument ID does not exist"});
  }
  const FundingPage page = funding_page(truth_, call, now, /*newest=*/true, change);
  std::string list = "[";
  for (std::size_t i = page.events.size(); i-- > 0;) {
    if (list.size() > 1) list += ',';
    JsonObject(list)
        .text("instId", call.symbol)
        .text("fundingRate", page.events[i].rate)
        .text("fundingTime", std::to_string(page.events[i].time))
        .end();
  }
  return {200, envelope_body("success", list + "]"), page.rows};
}

RestAnswer BlofinVenue::candles(const RestCall& call, TimeMs now, const RowChange& change) const {
  CursorPage page;
  page.instrument = find_instrument(truth_, call.market, call.symbol);
  if (page.instrument == nullptr || now < page.instrument->life.from) {
    return refusal({kNoInstrument, "Instrument ID does not exist"});
  }
  page.row = call.detail == "candles" ? CursorRow::kContract : CursorRow::kPrice;
  return cursor_page(truth_, call, page, now, change);
}

RestAnswer BlofinVenue::instruments(const RestCall& call, TimeMs now) const {
  std::string list = "[";
  for (const SimInstrument& instrument : truth_.instruments(call.market)) {
    const bool asked = call.symbol.empty() || call.symbol == instrument.symbol;
    if (asked && now >= instrument.life.from) append_instrument(instrument, now, list);
  }
  if (!call.symbol.empty() && list.size() == 1) {
    return refusal({kNoInstrument, "Instrument ID does not exist"});
  }
  return {200, envelope_body("success", list + "]"), {}};
}

std::string BlofinVenue::status_body(int status) const {
  if (status == 429) return envelope_error_body({429, "Too many requests"});
  return envelope_error_body({status == 503 ? 103013 : 500, "Internal error; try again later"});
}

void BlofinVenue::expect_silence(Market /*market*/, TimeMs now, TimeMs until) {
  limits_.expect_silence(now, until);
}

}  // namespace bf::sim
