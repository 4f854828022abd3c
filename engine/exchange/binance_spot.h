// engine/exchange/binance_spot.h
//
// Binance spot. Source: binance/binance-spot-api-docs, rest-api.md of 2026-07-21.
//   GET /api/v3/klines: limit <= 1000, weight 2 at any limit, times in ms
//   6000 weight per clock minute and IP, and 61000 requests in 5 minutes
//   429 and 418 carry Retry-After in seconds
// The instrument list does not say since when a symbol is traded. Symbols may hold any UTF-8.
#pragma once

#include "engine/exchange/market_api.h"

namespace bf::exchange {

class BinanceSpot final : public MarketApi {
 public:
  [[nodiscard]] std::string_view exchange() const noexcept override { return "binance"; }
  [[nodiscard]] std::string_view market() const noexcept override { return "spot"; }
  [[nodiscard]] std::string_view default_base_url() const noexcept override;
  [[nodiscard]] limits::LimitRules limit_rules() const override;
  [[nodiscard]] int default_share_percent() const noexcept override { return 100; }

  [[nodiscard]] bool serves(Kind kind, Interval interval) const noexcept override;
  [[nodiscard]] ColumnSet columns(Kind kind) const noexcept override;
  [[nodiscard]] std::span<const PageBand> page_bands(Kind kind) const noexcept override;
  [[nodiscard]] std::uint32_t row_bytes_estimate() const noexcept override;

  [[nodiscard]] ApiRequest candles_request(const Series& series, TimeRange window) const override;
  [[nodiscard]] std::optional<ApiRequest> next_candle_request(const Series& series,
                                                              TimeMs from) const override;
  [[nodiscard]] Result<void> parse_candles(const Series& series, std::string_view padded_body,
                                           CandleBatch& out) const override;

  [[nodiscard]] ApiRequest instruments_request(std::string_view part) const override;
  [[nodiscard]] Result<InstrumentList> parse_instruments(
      std::string_view part, std::string_view padded_body) const override;
  [[nodiscard]] std::optional<ApiRequest> server_time_request() const override;
  [[nodiscard]] Result<TimeMs> parse_server_time(std::string_view padded_body) const override;
  [[nodiscard]] std::optional<ApiFailure> failure(const ApiResponse& response,
                                                  TimeMs now) const override;
};

}  // namespace bf::exchange
