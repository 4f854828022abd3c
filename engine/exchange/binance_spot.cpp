#include "engine/exchange/binance_spot.h"

#include <array>

#include "engine/exchange/binance.h"

namespace bf::exchange {
namespace {

constexpr std::array<PageBand, 1> kBands = {{{1000, 2}}};
constexpr std::int64_t kWeightPerMinute = 6'000;
constexpr std::int64_t kRequestsPer5Minutes = 61'000;
constexpr std::uint32_t kExchangeInfoWeight = 20;
constexpr std::uint32_t kTimeWeight = 1;
constexpr std::uint32_t kRowBytes = 170;  // eight decimal places, always
constexpr std::string_view kPath = "/api/v3/klines";

}  // namespace

std::string_view BinanceSpot::default_base_url() const noexcept {
  return "https://api.binance.com";
}

limits::LimitRules BinanceSpot::limit_rules() const {
  return {limits::LimitRule{std::string(binance::kWeightRule), limits::Unit::kWeight,
                            limits::Shape::kFixedWindow, kWeightPerMinute, kMinuteMs,
                            std::string(binance::kUsedWeightHeader)},
          limits::LimitRule{std::string(binance::kRequestsRule), limits::Unit::kRequests,
                            limits::Shape::kFixedWindow, kRequestsPer5Minutes, 5 * kMinuteMs, ""}};
}

bool BinanceSpot::serves(Kind kind, Interval interval) const noexcept {
  return kind == Kind::kCandles && !binance::rest_interval(interval).empty();
}

ColumnSet BinanceSpot::columns(Kind /*kind*/) const noexcept { return kCandleColumns; }

std::span<const PageBand> BinanceSpot::page_bands(Kind /*kind*/) const noexcept { return kBands; }

std::uint32_t BinanceSpot::row_bytes_estimate() const noexcept { return kRowBytes; }

ApiRequest BinanceSpot::candles_request(const Series& series, TimeRange window) const {
  const std::int64_t rows = slot_count(series.interval, window);
  ApiRequest request;
  request.weight = binance::weight_of(kBands, rows);
  request.target = binance::klines_target(kPath, "symbol", series.instrument.symbol,
                                          series.interval, window, rows);
  return request;
}

std::optional<ApiRequest> BinanceSpot::next_candle_request(const Series& series,
                                                           TimeMs from) const {
  ApiRequest request;
  request.weight = binance::weight_of(kBands, 1);
  request.target =
      binance::next_kline_target(kPath, "symbol", series.instrument.symbol, series.interval, from);
  return request;
}

Result<void> BinanceSpot::parse_candles(const Series& series, std::string_view padded_body,
                                        CandleBatch& out) const {
  return binance::parse_klines(series.interval, columns(series.kind), padded_body, out);
}

ApiRequest BinanceSpot::instruments_request(std::string_view /*part*/) const {
  return {"/api/v3/exchangeInfo", kExchangeInfoWeight, {}};
}
Result<InstrumentList> BinanceSpot::parse_instruments(std::string_view /*part*/,
                                                      std::string_view padded_body) const {
  return binance::parse_exchange_info(market(), limit_rules(), padded_body);
}

std::optional<ApiRequest> BinanceSpot::server_time_request() const {
  return ApiRequest{"/api/v3/time", kTimeWeight, {}};
}
Result<TimeMs> BinanceSpot::parse_server_time(std::string_view padded_body) const {
  return binance::parse_time_answer(padded_body);
}

std::optional<ApiFailure> BinanceSpot::failure(const ApiResponse& response, TimeMs now) const {
  constexpr binance::FailureAdvice kAdvice = {
      "spot", /*busy_is_minus_1004=*/true,
      "the exchange does not serve this country here; its market data host does: "
      "`--base-url binance=https://data-api.binance.vision`"};
  return binance::failure_of(response, now, kAdvice);
}

}  // namespace bf::exchange
