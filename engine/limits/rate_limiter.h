// engine/limits/rate_limiter.h
//
// When a request may leave. One RateLimiter stands for one budget: an exchange's host and the address
// that it sees us from, which several processes may share. It keeps every rule at once, believes the
// server's own count over its own, and stops the source when the server says so.
//
// A request's weight is held from acquire() until answered(), because the server may count it at any
// instant between: so what the server may have counted never exceeds the limit, also at the turn of a
// window, where a request in flight counts on both sides. Other processes take it for one in flight a
// little longer (kReturnsMax).
//
// Where a rule has a usage header, the first request of all goes alone, to learn what others (or a run
// before this one) have used; and until the server has told its count of a window, an eighth of it at
// most is in flight. A server that does not send the header is not waited for.
//
// Threads: the Loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/async/loop.h"
#include "engine/limits/ban_file.h"
#include "engine/limits/budget.h"
#include "engine/limits/budget_file.h"
#include "engine/limits/limit_rule.h"

namespace bf::limits {

using async::CancelToken;
using async::Task;

struct LimiterOptions {
  std::string source;           ///< for messages: "binance/um"
  int max_share_percent = 100;  ///< of each rule's capacity that we may use (--max-weight)
  /// Where bans outlive the process; null: they do not (tests).
  BanFile* bans = nullptr;
  /// Through which other processes share the budget; null: they do not (tests).
  BudgetFile* budget = nullptr;
};

/// A request that may leave (or has left) and has not been answered.
struct Permit {
  std::uint64_t id = 0;
};

/// Why nothing leaves at present.
struct Pause {
  TimeMs until = 0;    ///< wall ms, ours
  bool ban = false;    ///< a ban fails acquire(); a plain pause (429) makes it wait
  std::string reason;  ///< such as "HTTP 418, Retry-After 120"
};

/// For progress lines and reports.
struct LimiterState {
  struct RuleUse {
    std::string name;
    std::int64_t used = 0;      ///< in the present window, what is in flight included
    std::int64_t capacity = 0;  ///< the share that we may use
  };
  std::vector<RuleUse> rules;
  std::int64_t waiting = 0;  ///< acquire() calls under way
  std::int64_t in_flight = 0;
  std::optional<Pause> pause;
  std::uint64_t limited = 0;  ///< 429s seen
  std::uint64_t bans = 0;     ///< bans seen
};

class RateLimiter {
 public:
  /// Loads a stored ban of this source, if there is one. Where that fails, every acquire() does, with
  /// the same error: there may be one.
  RateLimiter(async::Loop& loop, LimitRules rules, LimiterOptions options);
  ~RateLimiter();

  /// Waits, first come first served, until a request of this cost may leave. `cost.endpoint` points to
  /// text that outlives the limiter.
  /// Errors: kCancelled; kBanned, with the end of the ban in retry_at_ms: also for those that wait when
  ///         the ban comes; kUsage: the weight exceeds what one window may hold; what the file of a
  ///         shared budget says, and kLocked.
  [[nodiscard]] Task<Result<Permit>> acquire(Cost cost, CancelToken cancel);

  /// The request was answered (or failed: then `feedback` is empty, and its weight counts as used).
  /// Each permit comes back exactly once.
  void answered(Permit permit, const Feedback& feedback);
  /// The request never left: its weight is given back.
  void released(Permit permit);

  /// 429 or a ban: nothing leaves before `until` (wall ms; clamped to [now + 1 s, now + 3 days]). A
  /// ban is stored; where that fails, its reason says so. A pause never shortens one that stands.
  void pause(Pause pause);
  /// Tells the limiter how far the exchange's clock is ahead of ours, and how well that is known
  /// (100 ms until told). Steps of our wall clock behind this call change nothing; drift does, so tell
  /// it again now and then.
  void set_clock_offset(DurationMs offset, DurationMs uncertainty);
  /// Replaces capacities by what the exchange itself publishes (rules are matched by name; unknown ones
  /// are ignored).
  void set_capacity(const std::string& rule_name, std::int64_t capacity);

  [[nodiscard]] const LimitRules& rules() const noexcept;
  [[nodiscard]] LimiterState state() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bf::limits
