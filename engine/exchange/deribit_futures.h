// engine/exchange/deribit_futures.h
//
// Deribit's perpetuals and futures of all currencies; an option that is named outright is served the same
// way. Source: docs.deribit.com (OpenAPI 2.1.1) and the exchange's support pages of 2026-08.
//   get_tradingview_chart_data: both ends inclusive, at most 5000 candles a page
//   get_funding_rate_history (perpetuals): one event an hour, at most 744 of them (observed)
//   credits: a pool of 50,000, filled at 10,000 a second; 500 a call. Not reported in answers
//   get_instruments: once a second beside that
//   expired instruments: a list of the latest ones; older ones still answer by name
// Trade candles and funding: marks have no history, the index comes in points without a window.
#pragma once

#include "engine/exchange/market_api.h"

namespace bf::exchange {

class DeribitFutures final : public MarketApi {
 public:
  [[nodiscard]] std::string_view exchange() const noexcept override { return "deribit"; }
  [[nodiscard]] std::string_view market() const noexcept override { return "futures"; }
  [[nodiscard]] std::string_view default_base_url() const noexcept override;
  [[nodiscard]] limits::LimitRules limit_rules() const override;
  [[nodiscard]] int default_share_percent() const noexcept override { return 90; }

  [[nodiscard]] bool serves(Kind kind, Interval interval) const noexcept override;
  [[nodiscard]] ColumnSet columns(Kind kind) const noexcept override;
  [[nodiscard]] std::span<const PageBand> page_bands(Kind kind) const noexcept override;
  [[nodiscard]] std::uint32_t row_bytes_estimate() const noexcept override;

  [[nodiscard]] ApiRequest candles_request(const Series& series, TimeRange window) const override;
  [[nodiscard]] Truncation truncation() const noexcept override { return Truncation::kOldest; }
  [[nodiscard]] Result<void> parse_candles(const Series& series, std::string_view padded_body,
                                           CandleBatch& out) const override;

  [[nodiscard]] ApiRequest events_request(const Series& series, TimeRange window) const override;
  [[nodiscard]] DurationMs events_window_max() const noexcept override;
  [[nodiscard]] DurationMs events_period() const noexcept override { return kHourMs; }
  [[nodiscard]] Result<void> parse_events(const Series& series, std::string_view padded_body,
                                          std::vector<CandleBatch>& runs) const override;

  [[nodiscard]] Listing listing() const noexcept override { return Listing::kPart; }
  /// Parts: those that trade, then the expired ones. The latter end with those of the calendar that
  /// expired longer ago than the list says (deribit_calendar.h), with kFromCalendar as status.
  [[nodiscard]] ApiRequest instruments_request(std::string_view part) const override;
  [[nodiscard]] Result<InstrumentList> parse_instruments(
      std::string_view part, std::string_view padded_body) const override;
  [[nodiscard]] std::optional<ApiRequest> server_time_request() const override;
  [[nodiscard]] Result<TimeMs> parse_server_time(std::string_view padded_body) const override;
  [[nodiscard]] std::optional<ApiFailure> failure(const ApiResponse& response,
                                                  TimeMs now) const override;

  static constexpr std::string_view kFromCalendar = "expired, from the calendar";
};

}  // namespace bf::exchange
