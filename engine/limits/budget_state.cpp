#include "engine/limits/budget_state.h"

#include <algorithm>

#include "engine/limits/bucket.h"

namespace bf::limits {
namespace {

/// Takes numbers from the front of those that are left; what is out of bounds spoils the whole.
class Reader {
 public:
  explicit Reader(std::span<const std::int64_t> words) : words_(words) {}

  std::int64_t take(std::int64_t least, std::int64_t most) {
    if (words_.empty()) good_ = false;
    if (!good_) return 0;
    const std::int64_t word = words_.front();
    words_ = words_.subspan(1);
    if (word < least || word > most) good_ = false;
    return good_ ? word : 0;
  }
  std::span<const std::int64_t> take_all(std::int64_t count) {
    if (count > static_cast<std::int64_t>(words_.size())) good_ = false;
    if (!good_) return {};
    const auto taken = words_.first(static_cast<std::size_t>(count));
    words_ = words_.subspan(taken.size());
    return taken;
  }
  [[nodiscard]] bool good() const noexcept { return good_; }
  [[nodiscard]] bool at_end() const noexcept { return words_.empty(); }

 private:
  std::span<const std::int64_t> words_;
  bool good_ = true;
};

void read_members(Reader& reader, std::size_t rules, std::vector<BudgetMember>& members) {
  const std::int64_t count = reader.take(0, kBudgetSlots);
  std::int64_t slot_min = 0;
  for (std::int64_t i = 0; i < count && reader.good(); ++i) {
    BudgetMember& member = members.emplace_back();
    member.slot = reader.take(slot_min, kBudgetSlots - 1);
    slot_min = member.slot + 1;
    member.seen_ns = reader.take(0, kInstantMax);
    member.parts.resize(rules);
    for (BudgetMember::Part& part : member.parts) {
      part.in_flight = reader.take(0, kCountMax);
      part.taken = reader.take(0, kCountMax);
      part.waits_until_ns = reader.take(0, kInstantMax);
    }
  }
}

}  // namespace

std::vector<std::int64_t> encode(const BudgetState& state) {
  std::vector<std::int64_t> words = {state.clock_ns,
                                     state.offset_ms,
                                     state.uncertainty_ms,
                                     state.paused_until_ns,
                                     state.paused_until_ms,
                                     state.bans,
                                     static_cast<std::int64_t>(state.members.size())};
  for (const BudgetMember& member : state.members) {
    words.insert(words.end(), {member.slot, member.seen_ns});
    for (const BudgetMember::Part& part : member.parts) {
      words.insert(words.end(), {part.in_flight, part.taken, part.waits_until_ns});
    }
  }
  for (const PublishedLimit& limit : state.published) {
    words.insert(words.end(), {limit.capacity, limit.at_ms});
  }
  for (const std::vector<std::int64_t>& bucket : state.buckets) {
    words.push_back(static_cast<std::int64_t>(bucket.size()));
    words.insert(words.end(), bucket.begin(), bucket.end());
  }
  return words;
}

std::optional<BudgetState> decode(std::span<const std::int64_t> words, std::size_t rules) {
  Reader reader(words);
  BudgetState state;
  state.clock_ns = reader.take(-kInstantMax, kInstantMax);
  state.offset_ms = reader.take(-kTimeMax, kTimeMax);
  state.uncertainty_ms = reader.take(0, kMinuteMs);
  state.paused_until_ns = reader.take(0, kInstantMax);
  state.paused_until_ms = reader.take(0, kTimeMax);
  state.bans = reader.take(0, kCountMax);
  read_members(reader, rules, state.members);
  state.published.resize(rules);
  for (PublishedLimit& limit : state.published) {
    limit.capacity = reader.take(0, kCountMax);
    limit.at_ms = reader.take(0, kTimeMax);
  }
  for (std::size_t i = 0; i < rules && reader.good(); ++i) {
    const std::int64_t count = reader.take(0, static_cast<std::int64_t>(words.size()));
    const std::span<const std::int64_t> bucket = reader.take_all(count);
    state.buckets.emplace_back(bucket.begin(), bucket.end());
  }
  if (!reader.good() || !reader.at_end()) return std::nullopt;
  return state;
}

}  // namespace bf::limits
