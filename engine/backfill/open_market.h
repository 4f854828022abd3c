// engine/backfill/open_market.h
//
// A run's markets: each with its client and limiter, its archive where there is one, and the chain of
// fallbacks that the options name.
#pragma once

#include <memory>

#include "engine/backfill/fallback.h"
#include "engine/backfill/limiter_pool.h"

namespace bf::backfill {

/// Errors: kUsage for a URL or proxy that cannot be used; what the ban file says.
/// Lifetime: services, http and limiters outlive what is made.
[[nodiscard]] Result<std::unique_ptr<MarketRun>> open_market(Services& services,
                                                             const RunOptions& options,
                                                             const exchange::MarketApi& api,
                                                             net::HttpClient& http,
                                                             LimiterPool& limiters);

/// The fallbacks of `own`, in their order. An exchange that is named without a market stands for those
/// of its markets that can trade the same: spot for spot, contracts for contracts.
/// Errors: kUsage for one that is not known; as open_market.
[[nodiscard]] Result<Chain> open_chain(Services& services, const RunOptions& options,
                                       const exchange::MarketApi& own, net::HttpClient& http,
                                       LimiterPool& limiters);

}  // namespace bf::backfill
