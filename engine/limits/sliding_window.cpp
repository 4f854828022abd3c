#include "engine/limits/sliding_window.h"

namespace bf::limits {
namespace {

/// Batches are as long as this part of the window: that bounds memory, and costs as much capacity.
constexpr std::int64_t kBatchesMax = 1'024;

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
  if (batches_.empty() || now - batches_.back().first >= window_ / kBatchesMax) {
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

void SlidingWindow::move_clock(std::int64_t ns) {
  for (Batch& batch : batches_) {
    batch.first += ns;
    batch.last += ns;
  }
}

}  // namespace bf::limits
