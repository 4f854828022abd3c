#include "engine/exchange/okx.h"

#include <array>

#include "engine/exchange/code_envelope.h"
#include "engine/exchange/cursor_candles.h"
#include "engine/exchange/cursor_funding.h"
#include "store/base/assert.h"

namespace bf::exchange {
namespace {

constexpr std::array<PageBand, 1> kCandleBands = {{{300, 1}}};
constexpr std::array<PageBand, 1> kPriceBands = {{{100, 1}}};
/// Were it more that is asked for, and a hundred that are given, nobody would see that the rest lacks.
constexpr std::array<PageBand, 1> kFundingBands = {{{100, 1}}};
/// "Three months", in documents: the least that this can mean, or what is gone would look as if it had
/// never been.
constexpr DurationMs kFundingReachMs = 89 * kDayMs;
constexpr std::uint32_t kRowBytes = 100;
constexpr DurationMs kWindowMs = 2 * kSecondMs;

/// Where a kind is asked for; the name stands for it in limit_rules().
struct Endpoint {
  std::string_view name;
  std::string_view path;
};
constexpr Endpoint kCandles = {"history-candles", "/api/v5/market/history-candles"};
constexpr Endpoint kMark = {"history-mark-price-candles",
                            "/api/v5/market/history-mark-price-candles"};
constexpr Endpoint kIndex = {"history-index-candles", "/api/v5/market/history-index-candles"};
constexpr Endpoint kFunding = {"funding-rate-history", "/api/v5/public/funding-rate-history"};
constexpr Endpoint kInstruments = {"instruments", "/api/v5/public/instruments"};
constexpr Endpoint kTime = {"time", "/api/v5/public/time"};

const Endpoint& endpoint_of(Kind kind) noexcept {
  if (kind == Kind::kMark) return kMark;
  return kind == Kind::kIndex ? kIndex : kCandles;
}

limits::LimitRule rule(const Endpoint& endpoint, std::int64_t requests) {
  return {std::string(endpoint.name) + " per 2 s",
          limits::Unit::kRequests,
          limits::Shape::kSlidingWindow,
          requests,
          kWindowMs,
          "",
          std::string(endpoint.name)};
}

// Codes that are absent here are final: kRejected. 51021, 51022 and 51027 to 51030 among them: the
// contract is not open, and will not be within a run.
constexpr std::array kCodes = {
    CodeMeaning{50001, Code::kUnavailable},  // maintenance
    CodeMeaning{50004, Code::kUnavailable},  // timeout of the backend
    CodeMeaning{50005, Code::kUnavailable},  // endpoint not available
    CodeMeaning{50011, Code::kLimited},      // too many requests
    CodeMeaning{50013, Code::kUnavailable},  // busy
    CodeMeaning{50026, Code::kUnavailable},  // system error
    CodeMeaning{51001, Code::kUnknownName},  // instrument does not exist
    CodeMeaning{51012, Code::kUnknownName},  // token does not exist
    CodeMeaning{51014, Code::kUnknownName},  // index does not exist
    CodeMeaning{51155, Code::kBlocked},      // local compliance
};

}  // namespace

std::string_view Okx::market() const noexcept {
  switch (market_) {
    case Market::kSwap:
      return "swap";
    case Market::kFutures:
      return "futures";
    case Market::kSpot:
      return "spot";
  }
  return {};
}

std::string_view Okx::default_base_url() const noexcept { return "https://www.okx.com"; }

limits::LimitRules Okx::limit_rules() const {
  return {rule(kCandles, 20), rule(kMark, 20),        rule(kIndex, 10),
          rule(kFunding, 10), rule(kInstruments, 20), rule(kTime, 10)};
}

bool Okx::serves(Kind kind, Interval interval) const noexcept {
  if (is_event_kind(kind)) return market_ == Market::kSwap && interval == Interval::kEvents;
  if (okx::bar_of(interval).empty()) return false;
  if (kind == Kind::kCandles) return true;
  return market_ != Market::kSpot && (kind == Kind::kMark || kind == Kind::kIndex);
}

ColumnSet Okx::columns(Kind kind) const noexcept {
  if (kind == Kind::kFunding) return {Column::kFundingRate};
  ColumnSet columns = {Column::kOpen, Column::kHigh, Column::kLow, Column::kClose};
  if (kind == Kind::kCandles) {
    columns.insert(Column::kVolume);
    columns.insert(Column::kQuoteVolume);
  }
  return columns;
}

std::span<const PageBand> Okx::page_bands(Kind kind) const noexcept {
  if (kind == Kind::kCandles) return kCandleBands;
  if (kind == Kind::kFunding) return kFundingBands;
  return kPriceBands;
}

std::uint32_t Okx::row_bytes_estimate() const noexcept { return kRowBytes; }

ApiRequest Okx::candles_request(const Series& series, TimeRange window) const {
  const Endpoint& endpoint = endpoint_of(series.kind);
  const std::string_view bar = okx::bar_of(series.interval);
  BF_ASSERT(!bar.empty());
  ApiRequest request;
  request.endpoint = endpoint.name;
  request.target =
      cursor::candles_target(endpoint.path, okx::candles_id(series.kind, series.instrument.symbol),
                             bar, window, slot_count(series.interval, window));
  return request;
}

Result<void> Okx::parse_candles(const Series& series, std::string_view padded_body,
                                CandleBatch& out) const {
  cursor::RowLayout layout = cursor::kPriceRow;
  if (series.kind == Kind::kCandles) {
    layout = market_ == Market::kSpot ? cursor::kSpotRow : cursor::kContractRow;
  }
  return cursor::parse_candles(series.interval, columns(series.kind), layout, padded_body, out);
}

ApiRequest Okx::events_request(const Series& series, TimeRange window) const {
  ApiRequest request;
  request.endpoint = kFunding.name;
  request.target = cursor::funding_target(kFunding.path, series.instrument.symbol, window,
                                          kFundingBands.front().rows_max);
  return request;
}

Result<void> Okx::parse_events(const Series& series, std::string_view padded_body,
                               std::vector<CandleBatch>& runs) const {
  return cursor::parse_funding(series.instrument.symbol, padded_body, runs);
}

TimeMs Okx::history_from(Kind kind, Interval /*interval*/, TimeMs now) const noexcept {
  return kind == Kind::kFunding ? now - kFundingReachMs : kTimeMin;
}

ApiRequest Okx::instruments_request(std::string_view /*part*/) const {
  ApiRequest request;
  request.endpoint = kInstruments.name;
  request.target.append(kInstruments.path).append("?instType=").append(okx::inst_type(market_));
  return request;
}

Result<InstrumentList> Okx::parse_instruments(std::string_view /*part*/,
                                              std::string_view padded_body) const {
  return okx::parse_instruments(market_, padded_body);
}

std::optional<ApiRequest> Okx::server_time_request() const {
  return ApiRequest{std::string(kTime.path), 1, kTime.name};
}

Result<TimeMs> Okx::parse_server_time(std::string_view padded_body) const {
  return envelope::parse_time(padded_body);
}

std::optional<ApiFailure> Okx::failure(const ApiResponse& response, TimeMs now) const {
  const std::string source = "okx/" + std::string(market());
  envelope::FailureRules rules;
  rules.source = source;
  rules.codes = kCodes;
  // No answer says how long: twice the window, for what is still under way.
  rules.limited_ms = 2 * kWindowMs;
  return envelope::failure_of(response, now, rules);
}

namespace okx {

std::string_view bar_of(Interval interval) noexcept {
  switch (interval) {
    case Interval::k1h:
      return "1H";
    case Interval::k2h:
      return "2H";
    case Interval::k4h:
      return "4H";
    case Interval::k6h:
      return "6Hutc";
    case Interval::k12h:
      return "12Hutc";
    case Interval::k1d:
      return "1Dutc";
    case Interval::k1w:
      return "1Wutc";
    case Interval::k1mo:
      return "1Mutc";
    case Interval::k1s:
    case Interval::k10m:
    case Interval::k3h:
    case Interval::k8h:
    case Interval::k3d:
    case Interval::kEvents:
      return {};
    default:
      return interval_name(interval);
  }
}

std::string_view candles_id(Kind kind, std::string_view symbol) noexcept {
  if (kind != Kind::kIndex) return symbol;
  const std::size_t quote = symbol.find('-') + 1;  // 0 where there is no dash
  return symbol.substr(0, symbol.find_first_of("-_", quote));
}

std::string_view inst_type(Okx::Market market) noexcept {
  switch (market) {
    case Okx::Market::kSwap:
      return "SWAP";
    case Okx::Market::kFutures:
      return "FUTURES";
    case Okx::Market::kSpot:
      return "SPOT";
  }
  return {};
}

}  // namespace okx
}  // namespace bf::exchange
