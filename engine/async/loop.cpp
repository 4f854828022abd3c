#include "engine/async/loop.h"

#include <utility>

namespace bf::async {

Wait::Wait(Loop& loop, WaitQueue* queue, CancelToken cancel, std::int64_t deadline_ns) noexcept
    : loop_(loop), queue_(queue), cancel_(cancel), deadline_ns_(deadline_ns) {}

Wait::~Wait() { leave(); }

bool Wait::await_ready() noexcept {
  if (cancel_.cancelled()) {
    wake_ = Wake::kCancelled;
    return true;
  }
  if (deadline_ns_ != kNoDeadline && deadline_ns_ <= loop_.now_ns()) {
    wake_ = Wake::kTimeout;
    return true;
  }
  return false;
}

void Wait::await_suspend(std::coroutine_handle<> waiting) {
  waiting_ = waiting;
  // The timer first: it may have to allocate, and nothing is linked yet if that fails.
  if (deadline_ns_ != kNoDeadline) loop_.add_timer(*this);
  cancel_.listen(*this);
  if (queue_ == nullptr) return;
  queued_ = true;
  previous_in_queue_ = queue_->last_;
  (queue_->last_ != nullptr ? queue_->last_->next_in_queue_ : queue_->first_) = this;
  queue_->last_ = this;
}

void Wait::leave() noexcept {
  unlink();
  if (heap_index_ != kNotInHeap) loop_.remove_timer(*this);
  if (!queued_) return;
  queued_ = false;
  (previous_in_queue_ != nullptr ? previous_in_queue_->next_in_queue_ : queue_->first_) =
      next_in_queue_;
  (next_in_queue_ != nullptr ? next_in_queue_->previous_in_queue_ : queue_->last_) =
      previous_in_queue_;
}

void Wait::end(Wake wake) noexcept {
  leave();
  wake_ = wake;
  loop_.post(waiting_);
}

bool WaitQueue::wake_one() noexcept {
  if (first_ == nullptr) return false;
  first_->end(Wake::kReady);
  return true;
}

void WaitQueue::wake_all() noexcept {
  while (wake_one()) {
  }
}

void Loop::run_until(const Root& root) {
  post(root.handle());
  while (true) {
    run_ready();
    if (root.handle().done()) break;
    const std::int64_t deadline = timers_.empty() ? kNoDeadline : timers_.front()->deadline_ns_;
    wait_for_events(ready_.empty() ? deadline : 0);
    fire_timers();
  }
  BF_ASSERT(ready_.empty());  // whatever is still ready belongs to a task that nobody joined
}

void Loop::run_ready() {
  // One batch: what becomes ready meanwhile waits until events have been looked at.
  std::swap(ready_, running_);
  for (const std::coroutine_handle<> handle : running_) handle.resume();
  running_.clear();
}

void Loop::fire_timers() {
  if (timers_.empty()) return;
  const std::int64_t now = now_ns();
  while (!timers_.empty() && timers_.front()->deadline_ns_ <= now) {
    timers_.front()->end(Wake::kTimeout);
  }
}

bool Loop::earlier(const Wait& a, const Wait& b) noexcept {
  if (a.deadline_ns_ != b.deadline_ns_) return a.deadline_ns_ < b.deadline_ns_;
  return a.timer_order_ < b.timer_order_;
}

void Loop::add_timer(Wait& wait) {
  timers_.push_back(&wait);
  wait.heap_index_ = timers_.size() - 1;
  wait.timer_order_ = timer_order_++;
  sift_up(wait.heap_index_);
}

void Loop::remove_timer(Wait& wait) noexcept {
  const std::size_t index = std::exchange(wait.heap_index_, Wait::kNotInHeap);
  Wait* const last = timers_.back();
  timers_.pop_back();
  if (last == &wait) return;
  timers_[index] = last;
  last->heap_index_ = index;
  sift_up(index);
  sift_down(last->heap_index_);
}

void Loop::sift_up(std::size_t index) noexcept {
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (!earlier(*timers_[index], *timers_[parent])) return;
    std::swap(timers_[index], timers_[parent]);
    timers_[index]->heap_index_ = index;
    timers_[parent]->heap_index_ = parent;
    index = parent;
  }
}

void Loop::sift_down(std::size_t index) noexcept {
  while (true) {
    const std::size_t left = 2 * index + 1;
    if (left >= timers_.size()) return;
    const std::size_t right = left + 1;
    const std::size_t child =
        right < timers_.size() && earlier(*timers_[right], *timers_[left]) ? right : left;
    if (!earlier(*timers_[child], *timers_[index])) return;
    std::swap(timers_[index], timers_[child]);
    timers_[index]->heap_index_ = index;
    timers_[child]->heap_index_ = child;
    index = child;
  }
}

}  // namespace bf::async
