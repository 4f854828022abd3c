// engine/exchange/bitunix_futures.h
//
// Bitunix futures. Source: the pages of openapidoc.bitunix.com, and measurements that clients published
// in 2026.
//   GET /api/v1/futures/market/kline: limit <= 200; rows are objects, newest first, `type` says trade or
//     mark prices; numbers come with or without quotes
//   10 requests per second and IP; no answer reports what was used
//   errors: HTTP 200 with a code that is not 0; a bare 429 was seen as well
// Observed: endTime is exclusive; what startTime includes is not known; quoteVol and baseVol are swapped
// at times; the CDN refuses clients whose User-Agent is not like a browser's; there is no listing time.
#pragma once

#include "engine/exchange/market_api.h"

namespace bf::exchange {

class BitunixFutures final : public MarketApi {
 public:
  /// How quoteVol and baseVol are read on pages whose sizes do not tell: as they are named (the newest
  /// sample), or swapped (older ones).
  enum class Volumes : std::uint8_t { kAsNamed, kSwapped };
  explicit BitunixFutures(Volumes otherwise = Volumes::kAsNamed) : otherwise_(otherwise) {}

  [[nodiscard]] std::string_view exchange() const noexcept override { return "bitunix"; }
  [[nodiscard]] std::string_view market() const noexcept override { return "futures"; }
  [[nodiscard]] std::string_view default_base_url() const noexcept override;
  [[nodiscard]] std::string_view user_agent() const noexcept override;
  [[nodiscard]] limits::LimitRules limit_rules() const override;
  [[nodiscard]] int default_share_percent() const noexcept override { return 90; }

  [[nodiscard]] bool serves(Kind kind, Interval interval) const noexcept override;
  [[nodiscard]] ColumnSet columns(Kind kind) const noexcept override;
  [[nodiscard]] std::span<const PageBand> page_bands(Kind kind) const noexcept override;
  [[nodiscard]] std::uint32_t row_bytes_estimate() const noexcept override;

  [[nodiscard]] ApiRequest candles_request(const Series& series, TimeRange window) const override;
  /// No next_candle_request(): whether a start alone gives the oldest rows is not known.
  [[nodiscard]] Truncation truncation() const noexcept override { return Truncation::kOldest; }
  [[nodiscard]] Result<void> parse_candles(const Series& series, std::string_view padded_body,
                                           CandleBatch& out) const override;

  /// Without the instruments that are announced only: they have no candle.
  [[nodiscard]] ApiRequest instruments_request(std::string_view part) const override;
  [[nodiscard]] Result<InstrumentList> parse_instruments(
      std::string_view part, std::string_view padded_body) const override;
  [[nodiscard]] ApiRequest ping_request(TimeMs now) const override;
  [[nodiscard]] std::optional<ApiFailure> failure(const ApiResponse& response,
                                                  TimeMs now) const override;

 private:
  Volumes otherwise_;
};

}  // namespace bf::exchange
