// bench/every_exchange_bench.cpp
//
// One run over all exchanges at once on the virtual clock, each with enough symbols to keep it at its
// limit for minutes. Shows for each how much of its share of its documented limit was used.
//
//   every_exchange_bench STORE_DIR
//
// Checks before it prints: nothing missing, no request refused by a limit, none sent into a pause or a
// ban; and at the end that each used at least 95 % of its share.
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "bench/support/said_row.h"
#include "bench/support/virtual_run.h"
#include "engine/sim/generated_truth.h"

namespace bf {
namespace {

constexpr TimeMs kNow = 1'719'792'000'000;  // 2024-07-01
constexpr std::int64_t kDays = 30;
constexpr double kShareMin = 0.95;

/// So many symbols take some minutes at the exchange's limit.
struct Part {
  sim::Market market;
  std::size_t symbols;
};
constexpr Part kParts[] = {
    {sim::Market::kUm, 100},
    {sim::Market::kSpot, 210},
    {sim::Market::kOkxSwap, 38},
    {sim::Market::kBybitLinear, 500},
    {sim::Market::kBlofinSwap, 115},
    {sim::Market::kBitunixFutures, 25},
    {sim::Market::kDeribitFutures, 400},
};

/// What one market was asked for.
struct Asked {
  TimeMs first = 0;
  TimeMs last = 0;
  std::int64_t requests = 0;
  std::int64_t weight = 0;
  std::int64_t candles = 0;
};

sim::GeneratedTruth make_truth() {
  sim::GeneratedOptions options;
  options.markets.clear();
  options.symbols = 0;
  for (const Part& part : kParts) {
    options.markets.push_back(part.market);
    options.symbols = std::max(options.symbols, part.symbols);
  }
  options.outage_every_days = 0;
  return sim::GeneratedTruth(options);
}

backfill::RunOptions make_options(const sim::GeneratedTruth& truth) {
  backfill::RunOptions options;
  options.from = {backfill::TimeSpec::From::kNow, -kDays * kDayMs};
  options.source = plan::SourceChoice::kRest;
  for (const Part& part : kParts) {
    const std::string name(sim::market_name(part.market));
    backfill::Selection selection;
    selection.exchange = name.substr(0, name.find('/'));
    selection.market = name.substr(name.find('/') + 1);
    for (std::size_t i = 0; i < part.symbols; ++i) {
      selection.symbols.push_back(truth.instruments(part.market)[i].symbol);
    }
    options.base_urls[selection.exchange] = bench::kSimulatedUrl;
    options.selections.push_back(std::move(selection));
  }
  return options;
}

/// The earliest second at which the last of `requests` can leave, each of `weight`, when the first leaves
/// at 0 with nothing used: the limits' own arithmetic, without a network.
double ideal_seconds(const exchange::MarketApi& api, std::string_view endpoint,
                     std::int64_t requests, std::int64_t weight) {
  std::vector<double> leaves(static_cast<std::size_t>(requests), 0.0);
  const int share = api.default_share_percent();
  for (std::int64_t k = 1; k < requests; ++k) {
    double at = leaves[static_cast<std::size_t>(k - 1)];
    for (const limits::LimitRule& rule : api.limit_rules()) {
      if (!rule.endpoint.empty() && rule.endpoint != endpoint) continue;
      const std::int64_t cost = rule.unit == limits::Unit::kWeight ? weight : 1;
      const std::int64_t fits = rule.capacity * share / 100 / cost;
      const double window = static_cast<double>(rule.window_ms) / 1e3;
      if (k < fits) continue;
      switch (rule.shape) {
        case limits::Shape::kFixedWindow:
          at = std::max(at, static_cast<double>(k / fits) * window);
          break;
        case limits::Shape::kSlidingWindow:
          at = std::max(at, leaves[static_cast<std::size_t>(k - fits)] + window);
          break;
        case limits::Shape::kTokenBucket:
          at = std::max(at, static_cast<double>(k - fits + 1) * window / static_cast<double>(fits));
          break;
      }
    }
    leaves[static_cast<std::size_t>(k)] = at;
  }
  return leaves.back();
}

/// Prints a market's row. Returns the part of its share that was used.
double tell(const std::string& name, const Asked& asked) {
  const std::string exchange = name.substr(0, name.find('/'));
  const auto api = exchange::find_market(exchange, name.substr(name.find('/') + 1));
  Series series;
  series.instrument = {exchange, name.substr(name.find('/') + 1), "X"};
  const exchange::ApiRequest page = (*api)->candles_request(series, {kNow - kHourMs, kNow});
  const double ideal =
      ideal_seconds(**api, page.endpoint, asked.requests, asked.weight / asked.requests);
  const double seconds = static_cast<double>(asked.last - asked.first) / 1e3;
  std::printf("%-18s %9lld %9lld %10lld %8.1f %8.1f %6.3f\n", name.c_str(),
              static_cast<long long>(asked.requests), static_cast<long long>(asked.weight),
              static_cast<long long>(asked.candles), seconds, ideal, ideal / seconds);
  bench::say_row("every_exchange/" + name, ideal / seconds, "of its share");
  return ideal / seconds;
}

int run(const std::string& directory) {
  const sim::GeneratedTruth truth = make_truth();
  std::map<std::string, Asked> markets;
  bench::VirtualWorld world;
  world.heard = [&markets](const sim::LedgerEntry& entry) {
    Asked& asked = markets[std::string(sim::market_name(entry.market))];
    if (entry.endpoint != sim::Endpoint::kKlines) return;
    if (asked.requests == 0) asked.first = entry.at;
    asked.last = entry.at;
    ++asked.requests;
    asked.weight += entry.weight;
    asked.candles += static_cast<std::int64_t>(entry.rows.rows);
  };
  const bench::VirtualRun run =
      bench::run_virtually(directory, truth, kNow, make_options(truth), std::move(world));
  const std::int64_t missing = bench::tell_failures(run.report);
  const bool sound = missing == 0 && run.refused == 0 && run.out_of_turn == 0;
  std::printf("candles %lld, missing %lld, refused by limits %lld, sent into a pause or ban %lld\n",
              static_cast<long long>(run.report.candles_stored), static_cast<long long>(missing),
              static_cast<long long>(run.refused), static_cast<long long>(run.out_of_turn));
  std::printf(
      "virtual %.1f min, wall %.1f s, peak %.0f MiB, %.2f bytes a candle\n\n",
      run.virtual_seconds / 60, run.wall_seconds, run.peak_mib,
      static_cast<double>(run.store_bytes) / static_cast<double>(run.report.candles_stored));
  std::printf("%-18s %9s %9s %10s %8s %8s %6s\n", "market", "requests", "weight", "candles",
              "seconds", "limit", "used");
  bool fast = true;
  for (const auto& [name, asked] : markets) fast = tell(name, asked) >= kShareMin && fast;
  return sound && fast ? 0 : 1;
}

}  // namespace
}  // namespace bf

int main(int argc, char** argv) {
  if (argc == 2) return bf::run(argv[1]);
  std::fprintf(stderr, "usage: every_exchange_bench STORE_DIR\n");
  return 2;
}
