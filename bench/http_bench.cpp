// bench/http_bench.cpp
//
// The HTTP client against the in-process server: both on one thread, so the figures are of the pair.
// Bodies are checked before anything is printed. CPU seconds are given beside wall seconds, for
// machines that have other work to do.
//
//   http_bench [SECONDS_OF_WORK]     scales the number of requests; 1 by default
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "bench/support/said_row.h"
#include "engine/async/real_loop.h"
#include "engine/async/task_group.h"
#include "engine/async/virtual_loop.h"
#include "engine/net/http_client.h"
#include "engine/net/http_server.h"
#include "engine/net/real_transport.h"
#include "engine/net/sim_transport.h"

namespace bf::net {
namespace {

constexpr double kMicro = 1e-6;
constexpr double kNano = 1e-9;
constexpr double kMega = 1e6;

class CachedHandler final : public HttpHandler {
 public:
  explicit CachedHandler(std::size_t bytes)
      : body_(std::make_shared<const std::string>(bytes, 'x')) {}
  Task<ServerResponse> handle(ServerRequest request, CancelToken cancel) override {
    (void)request;
    (void)cancel;
    ServerResponse response;
    response.shared_body = body_;
    co_return response;
  }

 private:
  std::shared_ptr<const std::string> body_;
};

struct Work {
  Endpoint endpoint;
  std::size_t bytes = 0;
  int left = 0;  ///< requests that nobody has begun
};

Task<Result<void>> get_many(HttpClient& client, Work& work, CancelToken cancel) {
  while (work.left > 0) {
    --work.left;
    HttpRequest request;
    request.endpoint = work.endpoint;
    request.target = "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1000";
    const Result<HttpResponse> response = co_await client.get(std::move(request), cancel);
    if (!response) co_return fail(response.error());
    if (response->body.size() != work.bytes)
      co_return fail(Code::kInternal, "a body of another size");
  }
  co_return Result<void>();
}

Task<Result<void>> get_all(async::Loop& loop, HttpClient& client, Work& work, int at_once) {
  async::TaskGroup group(loop, CancelToken());
  for (int i = 0; i < at_once; ++i) group.spawn(get_many(client, work, group.token()));
  const Result<void> joined = co_await group.join();
  co_await client.close();
  co_return joined;
}

Task<Result<void>> get_all_beside(async::Loop& loop, Listener& listener, HttpHandler& handler,
                                  HttpClient& client, Work& work, int at_once) {
  async::TaskGroup serving(loop, CancelToken());
  serving.spawn(serve(loop, listener, handler, serving.token()));
  const Result<void> done = co_await get_all(loop, client, work, at_once);
  serving.cancel();
  const Result<void> served = co_await serving.join();
  (void)served;
  co_await listener.close();
  co_return done;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * kMicro;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Stopwatch {
 public:
  void print(const char* what, const char* row, int requests, std::size_t bytes) const {
    const double cpu = cpu_seconds() - cpu_begin_;
    const double wall = static_cast<double>(clock_.steady_ns() - wall_begin_) * kNano;
    const double megabytes = static_cast<double>(requests) * static_cast<double>(bytes) / kMega;
    std::printf(
        "%-28s %8d requests  %6.2f s wall  %6.2f s CPU  %8.0f requests/CPU-s  %7.0f MB/CPU-s\n",
        what, requests, wall, cpu, requests / cpu, megabytes / cpu);
    bench::say_row(row, requests / cpu, "requests/CPU s");
  }

 private:
  SystemClock clock_;
  std::int64_t wall_begin_ = clock_.steady_ns();
  double cpu_begin_ = cpu_seconds();
};

void must(const Result<void>& done) {
  if (done) return;
  std::fprintf(stderr, "http_bench: %s\n", done.error().message().c_str());
  std::exit(1);
}

void sockets(const char* what, const char* row, std::size_t bytes, int requests, int at_once) {
  async::RealLoop loop;
  Result<std::unique_ptr<Listener>> listener = listen(loop, ListenOptions());
  Result<std::unique_ptr<Transport>> transport = make_real_transport(loop, TlsClientOptions());
  if (!listener) must(fail(listener.error()));
  if (!transport) must(fail(transport.error()));
  CachedHandler handler(bytes);
  HttpClient client(**transport);
  Work work;
  work.endpoint.host = "127.0.0.1";
  work.endpoint.port = (*listener)->port();
  work.bytes = bytes;
  work.left = requests;
  const Stopwatch watch;
  must(loop.run(get_all_beside(loop, **listener, handler, client, work, at_once)));
  watch.print(what, row, requests, bytes);
}

Task<Result<void>> get_all_simulated(async::Loop& loop, SimTransport& transport, HttpClient& client,
                                     Work& work, int at_once) {
  const Result<void> done = co_await get_all(loop, client, work, at_once);
  co_await transport.close();
  co_return done;
}

void simulated(const char* what, const char* row, std::size_t bytes, int requests, int at_once,
               std::int64_t latency_ns) {
  async::VirtualLoop loop;
  CachedHandler handler(bytes);
  SimTransport transport(loop);
  SimRoute route;
  route.handler = &handler;
  route.latency_ns = latency_ns;
  transport.route("exchange.test", 80, route);
  HttpClient client(transport);
  Work work;
  work.endpoint.host = "exchange.test";
  work.endpoint.port = 80;
  work.bytes = bytes;
  work.left = requests;
  const Stopwatch watch;
  must(loop.run(get_all_simulated(loop, transport, client, work, at_once)));
  watch.print(what, row, requests, bytes);
}

}  // namespace
}  // namespace bf::net

int main(int argc, char** argv) {
  const int scale = argc > 1 ? std::atoi(argv[1]) : 1;
  if (scale < 1 || scale > 100) {
    std::fprintf(stderr, "usage: http_bench [SECONDS_OF_WORK]   1 to 100\n");
    return 2;
  }
  constexpr std::int64_t kLatencyNs = 20'000'000;
  bf::net::sockets("sockets, 1 KB, 1 at once", "http/1KB_1_at_once", 1'000, 20'000 * scale, 1);
  bf::net::sockets("sockets, 1 KB, 32 at once", "http/1KB_32_at_once", 1'000, 40'000 * scale, 32);
  bf::net::sockets("sockets, 130 KB, 32 at once", "http/130KB_32_at_once", 130'000, 10'000 * scale,
                   32);
  bf::net::simulated("simulated, 1 KB", "http/simulated_1KB", 1'000, 100'000 * scale, 32, 0);
  bf::net::simulated("simulated, 130 KB, 20 ms", "http/simulated_130KB_20ms", 130'000,
                     20'000 * scale, 32, kLatencyNs);
  return 0;
}
