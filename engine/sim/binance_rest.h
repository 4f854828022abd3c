// engine/sim/binance_rest.h
//
// Binance's REST interface for USD-M futures (/fapi/v1) and spot (/api/v3), as far as candles go:
// klines, fundingRate, exchangeInfo, time, ping. What a request asks, what it costs, what the answer to it is; no
// limits, no faults, no clock. Source: the developer documentation as of 2026-08.
//
//   which klines   no times: the newest; startTime alone: the oldest from there; endTime alone: the
//                  newest up to there; both: the oldest between them. By open time, both inclusive.
//   limit          500 when absent; at most 1500 (um) or 1000 (spot), more is cut to that
//   weight         um: 1 below 100 rows, 2 below 500, 5 to 1000, 10 above; spot: 2
//   fundingRate    as klines; 100 events when no limit is given, at most 1000; weight 0, a limit of its own
//   forming one    the candle that has begun is the last row, unfinished
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/sim/query.h"
#include "engine/sim/rest_call.h"
#include "engine/sim/truth.h"

namespace bf::sim {

/// {"code":-1121,"msg":"Invalid symbol."}
[[nodiscard]] std::string binance_error_body(const RestError& error);

/// What the limits of each market are, for exchangeInfo to tell.
struct PublishedLimits {
  std::int64_t um_weight_per_minute = 2'400;
  std::int64_t spot_weight_per_minute = 6'000;
  std::int64_t spot_requests_per_5_minutes = 61'000;
};

/// Threads: any number; immutable.
class BinanceRest {
 public:
  /// `truth` outlives the object.
  BinanceRest(const Truth& truth, PublishedLimits limits) : truth_(truth), limits_(limits) {}

  /// nullopt for a path that is not of the REST interface.
  [[nodiscard]] static std::optional<RestCall> read(const Query& query);
  [[nodiscard]] RestAnswer answer(const RestCall& call, TimeMs now, const RowChange& change) const;

 private:
  [[nodiscard]] RestAnswer klines(const RestCall& call, TimeMs now, const RowChange& change) const;
  [[nodiscard]] RestAnswer funding(const RestCall& call, TimeMs now, const RowChange& change) const;
  [[nodiscard]] RestAnswer exchange_info(const RestCall& call, TimeMs now) const;

  const Truth& truth_;
  PublishedLimits limits_;
};

}  // namespace bf::sim
