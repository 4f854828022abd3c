// engine/backfill/tune.h
//
// How many requests in flight a source is worth: it is asked for pages of candles through its limiter, by one
// worker, then by two, four and so on, until the limits' rate is reached or more workers are no faster.
// Nothing is stored.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/backfill/run.h"

namespace bf::backfill {

/// One number of workers, as it was measured. Latencies are from departure to answer, without connecting and
/// without what the limits held back.
struct TuneStep {
  std::int64_t in_flight = 0;
  std::int64_t requests = 0;
  double requests_per_second = 0;
  double candles_per_second = 0;
  double bytes_per_second = 0;  ///< of bodies
  double median_ms = 0;
  double p99_ms = 0;
  bool held_back = false;  ///< by the limits, for a good part of the time
};

enum class TuneEnd : std::uint8_t {
  kLimits,    ///< the limits let no more through
  kNoFaster,  ///< more workers were no faster
  kMost,      ///< it rose up to kTuneInFlightMax
};

struct TuneReport {
  std::string source;  ///< "binance/um"
  std::string symbol;
  std::uint32_t page_rows = 0;
  double limit_per_second = 0;  ///< requests that the limits allow in the long run; 0: any number
  std::vector<TuneStep> steps;  ///< at least one
  TuneEnd end = TuneEnd::kMost;
  std::int64_t concurrency = 1;  ///< the least that reaches the limits, or nearly the best
};

inline constexpr std::int64_t kTuneInFlightMax = 64;

/// Tunes the one market of options.selections, by 1m candles of its symbol there, or of the one that is
/// listed longest. Takes about `duration_ms`; who waits for limits that are used up is stopped 5 s after a
/// step's end. Of the options, the addresses, the proxies, the state directory and the share count.
///
/// Errors: kUsage: no symbol where the exchange has no list; kUnknownName; as MarketClient::get, at the first
///         request that fails; kLimit: no request was answered in time; kCancelled.
[[nodiscard]] async::Task<Result<TuneReport>> tune_source(async::Loop& loop,
                                                          net::Transport& transport,
                                                          RunOptions options,
                                                          DurationMs duration_ms,
                                                          async::CancelToken cancel);

}  // namespace bf::backfill
