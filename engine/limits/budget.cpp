#include "engine/limits/budget.h"

#include <algorithm>
#include <utility>

#include "store/base/assert.h"

namespace bf::limits {
namespace {

constexpr DurationMs kUncertaintyMinMs = 50;
constexpr DurationMs kUncertaintyDefaultMs = 100;
constexpr DurationMs kUncertaintyMaxMs = kMinuteMs;
/// A report above the capacity means the same whatever it says: the window is full.
constexpr std::int64_t kReportedMax = 2;

constexpr DurationMs kPauseMaxMs = 3 * kDayMs;

/// Answers that other processes get are looked for so often.
constexpr std::int64_t kPollNs = 20 * kNsPerMs;
/// And all else that they may do, where they have nothing in flight.
constexpr std::int64_t kLookNs = 1'000 * kNsPerMs;
/// The lock is held for microseconds; a process that was stopped in them holds it for long.
constexpr std::int64_t kBusyRetryNs = kNsPerMs;
constexpr std::int64_t kBusyMaxNs = 10'000 * kNsPerMs;
/// Who waits asks again at the instant that it named, or so much later.
constexpr std::int64_t kLateMaxNs = 50 * kNsPerMs;
/// Every request has ended in half of this: who was silent longer was stopped.
constexpr std::int64_t kSilentMaxNs = 120'000 * kNsPerMs;
/// So much of a rule (1/16) one may get ahead of another.
constexpr std::int64_t kAheadPart = 16;

}  // namespace

Budget::Budget(const Clock& clock, LimitRules rules, int share_percent, BudgetFile* file)
    : clock_(clock),
      rules_(std::move(rules)),
      share_percent_(share_percent),
      file_(file),
      now_ns_(clock.steady_ns()) {
  BF_ASSERT(rules_.size() <= kBudgetRulesMax);
  for (const LimitRule& rule : rules_) documented_.push_back(rule.capacity);
  state_.published.resize(rules_.size());
  state_.uncertainty_ms = kUncertaintyDefaultMs;
  state_.clock_ns = clock_.wall_ms() * kNsPerMs - steady_now();
  start_anew(/*all_used=*/false);
}

void Budget::start_anew(bool all_used) {
  apply(state_.published);
  buckets_.clear();
  state_.members.clear();
  const std::int64_t now = exchange_now();
  for (const LimitRule& rule : rules_) {
    Bucket& bucket = *buckets_.emplace_back(make_bucket(rule, share_percent_, now));
    bucket.set_uncertainty(state_.uncertainty_ms * kNsPerMs);
    if (!all_used) continue;
    Answer all;
    all.cost = bucket.allowed();
    all.sent_at = now;
    bucket.leave(all.cost);
    bucket.answered(now, all);
  }
  ++turn_;
}

BudgetMember& Budget::self() {
  const std::int64_t slot = file_ == nullptr ? 0 : file_->slot();
  const auto at = std::find_if(state_.members.begin(), state_.members.end(),
                               [slot](const BudgetMember& member) { return member.slot >= slot; });
  if (at != state_.members.end() && at->slot == slot) return *at;
  // New, or taken for dead: what it had in flight then was written off.
  ++turn_;
  BudgetMember member;
  member.slot = slot;
  member.parts.resize(rules_.size());
  return *state_.members.insert(at, std::move(member));
}

Result<bool> Budget::enter() {
  now_ns_ = clock_.steady_ns();
  if (file_ == nullptr) {
    settle();
    return true;
  }
  const Result<bool> locked = file_->lock();
  if (!locked) return fail(locked.error());
  if (!*locked) {
    if (busy_since_ns_ < 0) busy_since_ns_ = steady_now();
    if (steady_now() - busy_since_ns_ < kBusyMaxNs) return false;
    return fail(Code::kLocked,
                file_->path() + " was locked by another process for 10 s: is one stopped?");
  }
  busy_since_ns_ = -1;
  now_ns_ = clock_.steady_ns();  // behind all that the others have stored
  const Result<void> loaded = load();
  if (!loaded) {
    file_->unlock();
    return fail(loaded.error());
  }
  settle();
  return true;
}

Result<void> Budget::leave() {
  if (file_ == nullptr) return {};
  Result<void> stored;
  if (changed_) {
    state_.buckets.resize(rules_.size());
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      state_.buckets[i].clear();
      buckets_[i]->save(state_.buckets[i]);
    }
    stored = file_->write(encode(state_), matters_until());
    changed_ = false;
  }
  file_->unlock();
  return stored;
}

Result<void> Budget::load() {
  const Result<BudgetFile::Content> content = file_->read();
  if (!content) return fail(content.error());
  const bool changed = *content == BudgetFile::Content::kChanged;
  bool damaged = *content == BudgetFile::Content::kDamaged;
  if (changed) damaged = !take_over(file_->words());
  if (damaged) {
    start_anew(/*all_used=*/true);
    changed_ = true;
  }
  if (!joined_) join();
  joined_ = true;
  return {};
}

bool Budget::take_over(const std::vector<std::int64_t>& words) {
  std::optional<BudgetState> state = decode(words, rules_.size());
  if (!state) return false;
  const std::int64_t now = steady_now() + state->clock_ns;
  if (now < 0 || now >= kInstantMax) return false;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (state->published[i].capacity > kPublishedRiseMax * documented_[i]) return false;
  }
  apply(state->published);
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (!buckets_[i]->load(state->buckets[i], now)) return false;
    std::int64_t in_flight = 0;
    for (const BudgetMember& member : state->members) in_flight += member.parts[i].in_flight;
    buckets_[i]->set_in_flight(in_flight);
    buckets_[i]->set_uncertainty(state->uncertainty_ms * kNsPerMs);
  }
  state->buckets.clear();
  state_ = *std::move(state);
  return true;
}

// The first of those that are there takes the wall clock for what it is now: the machine may have slept or
// have been started anew. Whoever comes later goes by the clock of those that are there.
void Budget::join() {
  changed_ = true;
  bans_seen_ = state_.bans;
  std::vector<BudgetMember> gone;
  std::erase_if(state_.members, [&](const BudgetMember& member) {
    const bool dead = member.slot == file_->slot() || !file_->is_alive(member.slot);
    if (dead) gone.push_back(member);
    return dead;
  });
  if (state_.members.empty()) {
    const TimeMs told = clock_.wall_ms() + state_.offset_ms;
    if (told < 0 || told >= kTimeMax) state_.offset_ms = 0;
    set_clock({state_.offset_ms, std::max(state_.uncertainty_ms, kUncertaintyDefaultMs)});
    for (const std::unique_ptr<Bucket>& bucket : buckets_) bucket->forget_reports();
    set_pause(state_.paused_until_ms);
  }
  forget_old_limits();
  for (const BudgetMember& member : gone) write_off(member);
}

void Budget::write_off(const BudgetMember& member) {
  const std::int64_t now = exchange_now();
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    Answer lost;
    lost.cost = member.parts[i].in_flight;
    lost.sent_at = now;
    if (lost.cost > 0) buckets_[i]->answered(now, lost);
  }
}

bool Budget::drop_gone() {
  if (state_.members.size() <= 1) return false;
  std::vector<BudgetMember> gone;
  const std::int64_t silent_before = steady_now() - kSilentMaxNs;
  std::erase_if(state_.members, [&](const BudgetMember& member) {
    if (member.slot == file_->slot()) return false;
    const bool dead = member.seen_ns < silent_before || !file_->is_alive(member.slot);
    if (dead) gone.push_back(member);
    return dead;
  });
  for (const BudgetMember& member : gone) write_off(member);
  changed_ |= !gone.empty();
  return !gone.empty();
}

void Budget::settle() {
  changed_ |= new_clock_ || new_pause_ms_ != 0 || new_bans_ != 0 || !returns_.empty() ||
              !new_limits_.empty();
  if (new_clock_) set_clock(*new_clock_);
  new_clock_.reset();
  if (new_pause_ms_ > state_.paused_until_ms) set_pause(new_pause_ms_);
  new_pause_ms_ = 0;
  bans_seen_ += new_bans_;
  state_.bans += std::exchange(new_bans_, 0);
  for (const auto& [rule, limit] : new_limits_) state_.published[rule] = limit;
  if (!new_limits_.empty()) apply(state_.published);
  new_limits_.clear();
  for (const Return& came_back : returns_) settle(came_back);
  returns_.clear();
}

void Budget::settle(const Return& came_back) {
  BudgetMember& member = self();
  const Departure& departure = came_back.departure;
  const Feedback& feedback = came_back.feedback;
  const bool written_off = departure.turn != turn_;
  member.seen_ns = steady_now();
  if (written_off && !came_back.sent) return;
  const bool date = feedback.server_time >= kTimeMin && feedback.server_time < kTimeMax;
  Answer answer;
  answer.sent_at = departure.sent_ns + state_.clock_ns;
  answer.heard = !feedback.used.empty() || feedback.server_time != 0;
  answer.server_time = date ? feedback.server_time * kNsPerMs : -1;
  std::size_t headers = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    answer.cost = cost_of(i, departure.cost);
    answer.reported = -1;
    if (!rules_[i].usage_header.empty()) {
      if (headers < feedback.used.size()) {
        answer.reported = std::min(feedback.used[headers], kReportedMax * rules_[i].capacity);
      }
      ++headers;
    }
    if (!counts(i, departure.cost)) continue;
    // Written off, it counted from then on; that it counts from now on as well is at worst too much.
    if (written_off) {
      buckets_[i]->leave(answer.cost);
    } else {
      member.parts[i].in_flight -= answer.cost;
    }
    if (came_back.sent) {
      buckets_[i]->answered(exchange_now(), answer);
    } else {
      buckets_[i]->take_back(answer.cost);
    }
  }
}

void Budget::set_clock(const NewClock& clock) {
  const std::int64_t before = state_.clock_ns;
  state_.offset_ms = clock.offset_ms;
  state_.uncertainty_ms = clock.uncertainty_ms;
  state_.clock_ns = (clock_.wall_ms() + clock.offset_ms) * kNsPerMs - steady_now();
  for (const std::unique_ptr<Bucket>& bucket : buckets_) {
    bucket->move_clock(state_.clock_ns - before);
    bucket->set_uncertainty(clock.uncertainty_ms * kNsPerMs);
  }
}

void Budget::set_pause(TimeMs until_ms) {
  const DurationMs left = std::clamp<DurationMs>(until_ms - clock_.wall_ms(), 0, kPauseMaxMs);
  state_.paused_until_ms = until_ms;
  state_.paused_until_ns = steady_now() + left * kNsPerMs;
}

void Budget::apply(const std::vector<PublishedLimit>& published) {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    rules_[i].capacity = published[i].capacity > 0 ? published[i].capacity : documented_[i];
    if (i < buckets_.size()) buckets_[i]->set_capacity(rules_[i].capacity);
  }
}

void Budget::forget_old_limits() {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    PublishedLimit& limit = state_.published[i];
    const DurationMs age = clock_.wall_ms() - limit.at_ms;
    // A clock that was set back does not tell how old it is.
    const bool good = age >= 0 && age <= kPublishedGoodMs;
    if (limit.capacity > documented_[i] && !good) limit = PublishedLimit();
  }
  apply(state_.published);
}

TimeMs Budget::matters_until() const {
  DurationMs longest = kSilentMaxNs / kNsPerMs;
  for (const LimitRule& rule : rules_) longest = std::max(longest, 2 * rule.window_ms);
  TimeMs until = std::max(clock_.wall_ms() + longest, state_.paused_until_ms);
  for (const PublishedLimit& limit : state_.published) {
    if (limit.capacity > 0) until = std::max(until, limit.at_ms + kPublishedGoodMs);
  }
  return until;
}

void Budget::flush() {
  const Result<bool> entered = enter();
  // What is wrong with the file is said to the next that asks.
  if (entered && *entered) (void)leave();
}

Result<Budget::Verdict> Budget::ask(const Cost& cost) {
  Verdict verdict;
  const Result<bool> entered = enter();
  if (!entered) return fail(entered.error());
  if (!*entered) {
    verdict.ask_at_ns = steady_now() + kBusyRetryNs;
    return verdict;
  }
  self().seen_ns = steady_now();
  verdict.banned = state_.bans != std::exchange(bans_seen_, state_.bans);
  const std::int64_t paused_ns = state_.paused_until_ns - steady_now();
  if (paused_ns > 0) verdict.paused_until_ms = clock_.wall_ms() + paused_ns / kNsPerMs + 1;
  if (too_small_for(cost)) {
    verdict.ask_at_ns = steady_now();
  } else if (!verdict.banned && verdict.paused_until_ms == 0) {
    decide(cost, verdict);
  }
  const Result<void> stored = leave();
  if (!stored && verdict.left) --in_flight_;  // nobody will give it back
  if (!stored) return fail(stored.error());
  return verdict;
}

void Budget::decide(const Cost& cost, Verdict& verdict) {
  const std::int64_t now = steady_now();
  const auto look = [&] {
    verdict.ask_at_ns = leaves_at(cost);
    return verdict.ask_at_ns <= now && !is_ahead(cost);
  };
  bool leaves = look();
  if (!leaves && drop_gone()) leaves = look();
  if (leaves) {
    verdict.left = depart(cost);
    return;
  }
  if (file_ == nullptr) return;
  // Ahead of another, it asks again when that one has had its chance.
  const bool yields = verdict.ask_at_ns <= now;
  const std::int64_t look_again = now + (yields || others_in_flight(cost) ? kPollNs : kLookNs);
  verdict.ask_at_ns = yields ? look_again : std::min(verdict.ask_at_ns, look_again);
  wait_until(cost, verdict.ask_at_ns + kLateMaxNs);
}

std::int64_t Budget::leaves_at(const Cost& cost) const {
  const std::int64_t now = exchange_now();
  std::int64_t latest = now;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (!counts(i, cost)) continue;
    latest = std::max(latest, buckets_[i]->leaves_at(now, cost_of(i, cost)));
  }
  return latest == kOnlyAnAnswer ? kOnlyAnAnswer : latest - state_.clock_ns;
}

Departure Budget::depart(const Cost& cost) {
  changed_ = true;
  ++in_flight_;
  BudgetMember& member = self();
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (!counts(i, cost)) continue;
    const std::int64_t units = cost_of(i, cost);
    buckets_[i]->leave(units);
    BudgetMember::Part& part = member.parts[i];
    part.in_flight += units;
    part.waits_until_ns = 0;
    // Who did not ask for a while is not owed what the others have used meanwhile.
    for (const BudgetMember& other : state_.members) {
      part.taken = std::max(part.taken, other.parts[i].taken - allowed(i) / kAheadPart);
    }
    part.taken += units;
  }
  return Departure{cost, steady_now(), turn_};
}

void Budget::wait_until(const Cost& cost, std::int64_t until_ns) {
  changed_ = true;
  BudgetMember& member = self();
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    // Of a rule that has room nobody need leave any to us.
    const bool waits = counts(i, cost) &&
                       buckets_[i]->leaves_at(exchange_now(), cost_of(i, cost)) > exchange_now();
    member.parts[i].waits_until_ns = waits ? until_ns : 0;
  }
}

bool Budget::is_ahead(const Cost& cost) {
  const std::int64_t now = steady_now();
  const BudgetMember& mine = self();
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (!counts(i, cost)) continue;
    for (const BudgetMember& other : state_.members) {
      if (&other == &mine || other.parts[i].waits_until_ns < now) continue;
      if (mine.parts[i].taken > other.parts[i].taken + allowed(i) / kAheadPart) return true;
    }
  }
  return false;
}

bool Budget::others_in_flight(const Cost& cost) const {
  for (const BudgetMember& member : state_.members) {
    if (member.slot == file_->slot()) continue;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      if (counts(i, cost) && member.parts[i].in_flight > 0) return true;
    }
  }
  return false;
}

std::optional<std::size_t> Budget::too_small_for(const Cost& cost) const {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (counts(i, cost) && cost_of(i, cost) > allowed(i)) return i;
  }
  return std::nullopt;
}

void Budget::answered(const Departure& departure, Feedback feedback) {
  take_return(Return{departure, std::move(feedback), /*sent=*/true});
}

void Budget::released(const Departure& departure) {
  take_return(Return{departure, Feedback(), /*sent=*/false});
}

void Budget::take_return(Return came_back) {
  returns_.push_back(std::move(came_back));
  --in_flight_;
  // Most go with the next request: until they do, the others take these few for in flight.
  const bool soon = file_ != nullptr && in_flight_ > 0 && returns_.size() < kReturnsMax;
  if (!soon) flush();
}

void Budget::set_clock_offset(DurationMs offset, DurationMs uncertainty) {
  new_clock_ = NewClock{offset, std::clamp(uncertainty, kUncertaintyMinMs, kUncertaintyMaxMs)};
  flush();
}

void Budget::tell_pause(TimeMs until_ms) {
  if (file_ == nullptr) return;
  new_pause_ms_ = std::max(new_pause_ms_, until_ms);
  flush();
}

void Budget::tell_ban() {
  ++new_bans_;
  flush();
}

void Budget::set_capacity(const std::string& rule_name, std::int64_t capacity) {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (rules_[i].name != rule_name) continue;
    PublishedLimit limit;
    limit.capacity = std::clamp<std::int64_t>(capacity, 1, kPublishedRiseMax * documented_[i]);
    limit.at_ms = clock_.wall_ms();
    new_limits_.emplace_back(i, limit);
  }
  flush();
}

}  // namespace bf::limits
