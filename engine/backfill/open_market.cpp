#include "engine/backfill/open_market.h"

#include <string>
#include <utility>
#include <vector>

#include "engine/backfill/source_url.h"

namespace bf::backfill {
namespace {

constexpr std::int64_t kArchiveConcurrency = 16;

/// What the options say of a market, or of its exchange, or of all.
const std::vector<std::string>* fallbacks_of(const RunOptions& options,
                                             const exchange::MarketApi& own) {
  const std::string exchange(own.exchange());
  for (const std::string& name :
       {exchange + "/" + std::string(own.market()), exchange, std::string("all")}) {
    const auto found = options.fallbacks.find(name);
    if (found != options.fallbacks.end()) return &found->second;
  }
  return nullptr;
}

bool is_spot(const exchange::MarketApi& api) { return api.market() == "spot"; }

/// The markets that `word` ("okx", "okx/swap") stands for.
Result<std::vector<const exchange::MarketApi*>> markets_named(const std::string& word,
                                                              const exchange::MarketApi& own) {
  std::vector<const exchange::MarketApi*> named;
  const std::size_t slash = word.find('/');
  if (slash != std::string::npos) {
    const auto market = exchange::find_market(word.substr(0, slash), word.substr(slash + 1));
    if (!market) return fail(market.error());
    named.push_back(*market);
    return named;
  }
  const auto all = exchange::markets_of(word);
  if (!all) return fail(all.error());
  for (const exchange::MarketApi* const market : *all) {
    // Without a list there is nothing to match by.
    const bool listed = market->listing() != exchange::Listing::kNone;
    if (listed && is_spot(*market) == is_spot(own)) named.push_back(market);
  }
  return named;
}

}  // namespace

Result<std::unique_ptr<MarketRun>> open_market(Services& services, const RunOptions& options,
                                               const exchange::MarketApi& api,
                                               net::HttpClient& http, LimiterPool& limiters) {
  const Result<net::Url> base = source_url(options, options.base_urls, api, api.default_base_url());
  if (!base) return fail(base.error());
  auto market =
      std::make_unique<MarketRun>(services.loop, options.concurrency, kArchiveConcurrency);
  market->api = &api;
  const Result<void> joined = limiters.join(*market, options, *base, services.loop);
  if (!joined) return fail(joined.error());
  market->client =
      std::make_unique<MarketClient>(services.loop, http, api, *market->limiter, services.observer,
                                     MarketClientOptions{*base, options.retries_max});

  const exchange::ArchiveApi* const archive = exchange::find_archive(api.exchange(), api.market());
  if (archive == nullptr) return market;
  const Result<net::Url> archive_base =
      source_url(options, options.archive_urls, api, archive->default_base_url());
  if (!archive_base) return fail(archive_base.error());
  const Result<net::Url> listing_base =
      source_url(options, options.archive_urls, api, archive->listing_base_url());
  if (!listing_base) return fail(listing_base.error());
  market->archive =
      std::make_unique<ArchiveClient>(services.loop, http, *archive, services.observer,
                                      ArchiveClientOptions{*archive_base, *listing_base, 4});
  return market;
}

Result<Chain> open_chain(Services& services, const RunOptions& options,
                         const exchange::MarketApi& own, net::HttpClient& http,
                         LimiterPool& limiters) {
  Chain chain;
  const std::vector<std::string>* const words = fallbacks_of(options, own);
  if (words == nullptr) return chain;
  for (const std::string& word : *words) {
    const auto markets = markets_named(word, own);
    if (!markets) return fail(markets.error().at("fallback " + printable(word, 40)));
    for (const exchange::MarketApi* const api : *markets) {
      if (api->exchange() == own.exchange()) continue;
      auto market = open_market(services, options, *api, http, limiters);
      if (!market) return fail(market.error());
      chain.add(std::make_unique<FallbackMarket>(services.loop, std::move(*market)));
    }
  }
  return chain;
}

}  // namespace bf::backfill
