// bench/virtual_run_bench.cpp
//
// A whole backfill on the virtual clock: every symbol of a generated USD-M market, or 151 dated futures
// of a simulated Deribit, 1-minute candles, by REST or from the archive, through the real planner, limiter, HTTP client,
// parser and store (on a real disk). Shows how much of the documented limit a run uses, and what a run
// costs in time and memory.
//
//   virtual_run_bench STORE_DIR [SYMBOLS=541] [DAYS=90]
//   virtual_run_bench STORE_DIR archive [SYMBOLS=541] [DAYS=90]
//   virtual_run_bench STORE_DIR deribit
//
// Checks before it prints: no slot missing, no 429, a sample of series equal to the truth.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "bench/support/said_row.h"
#include "bench/support/virtual_run.h"
#include "engine/sim/deribit_calendar.h"
#include "engine/sim/generated_truth.h"

namespace bf {
namespace {

constexpr std::int64_t kLineBytesPerSecond = 12'500'000;

/// Which market is filled, and what its limit allows.
struct Setup {
  std::string name;  ///< before the names of its rows
  std::string exchange;
  std::string market;
  sim::GeneratedOptions truth;
  backfill::TimeSpec from;
  TimeMs now = 0;
  double weight_at_once = 0;
  double weight_per_second = 0;
  plan::SourceChoice source = plan::SourceChoice::kRest;
  std::int64_t line_bytes_per_second = 0;
};

Setup binance(int symbols, int days) {
  Setup setup{"virtual", "binance", "um", {}, {}, 0, 0, 2'400.0 / 60};
  setup.truth.symbols = static_cast<std::size_t>(symbols);
  setup.from = {backfill::TimeSpec::From::kNow, -days * kDayMs};
  setup.now = from_civil({.year = 2024, .month = 7, .day = 1});
  return setup;
}

/// The same with the bulk archive, all of it behind a line of 100 Mbit/s.
Setup binance_archive(int symbols, int days) {
  Setup setup = binance(symbols, days);
  setup.name = "virtual_archive";
  setup.source = plan::SourceChoice::kAuto;
  setup.line_bytes_per_second = kLineBytesPerSecond;
  return setup;
}

/// By name alone: the exchange's list has but the last two of them. Nine tenths of its credits.
Setup deribit() {
  Setup setup{"deribit", "deribit", "futures", {}, {}, 0, 45'000, 9'000};
  setup.truth.markets = {};
  setup.truth.named = sim::deribit_dated_futures();
  setup.from = {backfill::TimeSpec::From::kListing, 0};
  setup.now = from_civil({.year = 2025, .month = 8, .day = 1});
  return setup;
}

void say_rows(const std::string& name, const bench::VirtualRun& run) {
  const auto candles = static_cast<double>(run.report.candles_stored);
  bench::say_row(name + "/429s", static_cast<double>(run.report.limited), "answers");
  bench::say_row(name + "/wall", run.wall_seconds, "s");
  bench::say_row(name + "/rate", candles / run.wall_seconds / 1e6, "M candles/s of wall");
  bench::say_row(name + "/rss", run.peak_mib, "MiB");
  bench::say_row(name + "/bytes", static_cast<double>(run.store_bytes) / candles, "bytes a candle");
}

int run(const std::string& directory, const Setup& setup) {
  const sim::GeneratedTruth truth(setup.truth);
  backfill::RunOptions options;
  options.selections.emplace_back();
  options.selections.back().exchange = setup.exchange;
  options.selections.back().market = setup.market;
  options.selections.back().all = true;
  options.from = setup.from;
  options.source = setup.source;
  options.base_urls[setup.exchange] = bench::kSimulatedUrl;
  options.archive_urls[setup.exchange] = std::string(bench::kSimulatedUrl) + "/archive";
  bench::VirtualWorld world;
  world.line_bytes_per_second = setup.line_bytes_per_second;
  const bench::VirtualRun run =
      bench::run_virtually(directory, truth, setup.now, std::move(options), std::move(world));
  const backfill::RunReport& report = run.report;
  const std::int64_t missing = bench::tell_failures(report);
  std::int64_t wanted = 0;
  for (const backfill::SeriesReport& series : report.series) wanted += series.slots.wanted();
  std::int64_t weight = 0;
  for (const plan::SourceTotals& totals : report.planned) weight += totals.weight;
  const double limit_seconds =
      (static_cast<double>(weight) - setup.weight_at_once) / setup.weight_per_second;
  const double candles = static_cast<double>(report.candles_stored);

  std::printf("series             %zu\n", report.series.size());
  std::printf("candles stored     %lld (wanted %lld, missing %lld)\n",
              static_cast<long long>(report.candles_stored), static_cast<long long>(wanted),
              static_cast<long long>(missing));
  std::printf("requests, weight   %lld, %lld\n", static_cast<long long>(report.requests),
              static_cast<long long>(weight));
  std::printf("429s               %lld\n", static_cast<long long>(report.limited));
  std::printf(
      "virtual duration   %.1f min (the limit allows the pages in %.1f: %.3f of its rate)\n",
      run.virtual_seconds / 60, limit_seconds / 60, limit_seconds / run.virtual_seconds);
  if (setup.weight_at_once > 0) {
    // Where a request costs the same whatever it asks for, those that look for first candles count too.
    const double all = static_cast<double>(report.requests) * 500 - setup.weight_at_once;
    const double times = run.virtual_seconds / (all / setup.weight_per_second);
    std::printf("of its requests    %.3f times what the limit imposes\n", times);
    bench::say_row(setup.name + "/of_its_requests", times, "times what the limit imposes");
  } else if (setup.line_bytes_per_second > 0) {
    const double of_line = static_cast<double>(run.line_bytes) / run.virtual_seconds /
                           static_cast<double>(setup.line_bytes_per_second);
    std::printf("over the line      %.1f MB, %.3f of what it carries\n",
                static_cast<double>(run.line_bytes) / 1e6, of_line);
    bench::say_row(setup.name + "/of_line", of_line, "of the line");
  } else {
    bench::say_row(setup.name + "/of_limit", limit_seconds / run.virtual_seconds,
                   "of the limit's rate");
  }
  say_rows(setup.name, run);
  std::printf("wall time          %.1f s\n", run.wall_seconds);
  std::printf("candles/s of wall  %.0f\n", candles / run.wall_seconds);
  std::printf("peak memory        %.0f MiB\n", run.peak_mib);
  std::printf("store              %.1f MB, %.2f bytes a candle\n",
              static_cast<double>(run.store_bytes) / 1e6,
              static_cast<double>(run.store_bytes) / candles);
  return missing == 0 && report.limited == 0 && report.failures.empty() ? 0 : 1;
}

}  // namespace
}  // namespace bf

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(
        stderr, "usage: virtual_run_bench STORE_DIR [archive] [SYMBOLS=541] [DAYS=90] | deribit\n");
    return 2;
  }
  if (argc > 2 && std::string_view(argv[2]) == "deribit") return bf::run(argv[1], bf::deribit());
  const bool archive = argc > 2 && std::string_view(argv[2]) == "archive";
  const int first = archive ? 3 : 2;
  const int symbols = argc > first ? std::atoi(argv[first]) : 541;
  const int days = argc > first + 1 ? std::atoi(argv[first + 1]) : 90;
  return bf::run(argv[1],
                 archive ? bf::binance_archive(symbols, days) : bf::binance(symbols, days));
}
