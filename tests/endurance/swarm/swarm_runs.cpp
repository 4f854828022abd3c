// swarm_runs SEEDS [FIRST]: many seeds of everything at once, and what came of them.
// swarm_runs --shrink SEED: drops faults of a seed that fails while it still does.
//
// Exit codes: 0 nothing was wrong; 1 a seed failed, whose line to run it alone is printed; 2 usage.
#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string_view>

#include "tests/endurance/swarm/swarm_seed.h"

namespace bf::test {
namespace {

/// One seed in so many is run twice: it has to give the same trace.
constexpr std::uint64_t kTwiceEvery = 50;
constexpr std::uint64_t kToldEvery = 100;
constexpr std::int64_t kMsPerHour = 3'600'000;

void print_findings(std::uint64_t seed, const SeedResult& result) {
  std::printf("seed %" PRIu64 " FAILED: %s, trace %016" PRIx64 "\n", seed, result.market.c_str(),
              result.trace);
  for (const std::string& finding : result.findings) std::printf("  %s\n", finding.c_str());
  std::printf("  again: swarm_runs 1 %" PRIu64 "; fewer faults: swarm_runs --shrink %" PRIu64 "\n",
              seed, seed);
}

struct Totals {
  SeedResult all;
  std::uint64_t seeds = 0;
  std::uint64_t twice = 0;
  std::uint64_t failed = 0;
  std::set<std::string> markets;

  void add(const SeedResult& seed) {
    ++seeds;
    failed += seed.findings.empty() ? 0 : 1;
    markets.insert(seed.market);
    all.rows_compared += seed.rows_compared;
    all.requests += seed.requests;
    all.runs += seed.runs;
    all.interrupted += seed.interrupted;
    all.killed += seed.killed;
    all.limited += seed.limited;
    all.out_of_turn += seed.out_of_turn;
    all.virtual_ms += seed.virtual_ms;
    for (const auto& [fault, count] : seed.faults) all.faults[fault] += count;
  }
  void print() const {
    std::printf("seeds %" PRIu64 " of %zu markets, failed %" PRIu64 "; run twice %" PRIu64 "\n",
                seeds, markets.size(), failed, twice);
    std::printf("rows compared %" PRId64 ", virtual hours %" PRId64 ", requests %" PRId64 "\n",
                all.rows_compared, all.virtual_ms / kMsPerHour, all.requests);
    std::printf("runs %" PRId64 ": interrupted %" PRId64 ", killed %" PRId64 "\n", all.runs,
                all.interrupted, all.killed);
    std::printf("requests over a limit %" PRId64 ", in a pause %" PRId64 "\nanswers hit:",
                all.limited, all.out_of_turn);
    for (const auto& [fault, count] : all.faults) {
      std::printf(" %s %" PRId64, fault.c_str(), count);
    }
    std::printf("\n");
  }
};

int run_seeds(std::uint64_t count, std::uint64_t first) {
  Totals totals;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SeedResult result = run_seed(seed, drawn_faults(seed));
    if (seed % kTwiceEvery == 0 || count == 1) {
      ++totals.twice;
      const SeedResult again = run_seed(seed, drawn_faults(seed));
      if (again.trace != result.trace) result.findings.push_back("another run, another trace");
    }
    if (!result.findings.empty()) print_findings(seed, result);
    if (count == 1) std::printf("trace %016" PRIx64 "\n", result.trace);
    totals.add(result);
    if (totals.seeds % kToldEvery == 0) {
      std::fprintf(stderr, "%" PRIu64 " seeds, %" PRIu64 " failed\n", totals.seeds, totals.failed);
    }
  }
  totals.print();
  const bool failed =
      totals.failed > 0 || ::testing::UnitTest::GetInstance()->ad_hoc_test_result().Failed();
  return failed ? 1 : 0;
}

int shrink(std::uint64_t seed) {
  std::vector<std::string> faults = drawn_faults(seed);
  SeedResult result = run_seed(seed, faults);
  if (result.findings.empty()) {
    std::printf("seed %" PRIu64 " does not fail\n", seed);
    return 0;
  }
  for (std::string& fault : faults) {
    // A fault that never hits keeps its place: what the others draw depends on theirs.
    const std::string kept = fault;
    fault = "any close probability=0";
    SeedResult without = run_seed(seed, faults);
    if (without.findings.empty()) {
      fault = kept;
    } else {
      result = std::move(without);
    }
  }
  print_findings(seed, result);
  for (const std::string& fault : faults) {
    if (!fault.ends_with("probability=0")) std::printf("  fault: %s\n", fault.c_str());
  }
  return 1;
}

}  // namespace
}  // namespace bf::test

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const auto number = [&](int at) { return std::strtoull(argv[at], nullptr, 10); };
  if (argc == 3 && std::string_view(argv[1]) == "--shrink") return bf::test::shrink(number(2));
  if (argc < 2 || argc > 3 || number(1) == 0) {
    std::fprintf(stderr, "swarm_runs SEEDS [FIRST] | --shrink SEED\n");
    return 2;
  }
  return bf::test::run_seeds(number(1), argc == 3 ? number(2) : 1);
}
