#include "store/merge.h"

#include <algorithm>
#include <functional>

#include "store/row_order.h"

namespace bf::store {

Merge::Merge(std::vector<std::unique_ptr<Cursor>> cursors, TimeMs to, std::string own_exchange)
    : cursors_(std::move(cursors)), to_(to), own_exchange_(std::move(own_exchange)) {
  for (std::size_t i = 0; i < cursors_.size(); ++i) push(i);
}

void Merge::push(std::size_t index) {
  if (cursors_[index]->done()) {
    cursors_[index].reset();  // and with it the block that it held
    return;
  }
  heap_.emplace_back(cursors_[index]->time(), index);
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
}

std::size_t Merge::pop() {
  std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
  const std::size_t index = heap_.back().second;
  heap_.pop_back();
  return index;
}

void Merge::step_over() {
  for (const auto& [index, rows] : used_) {
    cursors_[index]->advance(rows);
    push(index);
  }
  used_.clear();
}

Result<bool> Merge::stands_against(Cursor& a, Cursor& b) const {
  const Result<RowOrigin> found_a = a.origin(a.position());
  if (!found_a) return fail(found_a.error());
  const Result<RowOrigin> found_b = b.origin(b.position());
  if (!found_b) return fail(found_b.error());
  const Answer origin_a = found_a->exact();
  const Answer origin_b = found_b->exact();
  if (const auto rank = compare_rank(origin_a, origin_b, own_exchange_); rank != 0) return rank > 0;
  const Result<std::string> values_a = a.values();
  if (!values_a) return fail(values_a.error());
  const Result<std::string> values_b = b.values();
  if (!values_b) return fail(values_b.error());
  if (const auto order = *values_a <=> *values_b; order != 0) return order > 0;
  return compare_rest(origin_a, origin_b) > 0;
}

Result<bool> Merge::resolve(Slice& slice, std::vector<std::size_t>& tied) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < tied.size(); ++i) {
    Cursor& cursor = *cursors_[tied[i]];
    if (const Result<void> loaded = cursor.load(); !loaded) return fail(loaded.error());
    if (i == 0) continue;
    const Result<bool> stands = stands_against(cursor, *cursors_[tied[best]]);
    if (!stands) return stands;
    if (*stands) best = i;
  }
  for (std::size_t i = 0; i < tied.size(); ++i) {
    if (i != best) slice.losers.push_back(cursors_[tied[i]].get());
    used_.emplace_back(tied[i], 1);
  }
  slice.cursor = cursors_[tied[best]].get();
  slice.begin = slice.cursor->position();
  slice.end = slice.begin + 1;
  return true;
}

void Merge::lend(CandleBatch& memory) {
  step_over();
  if (!heap_.empty()) cursors_[heap_.front().second]->lend(memory);
}

Result<bool> Merge::next(Slice& slice) {
  slice = Slice{};
  step_over();
  if (heap_.empty() || heap_.front().first >= to_) return false;
  const TimeMs time = heap_.front().first;
  const std::size_t first = pop();
  if (!heap_.empty() && heap_.front().first == time) {
    std::vector<std::size_t> tied = {first};
    while (!heap_.empty() && heap_.front().first == time) tied.push_back(pop());
    return resolve(slice, tied);
  }
  Cursor& cursor = *cursors_[first];
  if (const Result<void> loaded = cursor.load(); !loaded) return fail(loaded.error());
  // Rows before every other source's next one need no comparing.
  const TimeMs until = heap_.empty() ? to_ : std::min(to_, heap_.front().first);
  const std::vector<TimeMs>& times = cursor.rows().open_time();
  const auto from = times.begin() + static_cast<std::ptrdiff_t>(cursor.position());
  const auto end = times.back() < until ? times.end() : std::lower_bound(from, times.end(), until);
  slice.cursor = &cursor;
  slice.begin = cursor.position();
  slice.end = static_cast<std::size_t>(end - times.begin());
  used_.emplace_back(first, slice.end - slice.begin);
  return true;
}

}  // namespace bf::store
