// engine/sim/okx_venue.h
//
// OKX as the simulator plays it: /api/v5/market/... and /api/v5/public/{instruments,time}. Source: the v5
// API documentation as public clients quote it (2025-06 to 2026-09). Where sources disagree, the options
// play either reading.
//
//   history-*    everything but the newest bars; candles and their siblings: the newest 1440 bars
//   funding      of the last three months; realizedRate is what was paid, "" for some
//   limits       each endpoint has its own, per 2 s; who breaks one is refused until the window has room,
//                and not told how long (HTTP 429, code 50011, no Retry-After)
//   errors       a code in the envelope; the HTTP status is 200 or 4xx
#pragma once

#include <map>

#include "engine/sim/cursor_rest.h"
#include "engine/sim/request_limits.h"
#include "engine/sim/venue.h"

namespace bf::sim {

struct OkxOptions {
  std::uint32_t candle_rows_max = 300;  ///< 100 until 2025
  std::int64_t history_lag_bars = 1;    ///< how many of the newest bars history lacks: 0, 1 or 2
  bool ends_included = false;           ///< cursors read the other way
  bool lists_delisted = false;
  std::uint32_t funding_rows_max = 400;  ///< 100 until 2025
  int refusal_status = 200;              ///< of a name that is unknown: 200 or 400
};

class OkxVenue final : public Venue {
 public:
  /// `truth` outlives the venue.
  OkxVenue(const Truth& truth, OkxOptions options, bool enforced)
      : truth_(truth), options_(options), enforced_(enforced) {}

  [[nodiscard]] std::optional<RestCall> read(const Query& query) const override;
  [[nodiscard]] Admission admit(const RestCall& call, TimeMs now) override;
  [[nodiscard]] RestAnswer answer(const RestCall& call, TimeMs now,
                                  const RowChange& change) const override;
  [[nodiscard]] std::string status_body(int status) const override;
  void expect_silence(Market market, TimeMs now, TimeMs until) override;

 private:
  void read_candles(const Query& query, std::string_view path, RestCall& call) const;
  [[nodiscard]] RestAnswer candles(const RestCall& call, TimeMs now, const RowChange& change) const;
  void read_funding(const Query& query, RestCall& call) const;
  [[nodiscard]] RestAnswer funding(const RestCall& call, TimeMs now, const RowChange& change) const;
  [[nodiscard]] RestAnswer instruments(const RestCall& call, TimeMs now) const;
  [[nodiscard]] RequestLimits& limits_of(const std::string& endpoint);

  const Truth& truth_;
  OkxOptions options_;
  bool enforced_;
  std::map<std::string, RequestLimits, std::less<>> limits_;  ///< by RestCall::detail
  TimeMs silent_from_ = 0;  ///< told for all of them; for those that are not asked for yet
  TimeMs silent_until_ = 0;
};

/// The list of `market`, a JSON array: those that are listed at `now`, or will be.
[[nodiscard]] std::string okx_instruments_json(const Truth& truth, Market market,
                                               const OkxOptions& options, TimeMs now);

}  // namespace bf::sim
