#include "engine/net/dial.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "engine/async/task_group.h"
#include "engine/net/resolve.h"
#include "engine/net/tcp_stream.h"

namespace bf::net {
namespace {

using async::Wake;
using StreamPtr = std::unique_ptr<Stream>;

constexpr std::int64_t kNextAddressNs = 300'000'000;

/// Attempts at several addresses of one host; the first that connects wins.
class Race {
 public:
  Race(async::RealLoop& loop, CancelToken cancel, std::int64_t deadline_ns)
      : loop_(loop),
        cancel_(cancel),
        deadline_ns_(deadline_ns),
        changed_(loop),
        group_(loop, cancel) {}

  Task<Result<StreamPtr>> run(std::vector<sockaddr_storage> addresses) {
    for (const sockaddr_storage& address : addresses) {
      ++running_;
      group_.spawn(attempt(address));
      const std::int64_t next = std::min(deadline_ns_, loop_.now_ns() + kNextAddressNs);
      co_await until_decided(next);
      if (winner_ || cancel_.cancelled() || loop_.now_ns() >= deadline_ns_) break;
    }
    while (running_ > 0 && !winner_ && !cancel_.cancelled() && loop_.now_ns() < deadline_ns_) {
      co_await until_decided(deadline_ns_);
    }
    group_.cancel();
    const Result<void> joined = co_await group_.join();
    if (winner_) co_return std::move(*winner_);
    if (!joined) co_return fail(joined.error());
    if (cancel_.cancelled()) co_return fail(CancelToken::error());
    co_return fail(all_timed_out_ ? Code::kTimeout : Code::kNetwork, failures_);
  }

 private:
  /// Waits for the end of an attempt, or until `deadline_ns`.
  Task<void> until_decided(std::int64_t deadline_ns) {
    if (winner_ || running_ == 0) co_return;
    const Wake wake = co_await changed_.wait(cancel_, deadline_ns);
    (void)wake;  // what to do next depends on the state alone
  }

  Task<Result<void>> attempt(sockaddr_storage address) {
    Result<StreamPtr> stream =
        co_await TcpStream::connect(loop_, address, group_.token(), deadline_ns_);
    --running_;
    if (stream && !winner_) {
      winner_ = std::move(*stream);
    } else if (stream) {
      co_await (*stream)->close();  // came second in the same turn of the loop
    } else {
      note(address, stream.error());
    }
    changed_.wake_all();
    co_return Result<void>();
  }

  void note(const sockaddr_storage& address, const Error& error) {
    if (!failures_.empty()) failures_.append("; ");
    failures_.append(error.at(format_address(address)).message());
    all_timed_out_ = all_timed_out_ && error.code() == Code::kTimeout;
  }

  async::RealLoop& loop_;
  CancelToken cancel_;
  std::int64_t deadline_ns_;
  async::WaitQueue changed_;
  async::TaskGroup group_;
  std::optional<StreamPtr> winner_;
  std::size_t running_ = 0;
  std::string failures_;
  bool all_timed_out_ = true;
};

}  // namespace

Task<Result<std::unique_ptr<Stream>>> dial(async::RealLoop& loop,
                                           std::vector<sockaddr_storage> addresses,
                                           CancelToken cancel, std::int64_t deadline_ns) {
  BF_ASSERT(!addresses.empty());
  Race race(loop, cancel, deadline_ns);
  co_return co_await race.run(std::move(addresses));
}

}  // namespace bf::net
