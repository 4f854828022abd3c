// bench/async_bench.cpp
//
// What the coroutine runtime costs: creating and awaiting a task, a value's way through a channel from one
// task to another, and ten thousand timers that wait for something else meanwhile.
//
//   async_bench [Google Benchmark's flags]
//   --benchmark_enable_random_interleaving=true lets the cases take turns
//
// A ping is a GET of one kilobyte from a server in the same process, over loopback.
#include <memory>
#include <string>

#include "bench/support/bench_store.h"
#include "engine/async/channel.h"
#include "engine/async/real_loop.h"
#include "engine/async/task_group.h"
#include "engine/async/virtual_loop.h"
#include "engine/net/http_client.h"
#include "engine/net/http_server.h"
#include "engine/net/real_transport.h"

namespace bf::bench {
namespace {

using async::CancelToken;
using async::Task;

constexpr std::size_t kChannelRoom = 64;
constexpr int kTimers = 10'000;
constexpr std::int64_t kHourNs = 3'600'000'000'000;
constexpr std::size_t kPingBytes = 1'000;

// Not inlined, or the frame might be left out: what is measured is a call across files.
[[gnu::noinline]] Task<Result<std::int64_t>> add_one(std::int64_t value) { co_return value + 1; }

Task<Result<void>> await_tasks(benchmark::State& state) {
  std::int64_t value = 0;
  for (auto _ : state) {
    const Result<std::int64_t> next = co_await add_one(value);
    value = *next;
  }
  if (value != state.iterations()) stop("a task was lost");
  co_return Result<void>();
}

void task(benchmark::State& state) {
  async::VirtualLoop loop;
  expect(loop.run(await_tasks(state)));
}

using Numbers = async::Channel<std::int64_t>;

Task<Result<void>> push_numbers(Numbers& numbers, CancelToken cancel) {
  for (std::int64_t number = 0;; ++number) {
    const Result<void> pushed = co_await numbers.push(number, cancel);
    if (!pushed) co_return Result<void>();
  }
}

Task<Result<void>> pop_numbers(async::Loop& loop, benchmark::State& state, std::size_t room) {
  Numbers numbers(loop, room);
  async::TaskGroup pushing(loop, CancelToken());
  pushing.spawn(push_numbers(numbers, pushing.token()));
  std::int64_t expected = 0;
  for (auto _ : state) {
    const Result<std::optional<std::int64_t>> number = co_await numbers.pop(CancelToken());
    if (**number != expected++) stop("a number came out of turn");
  }
  pushing.cancel();
  co_return co_await pushing.join();
}

template <class Loop>
void channel_hop(benchmark::State& state, std::size_t room) {
  Loop loop;
  expect(loop.run(pop_numbers(loop, state, room)));
}

class Answer final : public net::HttpHandler {
 public:
  Task<net::ServerResponse> handle(net::ServerRequest /*request*/,
                                   CancelToken /*cancel*/) override {
    net::ServerResponse response;
    response.shared_body = body_;
    co_return response;
  }

 private:
  std::shared_ptr<const std::string> body_ = std::make_shared<const std::string>(kPingBytes, 'x');
};

Task<Result<void>> wait_long(async::Loop& loop, std::int64_t ns, CancelToken cancel) {
  const async::Wake wake = co_await loop.sleep(ns, cancel);
  if (wake == async::Wake::kTimeout) stop("an idle timer has fired");
  co_return Result<void>();
}

Task<Result<void>> ping_server(async::Loop& loop, net::Listener& listener,
                               net::Transport& transport, benchmark::State& state, int timers) {
  Answer answer;
  net::HttpClient client(transport);
  async::TaskGroup beside(loop, CancelToken());
  beside.spawn(net::serve(loop, listener, answer, beside.token()));
  for (int i = 0; i < timers; ++i) beside.spawn(wait_long(loop, kHourNs + i, beside.token()));
  for (auto _ : state) {
    net::HttpRequest request;
    request.endpoint.host = "127.0.0.1";
    request.endpoint.port = listener.port();
    request.target = "/ping";
    const Result<net::HttpResponse> response =
        co_await client.get(std::move(request), CancelToken());
    if (!response || response->body.size() != kPingBytes) stop("a ping failed");
  }
  co_await client.close();
  beside.cancel();
  const Result<void> served = co_await beside.join();
  co_await listener.close();
  co_return served;
}

void ping(benchmark::State& state, int timers) {
  async::RealLoop loop;
  const auto listener = value_of(net::listen(loop, net::ListenOptions()));
  const auto transport = value_of(net::make_real_transport(loop, net::TlsClientOptions()));
  expect(loop.run(ping_server(loop, *listener, *transport, state, timers)));
}

template <class Run>
void in_nanoseconds(const std::string& name, const Run& run) {
  bench(name, run)->Unit(benchmark::kNanosecond);
}

}  // namespace
}  // namespace bf::bench

int main(int argc, char** argv) {
  using namespace bf::bench;
  using bf::async::RealLoop;
  using bf::async::VirtualLoop;
  in_nanoseconds("async/task", [](benchmark::State& state) { task(state); });
  in_nanoseconds("async/channel_hop",
                 [](benchmark::State& state) { channel_hop<RealLoop>(state, kChannelRoom); });
  in_nanoseconds("async/channel_hop_room_for_1",
                 [](benchmark::State& state) { channel_hop<RealLoop>(state, 1); });
  in_nanoseconds("async/channel_hop_room_for_1_no_sockets",
                 [](benchmark::State& state) { channel_hop<VirtualLoop>(state, 1); });
  in_nanoseconds("async/ping", [](benchmark::State& state) { ping(state, 0); });
  in_nanoseconds("async/ping_beside_10000_timers",
                 [](benchmark::State& state) { ping(state, kTimers); });
  return run_benches(argc, argv);
}
