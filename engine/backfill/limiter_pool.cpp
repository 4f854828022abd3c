#include "engine/backfill/limiter_pool.h"

#include <optional>
#include <utility>

#include "engine/limits/ban_file.h"
#include "engine/limits/budget_file.h"

namespace bf::backfill {
namespace {

/// What other processes know as well: bans, and what is used of the limits.
Result<void> open_shared(MarketRun& market, const std::string& state_dir, const net::Url& base,
                         const Clock& clock) {
  Result<limits::BanFile> bans = limits::BanFile::open(state_dir, base.endpoint.route(), clock);
  if (!bans) return fail(bans.error());
  // Read once here: a file that cannot be read must not pass for "no ban".
  const Result<std::optional<limits::Ban>> stored = bans->load();
  if (!stored) return fail(stored.error());
  limits::BudgetFile::remove_unused(state_dir, clock.wall_ms());
  const std::string key = std::string(market.api->exchange()) + " " + base.endpoint.route();
  Result<limits::BudgetFile> budget =
      limits::BudgetFile::open(state_dir, key, market.api->limit_rules());
  if (!budget) return fail(budget.error());
  market.bans = std::make_shared<limits::BanFile>(std::move(*bans));
  market.budget = std::make_shared<limits::BudgetFile>(std::move(*budget));
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
    market.budget = member.budget;
    market.limiter = member.limiter;
    market.shares_limiter = true;
    return {};
  }
  if (!options.state_dir.empty()) {
    const Result<void> shared = open_shared(market, options.state_dir, base, loop.clock());
    if (!shared) return fail(shared.error());
  }
  limits::LimiterOptions limiter;
  limiter.source = exchange + "/" + std::string(market.api->market());
  limiter.max_share_percent = options.max_weight_percent != 0 ? options.max_weight_percent
                                                              : market.api->default_share_percent();
  limiter.bans = market.bans.get();
  limiter.budget = market.budget.get();
  market.limiter = std::make_shared<limits::RateLimiter>(loop, rules, limiter);
  members_.push_back({route, rules, market.bans, market.budget, market.limiter});
  return {};
}

}  // namespace bf::backfill
