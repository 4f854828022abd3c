// engine/exchange/bybit.h
//
// Bybit v5: linear and inverse contracts and spot, which differ in a category alone. Source: the
// documentation repository of 2026-07-24.
//   GET /v5/market/kline and its mark, index and premium siblings: limit <= 1000; rows newest first,
//     strings; `start` is rounded down to its candle, `end` is inclusive; more rows than the limit:
//     two large clients find the newest ones of the window
//   GET /v5/market/funding/history (linear and inverse): limit <= 200; both ends inclusive, and both
//     needed; rows newest first
//   inverse: the volume is in USD, the turnover in coins
//   600 requests in any 5 s per IP, for the whole host; no answer reports what was used
//   breaking it: HTTP 403 for 10 minutes. So is a country that is not served, without an end
//   errors: HTTP 200 with a retCode that is not 0
#pragma once

#include "engine/exchange/market_api.h"

namespace bf::exchange {

class Bybit final : public MarketApi {
 public:
  enum class Category : std::uint8_t { kLinear, kInverse, kSpot };
  explicit Bybit(Category category) : category_(category) {}

  [[nodiscard]] std::string_view exchange() const noexcept override { return "bybit"; }
  [[nodiscard]] std::string_view market() const noexcept override;
  [[nodiscard]] std::string_view default_base_url() const noexcept override;
  [[nodiscard]] limits::LimitRules limit_rules() const override;
  [[nodiscard]] int default_share_percent() const noexcept override { return 90; }

  [[nodiscard]] bool serves(Kind kind, Interval interval) const noexcept override;
  [[nodiscard]] ColumnSet columns(Kind kind) const noexcept override;
  [[nodiscard]] std::span<const PageBand> page_bands(Kind kind) const noexcept override;
  [[nodiscard]] std::uint32_t row_bytes_estimate() const noexcept override;

  [[nodiscard]] ApiRequest candles_request(const Series& series, TimeRange window) const override;
  /// No next_candle_request(): what a start long before the listing gives is not documented.
  [[nodiscard]] Truncation truncation() const noexcept override { return Truncation::kOldest; }
  [[nodiscard]] Result<void> parse_candles(const Series& series, std::string_view padded_body,
                                           CandleBatch& out) const override;

  [[nodiscard]] ApiRequest events_request(const Series& series, TimeRange window) const override;
  [[nodiscard]] Result<void> parse_events(const Series& series, std::string_view padded_body,
                                          std::vector<CandleBatch>& runs) const override;

  /// One list for each status, the trading ones first; contracts in pages by a cursor. A part is
  /// "STATUS:CURSOR".
  [[nodiscard]] ApiRequest instruments_request(std::string_view part) const override;
  [[nodiscard]] Result<InstrumentList> parse_instruments(
      std::string_view part, std::string_view padded_body) const override;
  [[nodiscard]] std::optional<ApiRequest> server_time_request() const override;
  [[nodiscard]] Result<TimeMs> parse_server_time(std::string_view padded_body) const override;
  [[nodiscard]] std::optional<ApiFailure> failure(const ApiResponse& response,
                                                  TimeMs now) const override;

 private:
  Category category_;
};

}  // namespace bf::exchange
