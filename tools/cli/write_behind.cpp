#include "tools/cli/write_behind.h"

#include <system_error>
#include <utility>

namespace bf::cli {

WriteBehind::~WriteBehind() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<void> WriteBehind::push(TextBuffer& buffer) {
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread(&WriteBehind::run, this);
    } catch (const std::system_error&) {
      // A limit of threads is no reason not to write.
      const Result<void> written = target_.write(buffer.text());
      buffer.clear();
      return written;
    }
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !has_full_; });
  const Result<void> before = outcome();
  if (!before) return before;
  std::swap(full_, buffer);
  buffer.clear();
  has_full_ = true;
  lock.unlock();
  changed_.notify_all();
  return {};
}

Result<void> WriteBehind::finish() {
  if (!thread_.joinable()) return {};
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
  return outcome();
}

Result<void> WriteBehind::outcome() {
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  return written_;
}

void WriteBehind::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return has_full_ || ends_; });
    if (!has_full_) return;
    lock.unlock();
    write_full();
    lock.lock();
    has_full_ = false;
    changed_.notify_all();
  }
}

void WriteBehind::write_full() noexcept {
  try {
    written_ = target_.write(full_.text());
  } catch (...) {
    thrown_ = std::current_exception();
  }
}

}  // namespace bf::cli
