// engine/exchange/blofin_swap.h
//
// BloFin perpetual swaps. Source: the API documentation of 2026-03-21 (blofin/api-docs).
//   GET /api/v1/market/candles, mark-price-candles, index-candles    limit <= 1440
//   GET /api/v1/market/funding-rate-history                          limit <= 100
//   GET /api/v1/market/instruments                                   one answer
//   500 requests a minute and address, else suspended for 5 minutes; 1500 in 5 minutes, else for 1 hour;
//   HTTP 429 (or code 429) then, and 403 of the firewall for about 5 minutes. No answer says how long, nor
//   what was used; there is no time endpoint.
// Rows and cursors: cursor_candles.h, cursor_funding.h.
// The documents do not say on which days bars of 6H, 12H, 3D, 1W and 1M open: those are not served. 1D
// opens at 00:00 UTC (observed), and so do the bars that divide 8 hours, by UTC as by Hong Kong time.
#pragma once

#include <string>

#include "engine/exchange/market_api.h"

namespace bf::exchange {

class BlofinSwap final : public MarketApi {
 public:
  [[nodiscard]] std::string_view exchange() const noexcept override { return "blofin"; }
  [[nodiscard]] std::string_view market() const noexcept override { return "swap"; }
  [[nodiscard]] std::string_view default_base_url() const noexcept override;
  [[nodiscard]] limits::LimitRules limit_rules() const override;
  [[nodiscard]] int default_share_percent() const noexcept override { return 90; }

  [[nodiscard]] bool serves(Kind kind, Interval interval) const noexcept override;
  [[nodiscard]] ColumnSet columns(Kind kind) const noexcept override;
  [[nodiscard]] std::span<const PageBand> page_bands(Kind kind) const noexcept override;
  [[nodiscard]] std::uint32_t row_bytes_estimate() const noexcept override;

  [[nodiscard]] ApiRequest candles_request(const Series& series, TimeRange window) const override;
  /// No next_candle_request(): a request without an end begins at the newest candle.
  [[nodiscard]] Truncation truncation() const noexcept override { return Truncation::kOldest; }
  [[nodiscard]] Result<void> parse_candles(const Series& series, std::string_view padded_body,
                                           CandleBatch& out) const override;

  [[nodiscard]] ApiRequest events_request(const Series& series, TimeRange window) const override;
  [[nodiscard]] Result<void> parse_events(const Series& series, std::string_view padded_body,
                                          std::vector<CandleBatch>& runs) const override;

  [[nodiscard]] ApiRequest instruments_request(std::string_view part) const override;
  [[nodiscard]] Result<InstrumentList> parse_instruments(
      std::string_view part, std::string_view padded_body) const override;
  [[nodiscard]] ApiRequest ping_request(TimeMs now) const override;
  [[nodiscard]] std::optional<ApiFailure> failure(const ApiResponse& response,
                                                  TimeMs now) const override;
};

namespace blofin {

/// How the REST API spells an interval; empty for those that are not served.
[[nodiscard]] std::string_view bar_of(Interval interval) noexcept;
/// Reads /market/instruments. Errors: kProtocol; an instrument that cannot be read fails the list and is
/// named.
[[nodiscard]] Result<InstrumentList> parse_instruments(std::string_view padded_body);

}  // namespace blofin
}  // namespace bf::exchange
