#include "engine/sim/okx_venue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/sim/funding_page.h"
#include "engine/sim/json_text.h"

namespace bf::sim {
namespace {

constexpr int kMissingParameter = 50014;
constexpr int kBadParameter = 51000;
constexpr int kNoInstrument = 51001;
constexpr int kTooMany = 50011;
constexpr std::uint32_t kPriceRowsMax = 100;
constexpr std::uint32_t kRowsDefault = 100;
constexpr std::int64_t kRecentBars = 1'440;
constexpr DurationMs kWindowMs = 2'000;
constexpr std::string_view kFundingPath = "funding-rate-history";
constexpr DurationMs kFundingReachMs = 92 * kDayMs;

/// One candle endpoint: what it gives, and how often in kWindowMs it may be asked.
struct CandleEndpoint {
  std::string_view path;
  bool history;
  bool index;
  CursorRow row;
  std::int64_t requests;
};
constexpr CandleEndpoint kCandleEndpoints[] = {
    {"candles", false, false, CursorRow::kContract, 40},
    {"history-candles", true, false, CursorRow::kContract, 20},
    {"mark-price-candles", false, false, CursorRow::kPrice, 20},
    {"history-mark-price-candles", true, false, CursorRow::kPrice, 20},
    {"index-candles", false, true, CursorRow::kPrice, 20},
    {"history-index-candles", true, true, CursorRow::kPrice, 10},
};
const CandleEndpoint* find_endpoint(std::string_view path) noexcept {
  const auto* const found =
      std::find_if(std::begin(kCandleEndpoints), std::end(kCandleEndpoints),
                   [path](const CandleEndpoint& endpoint) { return endpoint.path == path; });
  return found == std::end(kCandleEndpoints) ? nullptr : found;
}

// Bars of a day's part that does not divide 8 hours, and longer ones, open on Hong Kong time without
// "utc": the simulator has none of those.
constexpr std::pair<std::string_view, Interval> kBars[] = {
    {"1m", Interval::k1m},     {"3m", Interval::k3m},      {"5m", Interval::k5m},
    {"15m", Interval::k15m},   {"30m", Interval::k30m},    {"1H", Interval::k1h},
    {"2H", Interval::k2h},     {"4H", Interval::k4h},      {"6Hutc", Interval::k6h},
    {"1Dutc", Interval::k1d},  {"12Hutc", Interval::k12h}, {"1Wutc", Interval::k1w},
    {"1Mutc", Interval::k1mo},
};
bool parse_bar(std::string_view text, Interval& out) noexcept {
  const auto* const found = std::find_if(std::begin(kBars), std::end(kBars),
                                         [text](const auto& bar) { return bar.first == text; });
  if (found == std::end(kBars)) return false;
  out = found->second;
  return true;
}

/// By the form of the name: BTC-USDT-SWAP, BTC-USDT-241227, BTC-USDT.
Market market_of(std::string_view id) noexcept {
  if (id.ends_with("-SWAP")) return Market::kOkxSwap;
  return std::count(id.begin(), id.end(), '-') > 1 ? Market::kOkxFutures : Market::kOkxSpot;
}

/// A contract whose prices are played as those of the index: a swap of it, or else a future.
Market market_of_index(const Truth& truth, std::string& id) {
  for (const Market market : {Market::kOkxSwap, Market::kOkxFutures}) {
    for (const SimInstrument& instrument : truth.instruments(market)) {
      if (!instrument.symbol.starts_with(id + "-")) continue;
      id = instrument.symbol;
      return market;
    }
  }
  return Market::kOkxSpot;
}

std::optional<Market> market_of_type(std::string_view type) noexcept {
  if (type == "SWAP") return Market::kOkxSwap;
  if (type == "FUTURES") return Market::kOkxFutures;
  if (type == "SPOT") return Market::kOkxSpot;
  return std::nullopt;
}

RestAnswer refusal(const RestError& error) {
  return {error.status, envelope_error_body(error), {}};
}

std::int64_t requests_max(std::string_view detail) noexcept {
  if (const CandleEndpoint* const candles = find_endpoint(detail)) return candles->requests;
  return detail == "time" || detail == kFundingPath ? 10 : 20;
}

}  // namespace

std::optional<RestCall> OkxVenue::read(const Query& query) const {
  constexpr std::string_view kMarketPath = "/api/v5/market/";
  constexpr std::string_view kPublicPath = "/api/v5/public/";
  std::string_view path = query.path;
  if (!path.starts_with("/api/v5/")) return std::nullopt;
  RestCall call;
  call.market = Market::kOkxSwap;
  if (path.starts_with(kMarketPath) && find_endpoint(path.substr(kMarketPath.size()))) {
    read_candles(query, path.substr(kMarketPath.size()), call);
  } else if (path == "/api/v5/public/instruments") {
    call.endpoint = Endpoint::kExchangeInfo;
    const std::string_view type = query.parameter("instType").value_or("");
    call.detail = "instruments " + std::string(type);
    call.symbol = query.parameter("instId").value_or("");
    call.market = market_of_type(type).value_or(Market::kOkxSwap);
    if (type.empty()) {
      call.error = RestError{kMissingParameter, "Parameter instType can not be empty."};
    } else if (!market_of_type(type) && type != "OPTION" && type != "MARGIN") {
      call.error = RestError{kBadParameter, "Parameter instType error"};
    }
  } else if (path == "/api/v5/public/funding-rate-history") {
    read_funding(query, call);
  } else if (path == "/api/v5/public/time") {
    call.endpoint = Endpoint::kTime;
    call.detail = path.substr(kPublicPath.size());
  } else {
    call.error = RestError{50404, "Path is not served by this simulator.", 404};
  }
  return call;
}

void OkxVenue::read_candles(const Query& query, std::string_view path, RestCall& call) const {
  call.endpoint = Endpoint::kKlines;
  call.detail = path;
  call.symbol = query.parameter("instId").value_or("");
  const CandleEndpoint& endpoint = *find_endpoint(path);
  call.market = endpoint.index ? market_of_index(truth_, call.symbol) : market_of(call.symbol);
  CursorRules rules;
  rules.rows_default = kRowsDefault;
  rules.rows_max = endpoint.row == CursorRow::kPrice ? kPriceRowsMax : options_.candle_rows_max;
  rules.ends_included = options_.ends_included;
  rules.bad_parameter = kBadParameter;
  read_cursors(query, rules, call);
  const std::string_view bar = query.parameter("bar").value_or("1m");
  if (call.symbol.empty()) {
    call.error = RestError{kMissingParameter, "Parameter instId can not be empty."};
  } else if (!call.error && !parse_bar(bar, call.interval)) {
    call.error = RestError{kBadParameter, "Parameter bar error"};
  }
}

void OkxVenue::read_funding(const Query& query, RestCall& call) const {
  call.endpoint = Endpoint::kFunding;
  call.interval = Interval::kEvents;
  call.detail = kFundingPath;
  call.symbol = query.parameter("instId").value_or("");
  CursorRules rules;
  rules.rows_default = kRowsDefault;
  rules.rows_max = options_.funding_rows_max;
  rules.ends_included = options_.ends_included;
  rules.bad_parameter = kBadParameter;
  read_cursors(query, rules, call);
  if (call.symbol.empty()) {
    call.error = RestError{kMissingParameter, "Parameter instId can not be empty."};
  }
}

RequestLimits& OkxVenue::limits_of(const std::string& endpoint) {
  const auto known = limits_.find(endpoint);
  if (known != limits_.end()) return known->second;
  const WindowRule rule = {requests_max(endpoint), kWindowMs, 0};
  RequestLimits limits({rule}, enforced_);
  limits.expect_silence(silent_from_, silent_until_);
  return limits_.emplace(endpoint, std::move(limits)).first->second;
}

Admission OkxVenue::admit(const RestCall& call, TimeMs now) {
  const RequestVerdict verdict = limits_of(call.detail).charge(1, now);
  Admission admission;
  admission.out_of_turn = verdict.out_of_turn;
  if (!verdict.refused) return admission;
  net::ServerResponse response;
  response.status = 429;
  response.body = status_body(429);
  response.headers.emplace_back("Content-Type", "application/json");
  admission.refusal = std::move(response);
  return admission;
}

RestAnswer OkxVenue::answer(const RestCall& call, TimeMs now, const RowChange& change) const {
  if (call.error) return refusal(*call.error);
  switch (call.endpoint) {
    case Endpoint::kKlines:
      return candles(call, now, change);
    case Endpoint::kFunding:
      return funding(call, now, change);
    case Endpoint::kExchangeInfo:
      return instruments(call, now);
    default:
      return {200, envelope_body("", "[{\"ts\":\"" + std::to_string(now) + "\"}]"), {}};
  }
}

RestAnswer OkxVenue::candles(const RestCall& call, TimeMs now, const RowChange& change) const {
  const SimInstrument* const instrument = find_instrument(truth_, call.market, call.symbol);
  if (instrument == nullptr || now < instrument->life.from) {
    return refusal({kNoInstrument, "Instrument ID does not exist", options_.refusal_status});
  }
  const CandleEndpoint& endpoint = *find_endpoint(call.detail);
  CursorPage page;
  page.instrument = instrument;
  page.row = endpoint.row;
  if (page.row == CursorRow::kContract && call.market == Market::kOkxSpot) {
    page.row = CursorRow::kSpot;
  }
  const TimeMs forming = slot_begin(call.interval, now);
  if (!endpoint.history) {
    page.reach.from = advance_slots(call.interval, forming, 1 - kRecentBars);
  } else if (options_.history_lag_bars > 0) {
    page.reach.to = advance_slots(call.interval, forming, 1 - options_.history_lag_bars);
  }
  return cursor_page(truth_, call, page, now, change);
}

RestAnswer OkxVenue::funding(const RestCall& call, TimeMs now, const RowChange& change) const {
  const SimInstrument* const instrument = find_instrument(truth_, call.market, call.symbol);
  if (instrument == nullptr || now < instrument->life.from) {
    return refusal({kNoInstrument, "Instrument ID does not exist", options_.refusal_status});
  }
  const FundingPage page =
      funding_page(truth_, call, now, /*newest=*/true, change, now - kFundingReachMs);
  std::string list = "[";
  for (std::size_t i = page.events.size(); i-- > 0;) {
    const FundingEvent& event = page.events[i];
    // What was foreseen differs from what was paid; where that is not known, it is what there is.
    const bool settled = event.time / kHourMs % 7 != 0;
    if (list.size() > 1) list += ',';
    JsonObject(list)
        .text("formulaType", "noRate")
        .text("fundingRate", settled ? event.rate + "9" : event.rate)
        .text("fundingTime", std::to_string(event.time))
        .text("instId", call.symbol)
        .text("instType", "SWAP")
        .text("method", "current_period")
        .text("realizedRate", settled ? event.rate : "")
        .end();
  }
  return {200, envelope_body("", list + "]"), page.rows};
}

RestAnswer OkxVenue::instruments(const RestCall& call, TimeMs now) const {
  const bool has_list = call.detail != "instruments OPTION" && call.detail != "instruments MARGIN";
  const std::string list =
      has_list ? okx_instruments_json(truth_, call.market, options_, now) : "[]";
  return {200, envelope_body("", list), {}};
}

std::string OkxVenue::status_body(int status) const {
  switch (status) {
    case 429:
      return envelope_error_body({kTooMany, "Too Many Requests"});
    case 451:
      return envelope_error_body({51155, "You can't trade this pair due to local compliance."});
    case 503:
      return envelope_error_body({50001, "Service temporarily unavailable. Please try later"});
    default:
      return envelope_error_body({50026, "System error. Try again later"});
  }
}

void OkxVenue::expect_silence(Market /*market*/, TimeMs now, TimeMs until) {
  silent_from_ = now;
  silent_until_ = std::max(silent_until_, until);
  for (auto& [endpoint, limits] : limits_) limits.expect_silence(now, until);
}

std::string okx_instruments_json(const Truth& truth, Market market, const OkxOptions& options,
                                 TimeMs now) {
  constexpr TimeMs kExpiryOf491231 = 2'524'550'400'000;  // 2049-12-31T08:00:00Z
  const bool spot = market == Market::kOkxSpot;
  const bool dated = market == Market::kOkxFutures;
  std::string list = "[";
  for (const SimInstrument& instrument : truth.instruments(market)) {
    const bool over = now >= instrument.life.to;
    if (now < instrument.life.from || (over && !options.lists_delisted)) continue;
    if (list.size() > 1) list += ',';
    const std::string pair = instrument.base_asset + "-" + instrument.quote_asset;
    const TimeMs expiry = std::min(instrument.life.to, kExpiryOf491231);
    JsonObject(list)
        .text("alias", dated ? "quarter" : "")
        .text("baseCcy", spot ? instrument.base_asset : "")
        .text("ctMult", spot ? "" : "1")
        .text("ctType", spot ? "" : "linear")
        .text("ctVal", spot ? "" : contract_tick(instrument))
        .text("ctValCcy", spot ? "" : instrument.base_asset)
        .text("expTime", dated ? std::to_string(expiry) : "")
        .text("instFamily", spot ? "" : pair)
        .text("instId", instrument.symbol)
        .text("instType", spot    ? "SPOT"
                          : dated ? "FUTURES"
                                  : "SWAP")
        .text("listTime", std::to_string(instrument.life.from))
        .text("lotSz", spot ? tick(instrument.quantity_decimals) : "1")
        .text("minSz", spot ? tick(instrument.quantity_decimals) : "1")
        .text("quoteCcy", spot ? instrument.quote_asset : "")
        .text("ruleType", "normal")
        .text("settleCcy", spot ? "" : instrument.quote_asset)
        .text("state", over ? "suspend" : "live")
        .text("tickSz", tick(instrument.price_decimals))
        .text("uly", spot ? "" : pair)
        .end();
  }
  return list + "]";
}

}  // namespace bf::sim
