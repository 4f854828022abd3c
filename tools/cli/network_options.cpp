#include "tools/cli/network_options.h"

#include <utility>

#include "tools/cli/proxy_flag.h"

namespace bf::cli {

Result<void> set_network_options(const NetworkFlags& flags, const Environment& environment,
                                 backfill::RunOptions& options) {
  options.allow_plain_http = flags.allow_plain_http;
  auto base = parse_urls("base-url", flags.base_urls, true, flags.allow_plain_http);
  if (!base) return fail(base.error());
  options.base_urls = std::move(*base);
  auto archive = parse_urls("archive-url", flags.archive_urls, false, flags.allow_plain_http);
  if (!archive) return fail(archive.error());
  options.archive_urls = std::move(*archive);
  Result<net::ProxyChoice> proxies = choose_proxies(flags.proxies, environment);
  if (!proxies) return fail(proxies.error());
  options.proxies = std::move(*proxies);
  Result<std::string> state = state_directory(flags.state_dir, environment);
  if (!state) return fail(state.error());
  options.state_dir = std::move(*state);
  return {};
}

Result<void> set_max_weight(const std::string& max_weight, backfill::RunOptions& options) {
  if (max_weight.empty()) return {};
  const Result<int> percent = parse_percent("max-weight", max_weight);
  if (!percent) return fail(percent.error());
  options.max_weight_percent = *percent;
  return {};
}

}  // namespace bf::cli
