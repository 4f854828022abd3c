// engine/sim/binance_rest.h
//
// Binance's REST interface for USD-M futures (/fapi/v1) and spot (/api/v3), as far as candles go:
// klines, exchangeInfo, time, ping. What a request asks, what it costs, what the answer to it is; no
// limits, no faults, no clock. Source: the developer documentation as of 2026-08.
//
//   which klines   no times: the newest; startTime alone: the oldest from there; endTime alone: the
//                  newest up to there; both: the oldest between them. By open time, both inclusive.
//   limit          500 when absent; at most 1500 (um) or 1000 (spot), more is cut to that
//   weight         um: 1 below 100 rows, 2 below 500, 5 to 1000, 10 above; spot: 2
//   forming one    the candle that has begun is the last row, unfinished
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/sim/query.h"
#include "engine/sim/truth.h"

namespace bf::sim {

enum class Endpoint : std::uint8_t {
  kKlines,
  kExchangeInfo,
  kTime,
  kPing,
  kArchive,   ///< a zip
  kChecksum,  ///< a zip's .CHECKSUM
  kListing,   ///< of the archive
  kUnknown,
};
/// "klines", "exchangeInfo", ..., "unknown".
[[nodiscard]] std::string_view endpoint_name(Endpoint endpoint) noexcept;
/// False for a name that endpoint_name does not write.
[[nodiscard]] bool parse_endpoint(std::string_view name, Endpoint& out) noexcept;

/// A refusal as Binance words it: HTTP 400 with this code and message, unless it says otherwise.
struct RestError {
  int code = 0;
  std::string message;
  int status = 400;
};
/// {"code":-1121,"msg":"Invalid symbol."}
[[nodiscard]] std::string error_body(const RestError& error);

/// A request, read.
struct RestCall {
  Endpoint endpoint = Endpoint::kUnknown;
  Market market = Market::kUm;
  std::string symbol;  ///< "" where the request names none
  Interval interval = Interval::k1m;
  std::optional<TimeMs> start;
  std::optional<TimeMs> end;  ///< inclusive
  std::uint32_t limit = 0;    ///< of klines: as it will be used
  std::int64_t weight = 1;
  std::optional<RestError> error;  ///< the request cannot be answered
};

struct RestAnswer {
  int status = 200;
  std::string body;
  RowsInfo rows;  ///< of klines
};

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
  [[nodiscard]] RestAnswer answer(const RestCall& call, TimeMs now) const;

 private:
  [[nodiscard]] RestAnswer klines(const RestCall& call, TimeMs now) const;
  [[nodiscard]] RestAnswer exchange_info(const RestCall& call, TimeMs now) const;

  const Truth& truth_;
  PublishedLimits limits_;
};

}  // namespace bf::sim
