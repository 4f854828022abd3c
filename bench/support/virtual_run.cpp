#include "bench/support/virtual_run.h"

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

#include "engine/async/virtual_loop.h"
#include "engine/net/sim_transport.h"
#include "engine/sim/sim_exchange.h"

namespace bf::bench {
namespace {

constexpr std::int64_t kLatencyNs = 20'000'000;  // one way: a 40 ms round trip
constexpr std::uint16_t kPort = 80;

class Quiet final : public backfill::Observer {
 public:
  void on_event(const backfill::Event& event) override {
    if (event.type == backfill::Event::Type::kWarning)
      std::fprintf(stderr, "%s\n", event.text.c_str());
  }
  void on_progress(const backfill::Progress& progress) override {
    if (progress.pages_done - shown_ < 20'000) return;
    shown_ = progress.pages_done;
    std::fprintf(stderr, "%lld of %lld pages\n", static_cast<long long>(progress.pages_done),
                 static_cast<long long>(progress.pages_planned));
  }

 private:
  std::int64_t shown_ = 0;
};

std::uint64_t bytes_below(const std::string& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    const auto extension = entry.path().extension();
    if (extension == ".seg" || extension == ".log") bytes += entry.file_size();
  }
  return bytes;
}

async::Task<backfill::RunReport> run_and_close(backfill::Services& services,
                                               net::SimTransport& transport,
                                               backfill::RunOptions options) {
  backfill::RunReport report =
      co_await backfill::run_backfill(services, std::move(options), async::CancelToken());
  co_await transport.close();
  co_return std::move(report);
}

template <typename T>
T opened(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().message().c_str());
  std::exit(1);
}

}  // namespace

VirtualRun run_virtually(const std::string& directory, const sim::Truth& truth, TimeMs now,
                         backfill::RunOptions options, VirtualWorld world) {
  async::VirtualLoop loop(now);
  sim::SimOptions sim_options;
  sim_options.keep_ledger = false;
  sim::SimExchange exchange(loop, truth, sim_options);
  if (world.heard) exchange.ledger().set_listener(std::move(world.heard));
  std::optional<net::SimLine> line;
  if (world.line_bytes_per_second > 0) line.emplace(world.line_bytes_per_second);
  const auto before = world.before ? world.before(exchange) : nullptr;
  net::SimTransport transport(loop);
  net::SimRoute route;
  route.handler = before ? before.get() : &exchange;
  route.latency_ns = kLatencyNs;
  if (line) route.down = &*line;
  transport.route("exchange.invalid", kPort, route);

  const auto files = opened(open_file_system(directory, /*create=*/true));
  store::StoreOptions store_options;
  store_options.mode = store::StoreOptions::Mode::kWrite;
  const auto store = opened(store::Store::open(*files, loop.clock(), store_options));
  auto ledger = opened(store::InstrumentLedger::open(*files));
  async::InlineWorker worker;
  Quiet observer;
  backfill::Services services{loop,        transport,   worker,  worker,
                              files.get(), store.get(), &ledger, observer};
  options.allow_plain_http = true;

  VirtualRun run;
  const SystemClock wall;
  const std::int64_t began_ns = wall.steady_ns();
  const std::int64_t virtual_began_ns = loop.now_ns();
  run.report = loop.run(run_and_close(services, transport, std::move(options)));
  run.wall_seconds = static_cast<double>(wall.steady_ns() - began_ns) / 1e9;
  run.virtual_seconds = static_cast<double>(loop.now_ns() - virtual_began_ns) / 1e9;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  run.peak_mib = static_cast<double>(usage.ru_maxrss) / 1024;
  if (line) run.line_bytes = line->bytes();
  run.store_bytes = bytes_below(directory);
  const sim::LedgerCounters& counters = exchange.ledger().counters();
  run.out_of_turn = static_cast<std::int64_t>(counters.out_of_turn);
  run.refused = static_cast<std::int64_t>(counters.limited + counters.banned);
  return run;
}

std::int64_t tell_failures(const backfill::RunReport& report) {
  std::int64_t missing = 0;
  for (const backfill::SeriesReport& series : report.series) {
    missing += series.slots.missing;
    for (const backfill::Failure& failure : series.failures) {
      std::fprintf(stderr, "%s: %s\n", series.series.name().c_str(), failure.message.c_str());
    }
  }
  for (const backfill::Failure& failure : report.failures) {
    std::fprintf(stderr, "%s\n", failure.message.c_str());
  }
  return missing;
}

}  // namespace bf::bench
