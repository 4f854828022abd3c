// bench/support/virtual_run.h
//
// A backfill on the virtual clock against simulated exchanges, with the real planner, limiter, HTTP client
// and parsers, into a store on a real disk.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/backfill/run.h"
#include "engine/net/http_server.h"
#include "engine/sim/ledger.h"
#include "engine/sim/truth.h"

namespace bf::bench {

/// The URL of the simulated exchanges, for RunOptions::base_urls.
inline constexpr const char* kSimulatedUrl = "http://exchange.invalid:80";

struct VirtualRun {
  backfill::RunReport report;
  double wall_seconds = 0;
  double virtual_seconds = 0;
  double peak_mib = 0;            ///< of the process so far
  std::int64_t line_bytes = 0;    ///< that came over the line, with heads and all
  std::uint64_t store_bytes = 0;  ///< of segments and logs
  std::int64_t out_of_turn = 0;   ///< requests sent into a pause or a ban
  std::int64_t refused = 0;       ///< by the exchanges' limits
};

/// How the simulated exchanges are reached, beside their 40 ms; none of it is needed.
struct VirtualWorld {
  std::function<void(const sim::LedgerEntry&)> heard;  ///< told of each request
  std::int64_t line_bytes_per_second = 0;              ///< all answers share it; 0: no bound
  /// Makes what answers instead of the exchanges, and may ask them.
  std::function<std::unique_ptr<net::HttpHandler>(net::HttpHandler&)> before;
};

/// Runs `options`, which name kSimulatedUrl, from `now` on; warnings and progress go to stderr. Ends the
/// process where the store cannot be opened.
[[nodiscard]] VirtualRun run_virtually(const std::string& directory, const sim::Truth& truth,
                                       TimeMs now, backfill::RunOptions options,
                                       VirtualWorld world = {});

/// What is missing, over all series, and the failures of all, said on stderr.
[[nodiscard]] std::int64_t tell_failures(const backfill::RunReport& report);

}  // namespace bf::bench
