// engine/exchange/binance_um.h
//
// Binance USD-M futures. Source: the texts of the official connector of 2026-08-21.
//   GET /fapi/v1/klines and its mark, index and premium siblings: limit <= 1500, weight by limit
//   GET /fapi/v1/fundingRate: limit <= 1000, weight 0; 500 requests per 5 minutes and IP, shared with
//     fundingInfo, which is not asked for
//   2400 weight per clock minute and IP; every answer reports what was used
//   429 and 418 carry Retry-After in seconds
// 499 rows for weight 2 are the most candles for the money: 249.5 each, 1500 rows bring 150.
#pragma once

#include "engine/exchange/market_api.h"

namespace bf::exchange {

class BinanceUm final : public MarketApi {
 public:
  [[nodiscard]] std::string_view exchange() const noexcept override { return "binance"; }
  [[nodiscard]] std::string_view market() const noexcept override { return "um"; }
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

  [[nodiscard]] ApiRequest events_request(const Series& series, TimeRange window) const override;
  [[nodiscard]] Result<void> parse_events(const Series& series, std::string_view padded_body,
                                          std::vector<CandleBatch>& runs) const override;

  [[nodiscard]] ApiRequest instruments_request(std::string_view part) const override;
  [[nodiscard]] Result<InstrumentList> parse_instruments(
      std::string_view part, std::string_view padded_body) const override;
  [[nodiscard]] std::optional<ApiRequest> server_time_request() const override;
  [[nodiscard]] Result<TimeMs> parse_server_time(std::string_view padded_body) const override;
  [[nodiscard]] std::optional<ApiFailure> failure(const ApiResponse& response,
                                                  TimeMs now) const override;
};

}  // namespace bf::exchange
