// bench/virtual_run_bench.cpp
//
// A whole backfill on the virtual clock: every symbol of a generated USD-M market, or 151 dated futures
// of a simulated Deribit, 1-minute candles, REST only, through the real planner, limiter, HTTP client,
// parser and store (on a real disk). Shows how much of the documented limit a run uses, and what a run
// costs in time and memory.
//
//   virtual_run_bench STORE_DIR [SYMBOLS=541] [DAYS=90]
//   virtual_run_bench STORE_DIR deribit
//
// Checks before it prints: no slot missing, no 429, a sample of series equal to the truth.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string_view>

#include "engine/async/virtual_loop.h"
#include "engine/backfill/run.h"
#include "engine/net/sim_transport.h"
#include "engine/sim/deribit_calendar.h"
#include "engine/sim/generated_truth.h"
#include "engine/sim/sim_exchange.h"

namespace bf {
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

/// Which market is filled, and what its limit allows.
struct Setup {
  std::string exchange;
  std::string market;
  sim::GeneratedOptions truth;
  backfill::TimeSpec from;
  TimeMs now = 0;
  double weight_at_once = 0;
  double weight_per_second = 0;
};

Setup binance(int symbols, int days) {
  Setup setup{"binance", "um", {}, {}, 0, 0, 2'400.0 / 60};
  setup.truth.symbols = static_cast<std::size_t>(symbols);
  setup.from = {backfill::TimeSpec::From::kNow, -days * kDayMs};
  setup.now = from_civil({.year = 2024, .month = 7, .day = 1});
  return setup;
}

/// By name alone: the exchange's list has but the last two of them. Nine tenths of its credits.
Setup deribit() {
  Setup setup{"deribit", "futures", {}, {}, 0, 45'000, 9'000};
  setup.truth.markets = {};
  setup.truth.named = sim::deribit_dated_futures();
  setup.from = {backfill::TimeSpec::From::kListing, 0};
  setup.now = from_civil({.year = 2025, .month = 8, .day = 1});
  return setup;
}

int run(const std::string& directory, const Setup& setup) {
  async::VirtualLoop loop(setup.now);
  const sim::GeneratedTruth truth(setup.truth);
  sim::SimOptions sim_options;
  sim_options.keep_ledger = false;
  sim::SimExchange exchange(loop, truth, sim_options);
  net::SimTransport transport(loop);
  transport.route("exchange.invalid", kPort, net::SimRoute{&exchange, kLatencyNs});

  auto files = open_file_system(directory, /*create=*/true);
  if (!files) return std::fprintf(stderr, "%s\n", files.error().message().c_str()), 1;
  store::StoreOptions store_options;
  store_options.mode = store::StoreOptions::Mode::kWrite;
  auto store = store::Store::open(**files, loop.clock(), store_options);
  if (!store) return std::fprintf(stderr, "%s\n", store.error().message().c_str()), 1;
  auto ledger = store::InstrumentLedger::open(**files);
  if (!ledger) return std::fprintf(stderr, "%s\n", ledger.error().message().c_str()), 1;

  async::InlineWorker worker;
  Quiet observer;
  backfill::Services services{.loop = loop,
                              .transport = transport,
                              .store_worker = worker,
                              .files = files->get(),
                              .store = store->get(),
                              .ledger = &*ledger,
                              .observer = observer};
  backfill::RunOptions options;
  options.selections.push_back({.exchange = setup.exchange,
                                .market = setup.market,
                                .symbols = {},
                                .all = true,
                                .exclude = {},
                                .named_at = {},
                                .held = {}});
  options.from = setup.from;
  options.source = plan::SourceChoice::kRest;
  options.base_urls[setup.exchange] = "http://exchange.invalid:80";
  options.allow_plain_http = true;

  const SystemClock wall;
  const std::int64_t began_ns = wall.steady_ns();
  const std::int64_t virtual_began_ns = loop.now_ns();
  const backfill::RunReport report =
      loop.run(run_and_close(services, transport, std::move(options)));
  const double wall_seconds = static_cast<double>(wall.steady_ns() - began_ns) / 1e9;
  const double virtual_seconds = static_cast<double>(loop.now_ns() - virtual_began_ns) / 1e9;

  std::int64_t missing = 0;
  std::int64_t wanted = 0;
  for (const backfill::SeriesReport& series : report.series) {
    missing += series.slots.missing;
    wanted += series.slots.wanted();
    for (const backfill::Failure& failure : series.failures) {
      std::fprintf(stderr, "%s: %s\n", series.series.name().c_str(), failure.message.c_str());
    }
  }
  for (const backfill::Failure& failure : report.failures) {
    std::fprintf(stderr, "%s\n", failure.message.c_str());
  }
  std::int64_t weight = 0;
  for (const plan::SourceTotals& totals : report.planned) weight += totals.weight;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double limit_seconds =
      (static_cast<double>(weight) - setup.weight_at_once) / setup.weight_per_second;
  const std::uint64_t bytes = bytes_below(directory);

  std::printf("series             %zu\n", report.series.size());
  std::printf("candles stored     %lld (wanted %lld, missing %lld)\n",
              static_cast<long long>(report.candles_stored), static_cast<long long>(wanted),
              static_cast<long long>(missing));
  std::printf("requests, weight   %lld, %lld\n", static_cast<long long>(report.requests),
              static_cast<long long>(weight));
  std::printf("429s               %lld\n", static_cast<long long>(report.limited));
  std::printf(
      "virtual duration   %.1f min (the limit allows the pages in %.1f: %.3f of its rate)\n",
      virtual_seconds / 60, limit_seconds / 60, limit_seconds / virtual_seconds);
  if (setup.weight_at_once > 0) {
    // Where a request costs the same whatever it asks for, those that look for first candles count too.
    const double all = static_cast<double>(report.requests) * 500 - setup.weight_at_once;
    std::printf("of its requests    %.3f times what the limit imposes\n",
                virtual_seconds / (all / setup.weight_per_second));
  }
  std::printf("wall time          %.1f s\n", wall_seconds);
  std::printf("candles/s of wall  %.0f\n",
              static_cast<double>(report.candles_stored) / wall_seconds);
  std::printf("peak memory        %.0f MiB\n", static_cast<double>(usage.ru_maxrss) / 1024);
  std::printf("store              %.1f MB, %.2f bytes a candle\n", static_cast<double>(bytes) / 1e6,
              static_cast<double>(bytes) / static_cast<double>(report.candles_stored));
  return missing == 0 && report.limited == 0 && report.failures.empty() ? 0 : 1;
}

}  // namespace
}  // namespace bf

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: virtual_run_bench STORE_DIR [SYMBOLS=541] [DAYS=90] | deribit\n");
    return 2;
  }
  if (argc > 2 && std::string_view(argv[2]) == "deribit") return bf::run(argv[1], bf::deribit());
  return bf::run(argv[1], bf::binance(argc > 2 ? std::atoi(argv[2]) : 541,
                                      argc > 3 ? std::atoi(argv[3]) : 90));
}
