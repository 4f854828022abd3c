#include "engine/limits/sliding_window.h"

#include <utility>

namespace bf::limits {
namespace {

/// Batches are as long as this part of the window: that bounds memory, and costs as much capacity.
constexpr std::int64_t kBatchesMax = 256;
/// With those that begin and end the window.
constexpr std::size_t kBatchesHeldMax = kBatchesMax + 4;
constexpr std::size_t kWordsPerBatch = 3;

}  // namespace

std::int64_t SlidingWindow::end_of(const Batch& batch) const noexcept {
  return batch.last + window_ + kNsPerMs;  // whether the far end belongs to the window is unsaid
}

void SlidingWindow::expire(std::int64_t now) {
  while (!batches_.empty() && end_of(batches_.front()) <= now) {
    answered_ -= batches_.front().cost;
    batches_.pop_front();
  }
}

void SlidingWindow::add(std::int64_t now, std::int64_t cost) {
  answered_ += cost;
  const bool apart = batches_.empty() || now - batches_.back().first >= window_ / kBatchesMax;
  if (apart && batches_.size() < kBatchesHeldMax) {
    batches_.push_back(Batch{now, now, cost});
    return;
  }
  batches_.back().last = std::max(batches_.back().last, now);
  batches_.back().cost += cost;
}

std::int64_t SlidingWindow::leaves_at(std::int64_t now, std::int64_t cost) {
  expire(now);
  std::int64_t excess = answered_ + in_flight_ + cost - allowed_;
  if (excess <= 0) return now;
  for (const Batch& batch : batches_) {
    excess -= batch.cost;
    if (excess <= 0) return end_of(batch);
  }
  return kOnlyAnAnswer;
}

std::int64_t SlidingWindow::used(std::int64_t now) {
  expire(now);
  return answered_ + in_flight_;
}

void SlidingWindow::answered(std::int64_t now, const Answer& answer) {
  expire(now);
  in_flight_ -= answer.cost;
  add(now, answer.cost);
  // What the server counts beyond our own requests is somebody else's behind the same address.
  const std::int64_t excess = answer.reported - answered_ - in_flight_;
  if (excess > 0) add(now, excess);
}

void SlidingWindow::save(std::vector<std::int64_t>& out) const {
  for (const Batch& batch : batches_) out.insert(out.end(), {batch.first, batch.last, batch.cost});
}

bool SlidingWindow::load(std::span<const std::int64_t> saved, std::int64_t now) {
  if (saved.size() % kWordsPerBatch != 0) return false;
  if (saved.size() / kWordsPerBatch > kBatchesHeldMax) return false;
  std::deque<Batch> batches;
  std::int64_t answered = 0;
  for (; !saved.empty(); saved = saved.subspan(kWordsPerBatch)) {
    const Batch batch{saved[0], saved[1], saved[2]};
    if (batch.first < 0 || batch.last < batch.first || batch.last > kInstantMax) return false;
    if (batch.cost < 0 || batch.cost > kCountMax) return false;
    // What seems to come from later was saved by another clock: it may be as young as this.
    batches.push_back(Batch{std::min(batch.first, now), std::min(batch.last, now), batch.cost});
    answered += batch.cost;
  }
  batches_ = std::move(batches);
  answered_ = answered;
  return true;
}

void SlidingWindow::move_clock(std::int64_t ns) {
  for (Batch& batch : batches_) {
    batch.first = std::max<std::int64_t>(0, batch.first + ns);
    batch.last = std::max<std::int64_t>(0, batch.last + ns);
  }
}

}  // namespace bf::limits
