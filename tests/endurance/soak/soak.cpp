// soak DIRECTORY [SECONDS=1800]: whether a process that works for a long time stays as it is.
//
// One process backfills again and again, over real sockets on loopback, through faults, into a new store of
// DIRECTORY each time; the exchange is in it too. Between two runs nothing may be left: memory must not
// grow, and no descriptor and no coroutine may stay behind.
//
// Exit codes: 0 nothing grows; 1 something does, or a run was not right; 2 usage.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/real_loop.h"
#include "engine/async/task_group.h"
#include "engine/async/worker.h"
#include "engine/backfill/run.h"
#include "engine/net/real_transport.h"
#include "engine/sim/generated_truth.h"
#include "engine/sim/sim_exchange.h"
#include "store/instrument_ledger.h"
#include "store/store.h"

namespace bf::test {
namespace {

constexpr std::size_t kSymbols = 8;
constexpr std::int64_t kCandles = 8 * 5 * 1'440;
constexpr TimeRange kRange{1'704'067'200'000, 1'704'067'200'000 + 5 * kDayMs};  // from 2024-01-01
constexpr std::string_view kFaults =
    "klines every=17 status=503\nklines every=23 cut=5000\nklines every=29 close\n"
    "klines every=31 gzip\nklines every=37 duplicate\n";
constexpr double kSlopeMax = 0.5;  // MiB an hour
constexpr double kMib = 1024.0 * 1024.0;
constexpr double kSecondsPerHour = 3'600;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

/// What is there between two runs.
struct Sample {
  double seconds = 0;
  double rss_mib = 0;
  std::int64_t descriptors = 0;
  std::int64_t frames = 0;
};

Sample sample_at(double seconds) {
  Sample sample;
  sample.seconds = seconds;
  std::ifstream pages("/proc/self/statm");
  std::int64_t all = 0;
  std::int64_t resident = 0;
  pages >> all >> resident;
  sample.rss_mib = static_cast<double>(resident * ::sysconf(_SC_PAGESIZE)) / kMib;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++sample.descriptors;
  }
  sample.frames = async::live_frames();
  return sample;
}

/// A line through the samples: MiB an hour, and how far that may be off by chance (one standard error).
struct Slope {
  double mib_per_hour = 0;
  double error = 0;
};

Slope slope_of(const std::vector<Sample>& samples) {
  const auto count = static_cast<double>(samples.size());
  double time = 0;
  double size = 0;
  for (const Sample& sample : samples) {
    time += sample.seconds / count;
    size += sample.rss_mib / count;
  }
  double spread = 0;
  double together = 0;
  for (const Sample& sample : samples) {
    spread += (sample.seconds - time) * (sample.seconds - time);
    together += (sample.seconds - time) * (sample.rss_mib - size);
  }
  const double slope = together / spread;
  double left = 0;
  for (const Sample& sample : samples) {
    const double off = sample.rss_mib - size - slope * (sample.seconds - time);
    left += off * off;
  }
  return {slope * kSecondsPerHour, std::sqrt(left / (count - 2) / spread) * kSecondsPerHour};
}

async::Task<backfill::RunReport> run_against(async::RealLoop& loop, net::Listener& listener,
                                             sim::SimExchange& exchange,
                                             backfill::Services& services,
                                             backfill::RunOptions options) {
  async::TaskGroup server(loop, async::CancelToken());
  server.spawn(net::serve(loop, listener, exchange, server.token()));
  backfill::RunReport report =
      co_await backfill::run_backfill(services, std::move(options), async::CancelToken());
  server.cancel();
  const Result<void> ended = co_await server.join();
  (void)ended;  // cancelled
  co_await listener.close();
  co_return report;
}

backfill::RunOptions options_for(std::uint16_t port) {
  backfill::RunOptions options;
  options.selections.emplace_back();
  options.selections.back().exchange = "binance";
  options.selections.back().market = "um";
  options.selections.back().all = true;
  options.from.offset_ms = kRange.from;
  options.to = {backfill::TimeSpec::From::kAbsolute, kRange.to};
  options.source = plan::SourceChoice::kRest;
  options.base_urls["binance"] = "http://127.0.0.1:" + std::to_string(port);
  options.free_bytes_min = 0;
  return options;
}

/// One run into a new store. Errors: what kept it from beginning; kInternal: it was not complete.
Result<void> run_once(async::RealLoop& loop, const sim::Truth& truth, const std::string& path) {
  std::filesystem::remove_all(path);
  const auto files = open_file_system(path, /*create=*/true);
  if (!files) return fail(files.error());
  store::StoreOptions store_options;
  store_options.mode = store::StoreOptions::Mode::kWrite;
  const auto store = store::Store::open(**files, loop.clock(), store_options);
  if (!store) return fail(store.error());
  auto ledger = store::InstrumentLedger::open(**files);
  if (!ledger) return fail(ledger.error());

  sim::SimOptions sim_options;
  sim_options.limits = false;
  sim_options.keep_ledger = false;
  if (const Result<void> added = sim_options.faults.add_lines(kFaults); !added) return added;
  sim::SimExchange exchange(loop, truth, std::move(sim_options));
  const auto listener = net::listen(loop, {});
  if (!listener) return fail(listener.error());
  const auto transport = net::make_real_transport(loop, {});
  if (!transport) return fail(transport.error());
  async::ThreadWorker store_worker(loop);
  async::ThreadWorker series_workers(loop, backfill::kSeriesThreads);
  backfill::SilentObserver observer;
  backfill::Services services{.loop = loop,
                              .transport = **transport,
                              .store_worker = store_worker,
                              .series_workers = series_workers,
                              .files = files->get(),
                              .store = store->get(),
                              .ledger = &*ledger,
                              .observer = observer};
  const backfill::RunReport report =
      loop.run(run_against(loop, **listener, exchange, services, options_for((*listener)->port())));
  std::int64_t held = 0;
  for (const backfill::SeriesReport& series : report.series) held += series.slots.held;
  if (backfill::exit_code(report, /*strict=*/false) == backfill::Exit::kComplete &&
      held == kCandles) {
    return {};
  }
  return fail(Code::kInternal, "a run holds " + std::to_string(held) + " of " +
                                   std::to_string(kCandles) + " candles");
}

/// Prints what grew, and whether anything did, behind a quarter of the time in which it warms up.
bool judge(const std::vector<Sample>& samples) {
  const std::vector<Sample> warm(samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 4),
                                 samples.end());
  if (warm.size() < 3) {
    std::printf("too few runs to say anything: give it more time\n");
    return false;
  }
  const Slope slope = slope_of(warm);
  const bool same = std::all_of(warm.begin(), warm.end(), [&warm](const Sample& sample) {
    return sample.descriptors == warm.front().descriptors && sample.frames == warm.front().frames;
  });
  const bool flat = slope.mib_per_hour - 2 * slope.error <= kSlopeMax;
  std::printf("%zu runs, %" PRId64
              " candles; memory %+.2f MiB/h (+-%.2f; %.1f at most): %s; "
              "descriptors and coroutines: %s\n",
              samples.size(), static_cast<std::int64_t>(samples.size()) * kCandles,
              slope.mib_per_hour, slope.error, kSlopeMax, flat ? "flat" : "GROWS",
              same ? "flat" : "CHANGED");
  return flat && same;
}

int soak(const std::string& directory, std::int64_t seconds) {
  sim::GeneratedOptions generated;
  generated.symbols = kSymbols;
  generated.markets = {sim::Market::kUm};
  generated.outage_every_days = 0;
  const sim::GeneratedTruth truth(generated);
  std::vector<Sample> samples;
  const std::string store = directory + "/soak-store";
  std::printf("seconds  runs  RSS, MiB  descriptors  coroutines\n");
  async::RealLoop loop;
  const std::int64_t began_ns = loop.now_ns();
  double told = 0;
  while (loop.now_ns() - began_ns < seconds * kNsPerSecond) {
    if (const Result<void> ran = run_once(loop, truth, store); !ran) {
      std::fprintf(stderr, "soak: run %zu: %s\n", samples.size() + 1,
                   ran.error().message().c_str());
      return 1;
    }
    const double now =
        static_cast<double>(loop.now_ns() - began_ns) / static_cast<double>(kNsPerSecond);
    samples.push_back(sample_at(now));
    const Sample& last = samples.back();
    if (samples.size() > 1 && now < told + static_cast<double>(seconds) / 30) continue;
    told = now;
    std::printf("%7.0f %5zu %9.1f %12" PRId64 " %11" PRId64 "\n", now, samples.size(), last.rss_mib,
                last.descriptors, last.frames);
    std::fflush(stdout);
  }
  std::filesystem::remove_all(store);
  return judge(samples) ? 0 : 1;
}

}  // namespace
}  // namespace bf::test

int main(int argc, char** argv) {
  std::int64_t seconds = 1'800;
  bool usage = argc < 2 || argc > 3;
  if (argc == 3) {
    const std::string_view text(argv[2]);
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    usage = error != std::errc() || stop != text.data() + text.size() || seconds < 1;
  }
  if (usage) {
    std::fprintf(stderr, "usage: soak DIRECTORY [SECONDS=1800]\n");
    return 2;
  }
  return bf::test::soak(argv[1], seconds);
}
