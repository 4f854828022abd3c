#include "engine/backfill/source_url.h"

#include <utility>

namespace bf::backfill {

Result<net::Url> source_url(const RunOptions& options,
                            const std::map<std::string, std::string>& urls,
                            const exchange::MarketApi& api, std::string_view fallback) {
  const std::string exchange(api.exchange());
  const std::string source = exchange + "/" + std::string(api.market());
  auto chosen = urls.find(source);
  if (chosen == urls.end()) chosen = urls.find(exchange);
  Result<net::Url> url = net::parse_url(
      chosen == urls.end() ? fallback : std::string_view(chosen->second), options.allow_plain_http);
  if (!url) return url;
  Result<net::ProxyPtr> proxy = options.proxies.choose(source, url->endpoint);
  if (!proxy) return fail(proxy.error());
  url->endpoint.proxy = std::move(*proxy);
  return url;
}

}  // namespace bf::backfill
