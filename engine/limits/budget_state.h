// engine/limits/budget_state.h
//
// What the processes that use one budget tell each other, as plain data and as the numbers that a
// BudgetFile keeps.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "store/base/time.h"

namespace bf::limits {

/// So many limiters use one budget at once.
inline constexpr std::int64_t kBudgetSlots = 32;
/// So many rules has a budget at most.
inline constexpr std::size_t kBudgetRulesMax = 8;

/// One limiter of one process. Instants are ns of the machine's clock that never steps.
struct BudgetMember {
  struct Part {
    std::int64_t in_flight = 0;  ///< cost that left and is not answered
    std::int64_t taken =
        0;  ///< cost that left, ever; only differences between members mean anything
    std::int64_t waits_until_ns = 0;  ///< until then it asks again for what it did not get
  };
  std::int64_t slot = 0;
  std::int64_t seen_ns = 0;  ///< when it last sent or heard something
  std::vector<Part> parts;   ///< one a rule
};

/// What the exchange published of a rule, in place of what it documents.
struct PublishedLimit {
  std::int64_t capacity = 0;  ///< 0: nothing
  TimeMs at_ms = 0;           ///< wall time
};

struct BudgetState {
  std::int64_t clock_ns =
      0;  ///< the exchange's clock, ns since 1970, minus the machine's steady one
  DurationMs offset_ms = 0;  ///< the exchange's clock minus the wall clock, as it was last told
  DurationMs uncertainty_ms = 0;     ///< of both
  std::int64_t paused_until_ns = 0;  ///< a 429 stops all processes until then; steady
  TimeMs paused_until_ms = 0;  ///< the same as wall time, for who comes when all of them have ended
  std::int64_t bans = 0;       ///< how often a ban was stored: who sees it rise reads the ban file
  std::vector<BudgetMember> members;
  std::vector<PublishedLimit> published;           ///< one a rule
  std::vector<std::vector<std::int64_t>> buckets;  ///< what each rule's Bucket::save() gave
};

[[nodiscard]] std::vector<std::int64_t> encode(const BudgetState& state);

/// nullopt where the numbers are not those of a state with so many rules: whatever they are, nothing is
/// taken over of which a sum or a difference could overflow.
[[nodiscard]] std::optional<BudgetState> decode(std::span<const std::int64_t> words,
                                                std::size_t rules);

}  // namespace bf::limits
