// engine/limits/budget.h
//
// What is used of every rule of one budget, by this limiter and, where there is a BudgetFile, by all that
// share it. The RateLimiter says in which order its requests leave; the Budget whether one may.
//
// With a file each call locks it, loads what others changed, does its work and stores it: some
// microseconds. What holds then:
//   - A rule counts what all of them sent. The exchange's clock is one for all of them, whoever asked it.
//   - What a process has in flight when it ends counts as used from when that is noticed, and then ages
//     as everything does; so does what one that was stopped has had in flight for kSilentMaxNs.
//   - Nobody gets further ahead of another that waits for the same rule than kAheadPart of it.
//   - A limit that the exchange published holds in place of the documented one, for who comes later too: a
//     lower one until another is published, a higher one for kPublishedGoodMs.
//   - A damaged file counts as everything used: at worst one window passes in which nothing leaves.
//
// Instants are steady ns (Clock::steady_ns), which all processes of a machine share, unless they say
// otherwise.
// Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/limits/bucket.h"
#include "engine/limits/budget_file.h"
#include "engine/limits/budget_state.h"
#include "engine/limits/limit_rule.h"
#include "store/base/clock.h"

namespace bf::limits {

/// The file hears of answers with the next request, or when so many have come.
inline constexpr std::size_t kReturnsMax = 4;
/// As long as a list of instruments counts as fresh: who comes later asks for one, and so for the limits.
inline constexpr DurationMs kPublishedGoodMs = kHourMs;
/// More than so many times what it documents no exchange is believed to allow: sums stay in their range.
inline constexpr std::int64_t kPublishedRiseMax = 500'000;

/// What a request costs.
struct Cost {
  std::uint32_t weight = 1;   ///< against rules of kWeight
  std::string_view endpoint;  ///< which of the rules for one endpoint count it; "": none of them
};

/// What a response says about the limits. Times are wall ms of the exchange's clock.
struct Feedback {
  /// Used in the present window as the server counts, one per rule with a usage_header, in the rules'
  /// order; -1: unsaid. Left empty together with server_time it says that no answer came.
  std::vector<std::int64_t> used;
  TimeMs server_time = 0;  ///< from the Date header; 0: unsaid
};

/// A request that has left.
struct Departure {
  Cost cost;
  std::int64_t sent_ns = 0;
  std::uint64_t turn = 0;  ///< the Budget's, when it left
};

class Budget {
 public:
  /// `file` is null where nothing is shared; else it and `clock` outlive the Budget.
  Budget(const Clock& clock, LimitRules rules, int share_percent, BudgetFile* file);

  /// Whether a request may leave.
  struct Verdict {
    std::optional<Departure> left;  ///< it has
    std::int64_t ask_at_ns = 0;     ///< else: when to ask again, if no answer comes before
    /// Another process was told to wait (wall ms), or has stored a ban since the last call: it did not leave.
    TimeMs paused_until_ms = 0;
    bool banned = false;
  };
  /// A cost that fits no more, by what another process heard of the limits, is to be asked for at once: see
  /// too_small_for(). Errors: what the file says; kLocked.
  [[nodiscard]] Result<Verdict> ask(const Cost& cost);
  /// The index of a rule of which one window can never hold this cost.
  [[nodiscard]] std::optional<std::size_t> too_small_for(const Cost& cost) const;

  // What follows is kept until the file can be written, where it cannot be now.
  void answered(const Departure& departure, Feedback feedback);
  void released(const Departure& departure);
  void set_clock_offset(DurationMs offset, DurationMs uncertainty);
  /// Tells the others of a 429 or of a stored ban.
  void tell_pause(TimeMs until_ms);
  void tell_ban();

  /// What the exchange publishes of a rule; it holds for all, and for who comes later.
  void set_capacity(const std::string& rule_name, std::int64_t capacity);
  [[nodiscard]] const LimitRules& rules() const noexcept { return rules_; }
  [[nodiscard]] std::int64_t allowed(std::size_t rule) const noexcept {
    return buckets_[rule]->allowed();
  }
  /// As of the last call, and aged since.
  [[nodiscard]] std::int64_t used(std::size_t rule) const {
    return buckets_[rule]->used(clock_.steady_ns() + state_.clock_ns);
  }

 private:
  struct Return {
    Departure departure;
    Feedback feedback;
    bool sent = true;  ///< false: it never left
  };
  struct NewClock {
    DurationMs offset_ms = 0;
    DurationMs uncertainty_ms = 0;
  };

  /// The same instant all through one call: what leaves "now" must not be later than it.
  [[nodiscard]] std::int64_t steady_now() const noexcept { return now_ns_; }
  [[nodiscard]] std::int64_t exchange_now() const noexcept { return now_ns_ + state_.clock_ns; }
  [[nodiscard]] bool counts(std::size_t rule, const Cost& cost) const noexcept {
    return rules_[rule].endpoint.empty() || rules_[rule].endpoint == cost.endpoint;
  }
  [[nodiscard]] std::int64_t cost_of(std::size_t rule, const Cost& cost) const noexcept {
    return rules_[rule].unit == Unit::kWeight ? cost.weight : 1;
  }

  /// Locks the file and makes this object say what it says; false: it is locked just now.
  [[nodiscard]] Result<bool> enter();
  /// Stores what was changed since, and unlocks.
  [[nodiscard]] Result<void> leave();
  /// Does what the calls above left to do, as far as the file can be had.
  void flush();
  [[nodiscard]] Result<void> load();
  [[nodiscard]] bool take_over(const std::vector<std::int64_t>& words);
  void join();
  void start_anew(bool all_used);
  void take_return(Return came_back);
  void settle();
  void settle(const Return& came_back);
  void set_clock(const NewClock& clock);
  void set_pause(TimeMs until_ms);
  /// Makes rules and buckets have the capacities that were published, else documented.
  void apply(const std::vector<PublishedLimit>& published);
  void forget_old_limits();
  /// Wall time from which on nothing of the state matters, if nobody uses the budget until then.
  [[nodiscard]] TimeMs matters_until() const;

  BudgetMember& self();
  void decide(const Cost& cost, Verdict& verdict);
  /// kOnlyAnAnswer: no passing of time helps.
  [[nodiscard]] std::int64_t leaves_at(const Cost& cost) const;
  [[nodiscard]] Departure depart(const Cost& cost);
  void wait_until(const Cost& cost, std::int64_t until_ns);
  [[nodiscard]] bool is_ahead(const Cost& cost);
  [[nodiscard]] bool others_in_flight(const Cost& cost) const;
  [[nodiscard]] bool drop_gone();
  void write_off(const BudgetMember& member);

  const Clock& clock_;
  LimitRules rules_;                      ///< with the capacities that hold now
  std::vector<std::int64_t> documented_;  ///< capacities, one a rule
  int share_percent_;
  BudgetFile* file_;
  std::vector<std::unique_ptr<Bucket>> buckets_;  ///< one a rule, in their order
  BudgetState state_;                             ///< without `buckets`
  std::int64_t now_ns_;
  bool joined_ = false;
  bool changed_ = false;    ///< since the file was last written
  std::uint64_t turn_ = 0;  ///< rises when what we have in flight was written off
  std::int64_t bans_seen_ = 0;
  std::int64_t busy_since_ns_ = -1;  ///< since when the file could not be locked

  std::size_t in_flight_ = 0;    ///< of this process
  std::vector<Return> returns_;  ///< what waits for the file, as do the next four
  std::optional<NewClock> new_clock_;
  TimeMs new_pause_ms_ = 0;
  std::int64_t new_bans_ = 0;
  std::vector<std::pair<std::size_t, PublishedLimit>> new_limits_;  ///< by rule
};

}  // namespace bf::limits
