#include "engine/exchange/blofin_swap.h"

#include <array>

#include "engine/exchange/code_envelope.h"
#include "engine/exchange/cursor_candles.h"
#include "engine/exchange/cursor_funding.h"
#include "store/base/assert.h"

namespace bf::exchange {
namespace {

constexpr std::array<PageBand, 1> kBands = {{{1440, 1}}};
constexpr std::array<PageBand, 1> kFundingBands = {{{100, 1}}};
constexpr std::uint32_t kRowBytes = 100;
constexpr std::int64_t kRequestsPerMinute = 500;
constexpr std::int64_t kRequestsPer5Minutes = 1'500;
constexpr DurationMs kFirewallMs = 5 * kMinuteMs;
/// A 429 does not say which of the two limits was broken: the longer suspension.
constexpr DurationMs kSuspensionMs = kHourMs;

std::string_view path_of(Kind kind) noexcept {
  if (kind == Kind::kMark) return "/api/v1/market/mark-price-candles";
  return kind == Kind::kIndex ? "/api/v1/market/index-candles" : "/api/v1/market/candles";
}

// Codes that are absent here are final: kRejected.
constexpr std::array kCodes = {
    CodeMeaning{429, Code::kLimited}, CodeMeaning{500, Code::kUnavailable},
    CodeMeaning{103013, Code::kUnavailable},  // internal error
    CodeMeaning{152014, Code::kUnknownName},  // no such instrument
};

}  // namespace

std::string_view BlofinSwap::default_base_url() const noexcept {
  return "https://openapi.blofin.com";
}

limits::LimitRules BlofinSwap::limit_rules() const {
  return {
      limits::LimitRule{"requests per minute", limits::Unit::kRequests,
                        limits::Shape::kSlidingWindow, kRequestsPerMinute, kMinuteMs, ""},
      limits::LimitRule{"requests per 5 minutes", limits::Unit::kRequests,
                        limits::Shape::kSlidingWindow, kRequestsPer5Minutes, 5 * kMinuteMs, ""}};
}

bool BlofinSwap::serves(Kind kind, Interval interval) const noexcept {
  if (is_event_kind(kind)) return interval == Interval::kEvents;
  const bool known = kind == Kind::kCandles || kind == Kind::kMark || kind == Kind::kIndex;
  return known && !blofin::bar_of(interval).empty();
}

ColumnSet BlofinSwap::columns(Kind kind) const noexcept {
  if (kind == Kind::kFunding) return {Column::kFundingRate};
  ColumnSet columns = {Column::kOpen, Column::kHigh, Column::kLow, Column::kClose};
  if (kind == Kind::kCandles) {
    columns.insert(Column::kVolume);
    columns.insert(Column::kQuoteVolume);
  }
  return columns;
}

std::span<const PageBand> BlofinSwap::page_bands(Kind kind) const noexcept {
  if (kind == Kind::kFunding) return kFundingBands;
  return kBands;
}

std::uint32_t BlofinSwap::row_bytes_estimate() const noexcept { return kRowBytes; }

ApiRequest BlofinSwap::candles_request(const Series& series, TimeRange window) const {
  const std::string_view bar = blofin::bar_of(series.interval);
  BF_ASSERT(!bar.empty());
  ApiRequest request;
  request.target = cursor::candles_target(path_of(series.kind), series.instrument.symbol, bar,
                                          window, slot_count(series.interval, window));
  return request;
}

Result<void> BlofinSwap::parse_candles(const Series& series, std::string_view padded_body,
                                       CandleBatch& out) const {
  const cursor::RowLayout layout =
      series.kind == Kind::kCandles ? cursor::kContractRow : cursor::kPriceRow;
  return cursor::parse_candles(series.interval, columns(series.kind), layout, padded_body, out);
}

ApiRequest BlofinSwap::events_request(const Series& series, TimeRange window) const {
  ApiRequest request;
  request.target =
      cursor::funding_target("/api/v1/market/funding-rate-history", series.instrument.symbol,
                             window, kFundingBands.front().rows_max);
  return request;
}

Result<void> BlofinSwap::parse_events(const Series& series, std::string_view padded_body,
                                      std::vector<CandleBatch>& runs) const {
  return cursor::parse_funding(series.instrument.symbol, padded_body, runs);
}

ApiRequest BlofinSwap::instruments_request(std::string_view /*part*/) const {
  return ApiRequest{"/api/v1/market/instruments", 1, {}};
}

Result<InstrumentList> BlofinSwap::parse_instruments(std::string_view /*part*/,
                                                     std::string_view padded_body) const {
  return blofin::parse_instruments(padded_body);
}

ApiRequest BlofinSwap::ping_request(TimeMs /*now*/) const {
  return {"/api/v1/market/instruments?instId=BTC-USDT", 1, {}};
}

std::optional<ApiFailure> BlofinSwap::failure(const ApiResponse& response, TimeMs now) const {
  envelope::FailureRules rules;
  rules.source = "blofin/swap";
  rules.codes = kCodes;
  rules.limited = Code::kBanned;
  rules.limited_ms = kSuspensionMs;
  rules.forbidden = Code::kBanned;
  rules.forbidden_ms = kFirewallMs;
  return envelope::failure_of(response, now, rules);
}

namespace blofin {

std::string_view bar_of(Interval interval) noexcept {
  switch (interval) {
    case Interval::k1m:
    case Interval::k3m:
    case Interval::k5m:
    case Interval::k15m:
    case Interval::k30m:
      return interval_name(interval);
    case Interval::k1h:
      return "1H";
    case Interval::k2h:
      return "2H";
    case Interval::k4h:
      return "4H";
    case Interval::k8h:
      return "8H";
    case Interval::k1d:
      return "1D";
    default:
      return {};
  }
}

}  // namespace blofin
}  // namespace bf::exchange
