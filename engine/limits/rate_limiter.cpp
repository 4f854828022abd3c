#include "engine/limits/rate_limiter.h"

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

#include "engine/limits/bucket.h"
#include "store/base/assert.h"

namespace bf::limits {
namespace {

using async::kNoDeadline;
using async::Wake;

constexpr DurationMs kUncertaintyMinMs = 50;
constexpr DurationMs kUncertaintyDefaultMs = 100;
constexpr DurationMs kUncertaintyMaxMs = kMinuteMs;
constexpr DurationMs kPauseMinMs = kSecondMs;
constexpr DurationMs kPauseMaxMs = 3 * kDayMs;
/// A report above the capacity means the same whatever it says: the window is full.
constexpr std::int64_t kReportedMax = 2;

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

struct Outstanding {
  Cost cost;
  std::int64_t sent_at = 0;  ///< ns of the exchange's clock
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
  const LimitRules& rules() const noexcept { return rules_; }
  LimiterState state();

 private:
  std::int64_t now_ns() const { return loop_.now_ns(); }
  /// `steady_ns` of our clock as the exchange's, in ns since 1970. Anchored once: a wall clock that
  /// steps in the middle of a run changes nothing.
  std::int64_t exchange_ns(std::int64_t steady_ns) const noexcept {
    return anchor_exchange_ns_ + (steady_ns - anchor_steady_ns_);
  }
  void anchor(DurationMs offset);
  bool counts(std::size_t rule, const Cost& cost) const noexcept {
    return rules_[rule].endpoint.empty() || rules_[rule].endpoint == cost.endpoint;
  }
  std::int64_t cost_of(std::size_t rule, const Cost& cost) const noexcept {
    return rules_[rule].unit == Unit::kWeight ? cost.weight : 1;
  }
  /// The error that acquire() ends with whatever else happens, or nullopt.
  std::optional<Error> refusal(const Cost& cost, const CancelToken& cancel);
  /// Steady ns at which a request may leave (<= now_ns(): at once), or kNoDeadline.
  std::int64_t leaves_at_ns(const Cost& cost);
  Permit leave(const Cost& cost);
  Outstanding take_outstanding(const Permit& permit);
  Standing make_standing(Pause pause) const;
  void load_ban();
  void store_ban(Pause& ban) const;
  void drop_passed(std::optional<Standing>& standing) const;
  void wake_first() noexcept {
    if (!waiters_.empty()) waiters_.front()->woken.wake_one();
  }
  void forget(Waiter& waiter) {
    waiters_.erase(std::find(waiters_.begin(), waiters_.end(), &waiter));
  }

  async::Loop& loop_;
  LimitRules rules_;
  LimiterOptions options_;
  std::vector<std::unique_ptr<Bucket>> buckets_;                ///< one a rule, in their order
  std::deque<Waiter*> waiters_;                                 ///< first come first served
  std::unordered_map<std::uint64_t, Outstanding> outstanding_;  ///< by permit
  std::uint64_t next_permit_ = 1;
  std::int64_t anchor_steady_ns_ = 0;
  std::int64_t anchor_exchange_ns_ = 0;
  std::optional<Standing> pause_;
  std::optional<Standing> ban_;
  std::optional<Error> ban_file_error_;  ///< the stored bans cannot be read: there may be one
  std::uint64_t limited_ = 0;
  std::uint64_t bans_ = 0;
};

RateLimiter::Impl::Impl(async::Loop& loop, LimitRules rules, LimiterOptions options)
    : loop_(loop), rules_(std::move(rules)), options_(std::move(options)) {
  BF_ASSERT(options_.max_share_percent >= 1 && options_.max_share_percent <= 100);
  anchor(/*offset=*/0);
  for (const LimitRule& rule : rules_) {
    buckets_.push_back(make_bucket(rule, options_.max_share_percent, exchange_ns(now_ns())));
    buckets_.back()->set_uncertainty(kUncertaintyDefaultMs * kNsPerMs);
  }
  load_ban();
}

void RateLimiter::Impl::anchor(DurationMs offset) {
  anchor_steady_ns_ = now_ns();
  anchor_exchange_ns_ = (loop_.clock().wall_ms() + offset) * kNsPerMs;
}

// Only the first of those that wait looks at the budget, and sleeps until it has a chance; the others
// sleep until they are the first. So a heavy request is never overtaken for ever by light ones.
Task<Result<Permit>> RateLimiter::Impl::acquire(Cost cost, CancelToken cancel) {
  std::optional<Error> refused = refusal(cost, cancel);
  if (refused) co_return fail(*std::move(refused));
  if (waiters_.empty() && leaves_at_ns(cost) <= now_ns()) co_return leave(cost);

  Waiter self(loop_);
  waiters_.push_back(&self);
  while (true) {
    std::int64_t deadline = kNoDeadline;
    if (waiters_.front() == &self) {
      deadline = leaves_at_ns(cost);
      if (deadline <= now_ns()) break;
    }
    const Wake wake = co_await self.woken.wait(cancel, deadline);
    (void)wake;  // whatever it was, the state tells what is to be done
    refused = refusal(cost, cancel);
    if (refused) {
      forget(self);
      wake_first();
      co_return fail(*std::move(refused));
    }
  }
  waiters_.pop_front();
  const Permit permit = leave(cost);
  wake_first();
  co_return permit;
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
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const std::int64_t allowed = buckets_[i]->allowed();
    if (!counts(i, cost) || cost_of(i, cost) <= allowed) continue;
    return Error(Code::kUsage, options_.source + ": a request of weight " +
                                   std::to_string(cost.weight) + " never fits \"" + rules_[i].name +
                                   "\", of which " + std::to_string(allowed) + " may be used (" +
                                   std::to_string(options_.max_share_percent) + " %)");
  }
  return std::nullopt;
}

std::int64_t RateLimiter::Impl::leaves_at_ns(const Cost& cost) {
  if (buckets_.empty() && !pause_) return 0;
  const std::int64_t now = now_ns();
  drop_passed(pause_);
  if (pause_) return pause_->until_ns;
  const std::int64_t exchange_now = exchange_ns(now);
  std::int64_t latest = exchange_now;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (!counts(i, cost)) continue;
    latest = std::max(latest, buckets_[i]->leaves_at(exchange_now, cost_of(i, cost)));
  }
  return latest == kOnlyAnAnswer ? kNoDeadline : now + (latest - exchange_now);
}

Permit RateLimiter::Impl::leave(const Cost& cost) {
  const Permit permit{next_permit_++};
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (counts(i, cost)) buckets_[i]->leave(cost_of(i, cost));
  }
  outstanding_.emplace(permit.id, Outstanding{cost, exchange_ns(now_ns())});
  return permit;
}

Outstanding RateLimiter::Impl::take_outstanding(const Permit& permit) {
  const auto at = outstanding_.find(permit.id);
  BF_ASSERT(at != outstanding_.end());  // each permit comes back exactly once
  const Outstanding outstanding = at->second;
  outstanding_.erase(at);
  return outstanding;
}

void RateLimiter::Impl::answered(Permit permit, const Feedback& feedback) {
  const Outstanding request = take_outstanding(permit);
  const std::int64_t now = exchange_ns(now_ns());
  const bool date = feedback.server_time >= kTimeMin && feedback.server_time < kTimeMax;
  Answer answer;
  answer.sent_at = request.sent_at;
  answer.heard = !feedback.used.empty() || feedback.server_time != 0;
  answer.server_time = date ? feedback.server_time * kNsPerMs : -1;
  std::size_t headers = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    answer.cost = cost_of(i, request.cost);
    answer.reported = -1;
    if (!rules_[i].usage_header.empty()) {
      if (headers < feedback.used.size()) {
        answer.reported = std::min(feedback.used[headers], kReportedMax * rules_[i].capacity);
      }
      ++headers;
    }
    if (counts(i, request.cost)) buckets_[i]->answered(now, answer);
  }
  wake_first();
}

void RateLimiter::Impl::released(Permit permit) {
  const Outstanding request = take_outstanding(permit);
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (counts(i, request.cost)) buckets_[i]->take_back(cost_of(i, request.cost));
  }
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

void RateLimiter::Impl::store_ban(Pause& ban) const {
  if (options_.bans == nullptr) return;
  const Result<void> stored = options_.bans->store(Ban{ban.until, ban.reason});
  // It holds for this process in any case; that the next one will not know of it is worth a word.
  if (!stored) ban.reason.append("; not stored for later runs: ").append(stored.error().message());
}

void RateLimiter::Impl::set_clock_offset(DurationMs offset, DurationMs uncertainty) {
  const std::int64_t before = exchange_ns(now_ns());
  anchor(offset);
  const std::int64_t moved = exchange_ns(now_ns()) - before;
  const DurationMs guard = std::clamp(uncertainty, kUncertaintyMinMs, kUncertaintyMaxMs);
  for (const std::unique_ptr<Bucket>& bucket : buckets_) {
    bucket->move_clock(moved);
    bucket->set_uncertainty(guard * kNsPerMs);
  }
  wake_first();
}

void RateLimiter::Impl::set_capacity(const std::string& rule_name, std::int64_t capacity) {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (rules_[i].name != rule_name) continue;
    rules_[i].capacity = capacity;
    buckets_[i]->set_capacity(capacity);
  }
  // All of them: some may no longer fit at all.
  for (Waiter* const waiter : waiters_) waiter->woken.wake_one();
}

LimiterState RateLimiter::Impl::state() {
  LimiterState state;
  const std::int64_t now = exchange_ns(now_ns());
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    state.rules.push_back({rules_[i].name, buckets_[i]->used(now), buckets_[i]->allowed()});
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
