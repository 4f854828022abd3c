#include "engine/exchange/binance_um.h"

#include <array>

#include "engine/exchange/binance.h"
#include "store/base/assert.h"

namespace bf::exchange {
namespace {

constexpr std::array<PageBand, 4> kBands = {{{99, 1}, {499, 2}, {1000, 5}, {1500, 10}}};
constexpr std::array<PageBand, 1> kFundingBands = {{{1000, 0}}};
constexpr std::int64_t kWeightPerMinute = 2'400;
constexpr std::string_view kFundingEndpoint = "funding";
constexpr std::int64_t kFundingPer5Minutes = 500;
constexpr std::uint32_t kExchangeInfoWeight = 1;
constexpr std::uint32_t kTimeWeight = 1;
constexpr std::uint32_t kRowBytes = 150;

/// Where a kind is asked for, and by which parameter. Index candles belong to a pair: all contracts
/// of it share them.
struct Endpoint {
  std::string_view path;
  std::string_view key;
  std::string_view name;
};
Endpoint endpoint_of(const Series& series) {
  const std::string_view symbol = series.instrument.symbol;
  switch (series.kind) {
    case Kind::kCandles:
      return {"/fapi/v1/klines", "symbol", symbol};
    case Kind::kMark:
      return {"/fapi/v1/markPriceKlines", "symbol", symbol};
    case Kind::kIndex:
      return {"/fapi/v1/indexPriceKlines", "pair", symbol.substr(0, symbol.find('_'))};
    case Kind::kPremium:
      return {"/fapi/v1/premiumIndexKlines", "symbol", symbol};
    case Kind::kFunding:
      break;
  }
  BF_ASSERT(false && "serves() was not asked");
  return {};
}

}  // namespace

std::string_view BinanceUm::default_base_url() const noexcept { return "https://fapi.binance.com"; }

limits::LimitRules BinanceUm::limit_rules() const {
  return {limits::LimitRule{std::string(binance::kWeightRule), limits::Unit::kWeight,
                            limits::Shape::kFixedWindow, kWeightPerMinute, kMinuteMs,
                            std::string(binance::kUsedWeightHeader)},
          // Whether its window is fixed or slides is not documented: what slides fits into both.
          limits::LimitRule{"funding requests per 5 minutes", limits::Unit::kRequests,
                            limits::Shape::kSlidingWindow, kFundingPer5Minutes, 5 * kMinuteMs, "",
                            std::string(kFundingEndpoint)}};
}

bool BinanceUm::serves(Kind kind, Interval interval) const noexcept {
  if (is_event_kind(kind)) return interval == Interval::kEvents;
  // 1s came in April 2026 and was gone in July.
  return interval != Interval::k1s && !binance::rest_interval(interval).empty();
}

ColumnSet BinanceUm::columns(Kind kind) const noexcept {
  if (kind == Kind::kCandles) return kCandleColumns;
  if (kind == Kind::kFunding) return {Column::kFundingRate, Column::kMarkPrice};
  // What stands in the other columns of mark, index and premium rows are zeros and sample counts.
  return {Column::kOpen, Column::kHigh, Column::kLow, Column::kClose};
}

std::span<const PageBand> BinanceUm::page_bands(Kind kind) const noexcept {
  if (kind == Kind::kFunding) return kFundingBands;
  return kBands;
}

std::uint32_t BinanceUm::row_bytes_estimate() const noexcept { return kRowBytes; }

ApiRequest BinanceUm::candles_request(const Series& series, TimeRange window) const {
  const Endpoint endpoint = endpoint_of(series);
  const std::int64_t rows = slot_count(series.interval, window);
  ApiRequest request;
  request.weight = binance::weight_of(kBands, rows);
  request.target = binance::klines_target(endpoint.path, endpoint.key, endpoint.name,
                                          series.interval, window, rows);
  return request;
}

std::optional<ApiRequest> BinanceUm::next_candle_request(const Series& series, TimeMs from) const {
  const Endpoint endpoint = endpoint_of(series);
  ApiRequest request;
  request.weight = binance::weight_of(kBands, 1);
  request.target =
      binance::next_kline_target(endpoint.path, endpoint.key, endpoint.name, series.interval, from);
  return request;
}

Result<void> BinanceUm::parse_candles(const Series& series, std::string_view padded_body,
                                      CandleBatch& out) const {
  return binance::parse_klines(series.interval, columns(series.kind), padded_body, out);
}

ApiRequest BinanceUm::events_request(const Series& series, TimeRange window) const {
  const PageBand& band = kFundingBands.front();
  return {binance::funding_target(series.instrument.symbol, window, band.rows_max), band.weight,
          kFundingEndpoint};
}

Result<void> BinanceUm::parse_events(const Series& series, std::string_view padded_body,
                                     std::vector<CandleBatch>& runs) const {
  return binance::parse_funding(series.instrument.symbol, padded_body, runs);
}

ApiRequest BinanceUm::instruments_request(std::string_view /*part*/) const {
  return {"/fapi/v1/exchangeInfo", kExchangeInfoWeight, {}};
}
Result<InstrumentList> BinanceUm::parse_instruments(std::string_view /*part*/,
                                                    std::string_view padded_body) const {
  return binance::parse_exchange_info(market(), limit_rules(), padded_body);
}

std::optional<ApiRequest> BinanceUm::server_time_request() const {
  return ApiRequest{"/fapi/v1/time", kTimeWeight, {}};
}
Result<TimeMs> BinanceUm::parse_server_time(std::string_view padded_body) const {
  return binance::parse_time_answer(padded_body);
}

std::optional<ApiFailure> BinanceUm::failure(const ApiResponse& response, TimeMs now) const {
  constexpr binance::FailureAdvice kAdvice = {
      "um", /*busy_is_minus_1004=*/false,
      "the exchange does not serve this country; futures have no host without that rule, but "
      "`--source archive` may do"};
  return binance::failure_of(response, now, kAdvice);
}

}  // namespace bf::exchange
