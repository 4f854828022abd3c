// engine/backfill/source_url.h
//
// Where a source is asked: the address that the user set for it, else its own, and the way there.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "engine/backfill/run.h"
#include "engine/exchange/market_api.h"
#include "engine/net/http.h"

namespace bf::backfill {

/// What `urls` (options.base_urls or options.archive_urls) say of the market ("binance/um") or its
/// exchange ("binance"), else `fallback`; with the proxy that options.proxies choose for it.
/// Errors: kUsage: an address, or the environment's proxy, that cannot be read.
[[nodiscard]] Result<net::Url> source_url(const RunOptions& options,
                                          const std::map<std::string, std::string>& urls,
                                          const exchange::MarketApi& api,
                                          std::string_view fallback);

}  // namespace bf::backfill
