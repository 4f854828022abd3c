#include "engine/limits/rate_limiter.h"

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

#include "store/base/assert.h"

namespace bf::limits {
namespace {

using async::kNoDeadline;
using async::Wake;

constexpr DurationMs kPauseMinMs = kSecondMs;
constexpr DurationMs kPauseMaxMs = 3 * kDayMs;

/// A wait that stands, with its end on the clock that never steps.
struct Standing {
  Pause pause;
  std::int64_t until_ns = 0;
};

/// One acquire() that waits. Lives in its frame.
struct Waiter {
  explicit Waiter(async::Loop& loop) : woken(loop) {}
  async::WaitQueue woken;
};

}  // namespace

class RateLimiter::Impl {
 public:
  Impl(async::Loop& loop, LimitRules rules, LimiterOptions options);
  ~Impl() { BF_ASSERT(waiters_.empty()); }

  Task<Result<Permit>> acquire(Cost cost, CancelToken cancel);
  void answered(Permit permit, const Feedback& feedback);
  void released(Permit permit);
  void pause(Pause pause);
  void set_clock_offset(DurationMs offset, DurationMs uncertainty);
  void set_capacity(const std::string& rule_name, std::int64_t capacity);
  const LimitRules& rules() const noexcept { return budget_.rules(); }
  LimiterState state();

 private:
  std::int64_t now_ns() const { return loop_.now_ns(); }
  /// The error that acquire() ends with whatever else happens, or nullopt.
  std::optional<Error> refusal(const Cost& cost, const CancelToken& cancel);
  /// A permit if the request may leave now; else `ask_at_ns` says when to try again. Errors: acquire()'s.
  Result<std::optional<Permit>> try_leave(const Cost& cost, const CancelToken& cancel,
                                          std::int64_t& ask_at_ns);
  Departure take_outstanding(const Permit& permit);
  Standing make_standing(Pause pause) const;
  void load_ban();
  void store_ban(Pause& ban);
  void drop_passed(std::optional<Standing>& standing) const;
  void wake_first() noexcept {
    if (!waiters_.empty()) waiters_.front()->woken.wake_one();
  }
  void forget(Waiter& waiter) {
    waiters_.erase(std::find(waiters_.begin(), waiters_.end(), &waiter));
  }

  async::Loop& loop_;
  LimiterOptions options_;
  Budget budget_;
  std::deque<Waiter*> waiters_;                               ///< first come first served
  std::unordered_map<std::uint64_t, Departure> outstanding_;  ///< by permit
  std::uint64_t next_permit_ = 1;
  std::optional<Standing> pause_;
  std::optional<Standing> ban_;
  std::optional<Error> ban_file_error_;  ///< the stored bans cannot be read: there may be one
  std::uint64_t limited_ = 0;
  std::uint64_t bans_ = 0;
};

RateLimiter::Impl::Impl(async::Loop& loop, LimitRules rules, LimiterOptions options)
    : loop_(loop),
      options_(std::move(options)),
      budget_(loop.clock(), std::move(rules), options_.max_share_percent, options_.budget) {
  BF_ASSERT(options_.max_share_percent >= 1 && options_.max_share_percent <= 100);
  load_ban();
}

// Only the first of those that wait looks at the budget, and sleeps until it has a chance; the others
// sleep until they are the first. So a heavy request is never overtaken for ever by light ones.
Task<Result<Permit>> RateLimiter::Impl::acquire(Cost cost, CancelToken cancel) {
  Waiter self(loop_);
  waiters_.push_back(&self);
  Result<std::optional<Permit>> permit;
  while (true) {
    std::int64_t ask_at_ns = kNoDeadline;
    if (waiters_.front() == &self) {
      permit = try_leave(cost, cancel, ask_at_ns);
    } else if (std::optional<Error> refused = refusal(cost, cancel)) {
      permit = fail(*std::move(refused));
    }
    if (!permit || *permit) break;
    const Wake wake = co_await self.woken.wait(cancel, ask_at_ns);
    (void)wake;  // whatever it was, the state tells what is to be done
  }
  forget(self);
  wake_first();
  if (!permit) co_return fail(permit.error());
  co_return **permit;
}

Result<std::optional<Permit>> RateLimiter::Impl::try_leave(const Cost& cost,
                                                           const CancelToken& cancel,
                                                           std::int64_t& ask_at_ns) {
  while (true) {
    std::optional<Error> refused = refusal(cost, cancel);
    if (refused) return fail(*std::move(refused));
    drop_passed(pause_);
    if (pause_) {
      ask_at_ns = pause_->until_ns;
      return std::nullopt;
    }
    const Result<Budget::Verdict> verdict = budget_.ask(cost);
    if (!verdict) return fail(verdict.error().at(options_.source));
    if (verdict->left) {
      outstanding_.emplace(next_permit_, *verdict->left);
      return Permit{next_permit_++};
    }
    if (verdict->banned) {
      load_ban();
    } else if (verdict->paused_until_ms != 0) {
      pause_ = make_standing(
          Pause{verdict->paused_until_ms, /*ban=*/false, "another process here was told to wait"});
    } else {
      ask_at_ns = verdict->ask_at_ns;
      return std::nullopt;
    }
  }
}

std::optional<Error> RateLimiter::Impl::refusal(const Cost& cost, const CancelToken& cancel) {
  if (cancel.cancelled()) return CancelToken::error();
  if (ban_file_error_) return ban_file_error_;
  drop_passed(ban_);
  if (ban_) {
    Error error(Code::kBanned, options_.source + " is banned until " +
                                   format_time(ban_->pause.until) + " (" + ban_->pause.reason +
                                   "); nothing is sent there before");
    return std::move(error).with_retry_at(ban_->pause.until);
  }
  const std::optional<std::size_t> rule = budget_.too_small_for(cost);
  if (!rule) return std::nullopt;
  return Error(Code::kUsage, options_.source + ": a request of weight " +
                                 std::to_string(cost.weight) + " never fits \"" +
                                 budget_.rules()[*rule].name + "\", of which " +
                                 std::to_string(budget_.allowed(*rule)) + " may be used (" +
                                 std::to_string(options_.max_share_percent) + " %)");
}

Departure RateLimiter::Impl::take_outstanding(const Permit& permit) {
  const auto at = outstanding_.find(permit.id);
  BF_ASSERT(at != outstanding_.end());  // each permit comes back exactly once
  const Departure departure = at->second;
  outstanding_.erase(at);
  return departure;
}

void RateLimiter::Impl::answered(Permit permit, const Feedback& feedback) {
  budget_.answered(take_outstanding(permit), feedback);
  wake_first();
}

void RateLimiter::Impl::released(Permit permit) {
  budget_.released(take_outstanding(permit));
  wake_first();
}

Standing RateLimiter::Impl::make_standing(Pause pause) const {
  const TimeMs now = loop_.clock().wall_ms();
  pause.until = std::clamp(pause.until, now + kPauseMinMs, now + kPauseMaxMs);
  const std::int64_t until_ns = now_ns() + (pause.until - now) * kNsPerMs;
  return Standing{std::move(pause), until_ns};
}

void RateLimiter::Impl::drop_passed(std::optional<Standing>& standing) const {
  if (standing && standing->until_ns <= now_ns()) standing.reset();
}

void RateLimiter::Impl::pause(Pause pause) {
  std::optional<Standing>& standing = pause.ban ? ban_ : pause_;
  ++(pause.ban ? bans_ : limited_);
  drop_passed(standing);
  Standing wanted = make_standing(std::move(pause));
  if (standing && standing->until_ns >= wanted.until_ns) return;
  if (wanted.pause.ban) store_ban(wanted.pause);
  standing = std::move(wanted);
  if (!standing->pause.ban) {
    budget_.tell_pause(standing->pause.until);
    wake_first();  // it sleeps for the wrong instant
    return;
  }
  for (Waiter* const waiter : waiters_) waiter->woken.wake_one();
}

void RateLimiter::Impl::load_ban() {
  if (options_.bans == nullptr) return;
  const Result<std::optional<Ban>> stored = options_.bans->load();
  if (!stored) {
    ban_file_error_ = stored.error();
    return;
  }
  if (!stored->has_value()) return;
  ban_ = make_standing(Pause{(*stored)->until, /*ban=*/true, (*stored)->reason});
}

void RateLimiter::Impl::store_ban(Pause& ban) {
  if (options_.bans == nullptr) return;
  const Result<void> stored = options_.bans->store(Ban{ban.until, ban.reason});
  if (stored) budget_.tell_ban();
  // It holds for this process in any case; that the next one will not know of it is worth a word.
  if (!stored) ban.reason.append("; not stored for later runs: ").append(stored.error().message());
}

void RateLimiter::Impl::set_clock_offset(DurationMs offset, DurationMs uncertainty) {
  budget_.set_clock_offset(offset, uncertainty);
  wake_first();
}

void RateLimiter::Impl::set_capacity(const std::string& rule_name, std::int64_t capacity) {
  budget_.set_capacity(rule_name, capacity);
  // All of them: some may no longer fit at all.
  for (Waiter* const waiter : waiters_) waiter->woken.wake_one();
}

LimiterState RateLimiter::Impl::state() {
  LimiterState state;
  for (std::size_t i = 0; i < budget_.rules().size(); ++i) {
    state.rules.push_back({budget_.rules()[i].name, budget_.used(i), budget_.allowed(i)});
  }
  drop_passed(pause_);
  drop_passed(ban_);
  state.waiting = static_cast<std::int64_t>(waiters_.size());
  state.in_flight = static_cast<std::int64_t>(outstanding_.size());
  if (pause_) state.pause = pause_->pause;
  if (ban_) state.pause = ban_->pause;
  state.limited = limited_;
  state.bans = bans_;
  return state;
}

RateLimiter::RateLimiter(async::Loop& loop, LimitRules rules, LimiterOptions options)
    : impl_(std::make_unique<Impl>(loop, std::move(rules), std::move(options))) {}
RateLimiter::~RateLimiter() = default;

Task<Result<Permit>> RateLimiter::acquire(Cost cost, CancelToken cancel) {
  return impl_->acquire(cost, cancel);
}
void RateLimiter::answered(Permit permit, const Feedback& feedback) {
  impl_->answered(permit, feedback);
}
void RateLimiter::released(Permit permit) { impl_->released(permit); }
void RateLimiter::pause(Pause pause) { impl_->pause(std::move(pause)); }
void RateLimiter::set_clock_offset(DurationMs offset, DurationMs uncertainty) {
  impl_->set_clock_offset(offset, uncertainty);
}
void RateLimiter::set_capacity(const std::string& rule_name, std::int64_t capacity) {
  impl_->set_capacity(rule_name, capacity);
}
const LimitRules& RateLimiter::rules() const noexcept { return impl_->rules(); }
LimiterState RateLimiter::state() const { return impl_->state(); }

}  // namespace bf::limits
