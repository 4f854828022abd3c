// engine/exchange/okx.h
//
// OKX: perpetual swaps, dated futures and spot, on one host and alike but for their instruments. Source:
// the v5 API documentation as public clients quote it (2025-06 to 2026-09).
//   GET /api/v5/market/history-candles               limit <= 300, 20 requests per 2 s and address
//   GET /api/v5/market/history-mark-price-candles    limit <= 100, 20
//   GET /api/v5/market/history-index-candles         limit <= 100, 10
//   GET /api/v5/public/funding-rate-history          limit <= 400, until 2025 and by some still 100; 10
//                                                    per instrument, taken as of all; three months back
//   GET /api/v5/public/instruments, /public/time     20 (of each instType), 10
//   errors are codes in the envelope, at HTTP 200 as well as 4xx; no answer reports usage
// Rows and cursors: cursor_candles.h, cursor_funding.h. Until 2025 history-candles gave 100 rows at most, whatever the
// limit: the newest of a window.
// Observed: a minute without a trade is printed flat; the newest one or two bars come late in history;
// bars of 6H and more open on Hong Kong's days unless their name ends in "utc". listTime 1548133413000
// stands for "before the present system".
#pragma once

#include <string>

#include "engine/exchange/market_api.h"

namespace bf::exchange {

class Okx final : public MarketApi {
 public:
  enum class Market : std::uint8_t { kSwap, kFutures, kSpot };
  explicit Okx(Market market) : market_(market) {}

  [[nodiscard]] std::string_view exchange() const noexcept override { return "okx"; }
  [[nodiscard]] std::string_view market() const noexcept override;
  [[nodiscard]] std::string_view default_base_url() const noexcept override;
  [[nodiscard]] limits::LimitRules limit_rules() const override;
  [[nodiscard]] int default_share_percent() const noexcept override { return 90; }

  /// Mark and index prices belong to swaps and futures, funding to swaps.
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
  [[nodiscard]] TimeMs history_from(Kind kind, Interval interval,
                                    TimeMs now) const noexcept override;

  [[nodiscard]] ApiRequest instruments_request(std::string_view part) const override;
  [[nodiscard]] Result<InstrumentList> parse_instruments(
      std::string_view part, std::string_view padded_body) const override;
  [[nodiscard]] std::optional<ApiRequest> server_time_request() const override;
  [[nodiscard]] Result<TimeMs> parse_server_time(std::string_view padded_body) const override;
  [[nodiscard]] std::optional<ApiFailure> failure(const ApiResponse& response,
                                                  TimeMs now) const override;

 private:
  Market market_;
};

namespace okx {

/// How the REST API spells an interval, opening on UTC days; empty for those that OKX does not have.
[[nodiscard]] std::string_view bar_of(Interval interval) noexcept;
/// What candles of `kind` are asked for by: an index belongs to all contracts of it ("BTC-USD" for
/// "BTC-USD-SWAP" and for "BTC-USD_UM-SWAP").
[[nodiscard]] std::string_view candles_id(Kind kind, std::string_view symbol) noexcept;
/// "SWAP", "FUTURES", "SPOT": as the instrument list calls them.
[[nodiscard]] std::string_view inst_type(Okx::Market market) noexcept;
/// Reads /public/instruments. Pre-open rows that say nothing yet are passed over. Errors: kProtocol; a
/// symbol that cannot be read fails the list and is named: left out, it would be an instrument that
/// nobody backfills.
[[nodiscard]] Result<InstrumentList> parse_instruments(Okx::Market market,
                                                       std::string_view padded_body);

}  // namespace okx
}  // namespace bf::exchange
