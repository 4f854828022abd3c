// engine/backfill/limiter_pool.h
//
// The limiters of a run: markets of one exchange behind one route and under the same rules have one
// budget, as OKX counts what an address asks for, not of which market. Where there is a state directory,
// so do all processes that have the same one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/backfill/run.h"
#include "engine/backfill/run_state.h"
#include "engine/net/http.h"

namespace bf::backfill {

class LimiterPool {
 public:
  /// Gives `market`, whose api is set, its limiter, and what it shares with other processes.
  /// Errors: what the files in the state directory say.
  [[nodiscard]] Result<void> join(MarketRun& market, const RunOptions& options,
                                  const net::Url& base, async::Loop& loop);

 private:
  struct Member {
    std::string route;
    limits::LimitRules rules;
    std::shared_ptr<limits::BanFile> bans;
    std::shared_ptr<limits::BudgetFile> budget;
    std::shared_ptr<limits::RateLimiter> limiter;
  };
  std::vector<Member> members_;
};

}  // namespace bf::backfill
