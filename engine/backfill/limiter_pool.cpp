#include "engine/backfill/limiter_pool.h"

#include <optional>
#include <utility>

#include "engine/limits/ban_file.h"

namespace bf::backfill {
namespace {

Result<void> open_bans(MarketRun& market, const RunOptions& options, const net::Url& base,
                       const Clock& clock) {
  if (options.state_dir.empty()) return {};
  Result<limits::BanFile> bans =
      limits::BanFile::open(options.state_dir, base.endpoint.route(), clock);
  if (!bans) return fail(bans.error());
  // Read once here: a file that cannot be read must not pass for "no ban".
  const Result<std::optional<limits::Ban>> stored = bans->load();
  if (!stored) return fail(stored.error());
  market.bans = std::make_shared<limits::BanFile>(std::move(*bans));
  return {};
}

}  // namespace

Result<void> LimiterPool::join(MarketRun& market, const RunOptions& options, const net::Url& base,
                               async::Loop& loop) {
  const std::string exchange(market.api->exchange());
  const std::string route = exchange + " " + base.endpoint.route();
  const limits::LimitRules rules = market.api->limit_rules();
  for (const Member& member : members_) {
    if (member.route != route || member.rules != rules) continue;
    market.bans = member.bans;
    market.limiter = member.limiter;
    market.shares_limiter = true;
    return {};
  }
  if (const Result<void> bans = open_bans(market, options, base, loop.clock()); !bans) {
    return fail(bans.error());
  }
  limits::LimiterOptions limiter;
  limiter.source = exchange + "/" + std::string(market.api->market());
  limiter.max_share_percent = options.max_weight_percent != 0 ? options.max_weight_percent
                                                              : market.api->default_share_percent();
  limiter.bans = market.bans.get();
  market.limiter = std::make_shared<limits::RateLimiter>(loop, rules, limiter);
  members_.push_back({route, rules, market.bans, market.limiter});
  return {};
}

}  // namespace bf::backfill
