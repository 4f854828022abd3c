// engine/exchange/yahoo_chart.h
//
// Yahoo Finance's charts: indices, stocks, currencies, CME futures (^GSPC, BTC-USD, BTC=F). Undocumented;
// terms of use apply, so it is asked slowly. Source: the yfinance library of 2026-08 and its issues.
//   period1 inclusive, period2 exclusive, in seconds; a request for 1m may span 7 days
//   reach: 1m the last 30 days, 5m and 15m 60 days, 1h 730 days
//   no published limit; one request in two seconds is reported to be safe
//   programs that do not look like a browser may be refused altogether (429 on the first call)
// There is no list of symbols: they are taken as the user writes them. Daily candles and longer ones open
// with their market, not at a UTC boundary, and 30m is wrong at the source: both are left out.
#pragma once

#include "engine/exchange/market_api.h"

namespace bf::exchange {

class YahooChart final : public MarketApi {
 public:
  [[nodiscard]] std::string_view exchange() const noexcept override { return "yahoo"; }
  [[nodiscard]] std::string_view market() const noexcept override { return "chart"; }
  [[nodiscard]] std::string_view default_base_url() const noexcept override;
  [[nodiscard]] std::string_view user_agent() const noexcept override;
  [[nodiscard]] limits::LimitRules limit_rules() const override;
  [[nodiscard]] int default_share_percent() const noexcept override { return 90; }

  [[nodiscard]] bool serves(Kind kind, Interval interval) const noexcept override;
  [[nodiscard]] ColumnSet columns(Kind kind) const noexcept override;
  [[nodiscard]] std::span<const PageBand> page_bands(Kind kind) const noexcept override;
  [[nodiscard]] std::uint32_t row_bytes_estimate() const noexcept override;

  [[nodiscard]] ApiRequest candles_request(const Series& series, TimeRange window) const override;
  /// A page that begins with a hole is looked at twice: there is no request without an end.
  [[nodiscard]] Truncation truncation() const noexcept override { return Truncation::kOldest; }
  [[nodiscard]] TimeMs history_from(Kind kind, Interval interval,
                                    TimeMs now) const noexcept override;
  [[nodiscard]] Result<void> parse_candles(const Series& series, std::string_view padded_body,
                                           CandleBatch& out) const override;

  [[nodiscard]] Listing listing() const noexcept override { return Listing::kNone; }
  [[nodiscard]] ApiRequest instruments_request(std::string_view part) const override;
  [[nodiscard]] Result<InstrumentList> parse_instruments(
      std::string_view part, std::string_view padded_body) const override;
  [[nodiscard]] ApiRequest ping_request(TimeMs now) const override;
  [[nodiscard]] std::optional<ApiFailure> failure(const ApiResponse& response,
                                                  TimeMs now) const override;
};

}  // namespace bf::exchange
