#include "store/conflicts.h"

#include <algorithm>
#include <map>

#include "store/row_order.h"

namespace bf::store {
namespace {

/// The losing values of one slot, each with the highest origin that had them.
using Losers = std::map<std::string, RowOrigin>;

void add_loser(Losers& losers, std::string values, const RowOrigin& origin,
               std::string_view own_exchange) {
  const auto [at, added] = losers.try_emplace(std::move(values), origin);
  if (added) return;
  const Answer one = origin.exact();
  const Answer other = at->second.exact();
  auto order = compare_rank(one, other, own_exchange);
  if (order == 0) order = compare_rest(one, other);
  if (order > 0) at->second = origin;
}

}  // namespace

Conflicts::Conflicts(std::vector<Loss> revisions, std::string own_exchange)
    : revisions_(std::move(revisions)), own_exchange_(std::move(own_exchange)) {
  std::sort(revisions_.begin(), revisions_.end(),
            [](const Loss& a, const Loss& b) { return a.open_time < b.open_time; });
}

Result<std::vector<Loss>> Conflicts::of(const Slice& slice) {
  std::vector<Loss> found;
  const std::vector<TimeMs>& times = slice.cursor->rows().open_time();
  if (!slice.losers.empty()) {
    const Result<void> judged = judge(slice, slice.begin, found);
    if (!judged) return fail(judged.error());
    return found;
  }
  auto at = times.begin() + static_cast<std::ptrdiff_t>(slice.begin);
  const auto end = times.begin() + static_cast<std::ptrdiff_t>(slice.end);
  while (next_ < revisions_.size()) {
    at = std::lower_bound(at, end, revisions_[next_].open_time);
    if (at == end || *at != revisions_[next_].open_time) break;
    const Result<void> judged = judge(slice, static_cast<std::size_t>(at - times.begin()), found);
    if (!judged) return fail(judged.error());
  }
  return found;
}

Result<void> Conflicts::judge(const Slice& slice, std::size_t row, std::vector<Loss>& out) {
  const CandleBatch& rows = slice.cursor->rows();
  const TimeMs time = rows.open_time()[row];
  Losers losers;
  for (Cursor* const loser : slice.losers) {
    if (same_row(rows, row, loser->rows(), loser->position())) continue;
    const Result<RowOrigin> origin = loser->origin(loser->position());
    if (!origin) return fail(origin.error());
    add_loser(losers, row_values(loser->rows(), loser->position()), *origin, own_exchange_);
  }
  for (; next_ < revisions_.size() && revisions_[next_].open_time == time; ++next_) {
    Loss& revision = revisions_[next_];
    add_loser(losers, std::move(revision.loser_values), revision.loser, own_exchange_);
  }
  if (losers.empty()) return {};
  const std::string values = row_values(rows, row);
  losers.erase(values);  // a revision's may be those that stand by now
  if (losers.empty()) return {};
  const Result<RowOrigin> winner = slice.cursor->origin(row);
  if (!winner) return fail(winner.error());
  for (auto& [lost, origin] : losers) {
    out.push_back(Loss{time, *winner, origin, values, lost});
  }
  return {};
}

}  // namespace bf::store
