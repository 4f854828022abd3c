#include "engine/async/worker.h"

#include <new>

namespace bf::async {

ThreadWorker::ThreadWorker(RealLoop& loop, int threads) : loop_(loop) {
  BF_ASSERT(threads > 0);
  try {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work_until_stopped(); });
  } catch (...) {
    stop();  // those that were started use what goes now
    throw;
  }
}

ThreadWorker::~ThreadWorker() { stop(); }

void ThreadWorker::stop() {
  {
    const std::lock_guard lock(mutex_);
    BF_ASSERT(jobs_.empty());
    stop_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool ThreadWorker::submit(const std::function<void()>& job, std::coroutine_handle<> waiting,
                          std::exception_ptr& failed) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(Job{&job, waiting, &failed});
  }
  changed_.notify_one();
  return true;
}

void ThreadWorker::work_until_stopped() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stop_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    const Job job = jobs_.front();
    jobs_.pop_front();
    lock.unlock();
    try {
      (*job.work)();
    } catch (const std::bad_alloc&) {
      *job.failed = std::current_exception();
    }
    loop_.post_from_thread(job.waiting);
    lock.lock();
  }
}

}  // namespace bf::async
