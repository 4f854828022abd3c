#include "tests/endurance/swarm/swarm_seed.h"

#include <algorithm>

#include "engine/sim/generated_truth.h"
#include "engine/sim/mixer.h"
#include "tests/backfill/sim_world.h"

namespace bf::test {
namespace {

using backfill::Exit;

constexpr int kRunsMax = 4;
constexpr TimeMs kRangeEnd = kWorldBegin - 2 * kDayMs;
/// Once nothing goes wrong any more, a run of so little is over in this time.
constexpr DurationMs kSettleMsMax = kHourMs;
constexpr DurationMs kFaultsEndMs = 12 * kHourMs;
/// A process that is gone takes its count of what it used with it; every limit has turned by then.
constexpr DurationMs kLimitsTurnMs = 6 * kMinuteMs;

/// A fault and the highest share of answers, in a thousand, that it may hit.
struct Draw {
  std::string_view rule;
  std::uint64_t per_thousand_max;
};
constexpr Draw kDraws[] = {
    {"any status=500", 40},
    {"any status=502", 40},
    {"any status=503", 40},
    {"klines status=429 retry_after=3", 3},
    {"any cut=0", 30},
    {"any cut=100", 30},
    {"klines cut=5000", 30},
    {"any reset=0", 20},
    {"any reset=300", 20},
    {"klines reset=4000", 20},
    {"any stall=0", 5},
    {"klines stall=2000", 5},
    {"klines drip=100", 5},
    {"any delay_ms=3000", 50},
    {"any close", 300},
    {"any gzip", 500},
    {"klines truncate=3000", 20},
    {"klines html", 20},
    {"klines used_weight=none", 300},
    {"any framing=length_long", 10},
    {"any framing=length_short", 10},
    {"any framing=length_twice", 10},
    {"any framing=chunk_cut", 10},
    {"any framing=chunk_overflow", 10},
    {"any framing=headers_many", 10},
    {"any framing=interim", 10},
    {"any framing=garbage", 10},
    {"any framing=behind", 50},
    {"any framing=two_answers", 50},
    {"any framing=until_close", 100},
    {"any encoding=cut", 10},
    {"any encoding=checksum", 10},
    {"any encoding=two_members", 10},
    {"any encoding=unknown", 10},
    {"klines json=cut", 10},
    {"klines json=behind", 10},
    {"klines json=nan", 10},

    {"klines json=column_less", 10},
    {"klines json=digits60", 50},
    {"klines json=bom", 10},
    {"klines duplicate", 50},
    {"klines unordered", 50},
    {"klines rows=descending", 50},

    {"klines rows=zeros", 50},
    {"archive checksum", 30},
    {"checksum checksum", 30},
    {"archive truncate_zip=500", 30},
};

/// Sources that stop and start again: each begins and ends at an instant of its own.
void draw_stops(Random& random, std::vector<std::string>& rules) {
  for (const std::string_view source : {"any", "archive", "klines"}) {
    if (!random.chance(25)) continue;
    const TimeMs from = kWorldBegin + static_cast<DurationMs>(random.below(120)) * kSecondMs;
    const TimeMs to = from + static_cast<DurationMs>(1 + random.below(300)) * kSecondMs;
    std::string rule(source);
    rule.append(" from=").append(std::to_string(from)).append(" to=").append(std::to_string(to));
    rules.push_back(rule + " cut=0");
  }
}

std::uint64_t trace_of(const sim::Ledger& ledger) {
  std::uint64_t trace = 0;
  for (const sim::LedgerEntry& entry : ledger.entries()) {
    trace = sim::mix(trace ^ sim::hash_of(sim::ledger_line(entry)));
    trace = sim::mix(trace ^ entry.hash);
  }
  return trace;
}

class SeedRun {
 public:
  SeedRun(std::uint64_t seed, const std::vector<std::string>& faults)
      : random_(seed),
        market_(sim::kMarkets[random_.below(sim::kMarketCount)]),
        name_(sim::market_name(market_)),
        range_{kRangeEnd - static_cast<DurationMs>(1 + random_.below(8)) * kDayMs, kRangeEnd},
        truth_(truth_options(seed)),
        world_(truth_, world_options()) {
    std::string rules;
    const std::string until = " to=" + std::to_string(kWorldBegin + kFaultsEndMs);
    for (const std::string& fault : faults) {
      rules.append(fault).append(fault.find(" to=") == std::string::npos ? until : "").append("\n");
    }
    sim::FaultPlan plan(seed);
    const Result<void> added = plan.add_lines(rules);
    if (!added) result_.findings.push_back(added.error().message());
    world_.exchange().faults() = std::move(plan);
    std::vector<std::string> symbols;
    for (const sim::SimInstrument& instrument : truth_.instruments(market_)) {
      symbols.push_back(instrument.symbol);
    }
    options_ = world_.options(name_, symbols, range_);
    options_.concurrency = 1 + static_cast<std::int64_t>(random_.below(40));
    options_.series_at_once = 1 + static_cast<std::int64_t>(random_.below(4));
    if (random_.chance(40)) options_.source = plan::SourceChoice::kAuto;
  }

  SeedResult run() {
    result_.market = name_;
    for (int run = 0; run < kRunsMax; ++run) {
      const bool complete = run_once();
      check_held();
      world_.sleep(kLimitsTurnMs);
      if (complete) break;
    }
    settle();
    finish();
    return std::move(result_);
  }

 private:
  sim::GeneratedOptions truth_options(std::uint64_t seed) {
    sim::GeneratedOptions options;
    options.seed = seed;
    options.symbols = 1 + random_.below(5);
    options.markets = {market_};
    options.outage_every_days = static_cast<std::int64_t>(random_.below(5));
    const bool listed_within = random_.chance(30);
    const DurationMs before = listed_within ? -7 * kHourMs - 7 * kMinuteMs : kDayMs;
    options.life = {range_.from - before, kTimeMax};
    return options;
  }
  WorldOptions world_options() {
    WorldOptions options;
    options.latency_ns = static_cast<std::int64_t>(1 + random_.below(150)) * 1'000'000;
    return options;
  }

  [[nodiscard]] std::vector<Series> all_series() const {
    std::vector<Series> all;
    for (const sim::SimInstrument& instrument : truth_.instruments(market_)) {
      all.push_back(world_.series(name_, instrument.symbol));
    }
    return all;
  }

  /// True when it completed.
  bool run_once() {
    ++result_.runs;
    std::int64_t cancel_after_ns = SimWorld::kNever;
    const bool kill = random_.chance(25);
    if (kill) {
      world_.files().stop_at(1 + random_.below(400));
    } else if (random_.chance(30)) {
      cancel_after_ns = static_cast<std::int64_t>(random_.below(5'000)) * 1'000'000;
    }
    const backfill::RunReport report = world_.run(options_, cancel_after_ns);
    if (kill) {
      world_.files().kill();
      ++result_.killed;
    }
    if (report.cancelled) ++result_.interrupted;
    return backfill::exit_code(report, /*strict=*/true) == Exit::kComplete;
  }

  /// No row is wrong, at any time.
  void check_held() {
    for (const Series& series : all_series()) {
      const std::string wrong = world_.wrong_row(series, range_);
      result_.rows_compared += static_cast<std::int64_t>(world_.gaps(series).count(range_).held);
      if (!wrong.empty()) result_.findings.push_back(series.name() + ": " + wrong);
    }
  }

  /// Once the faults are over one run completes everything, soon; what is absent provisionally is due
  /// again a day later.
  void settle() {
    const TimeMs over = kWorldBegin + kFaultsEndMs;
    if (world_.now() < over) world_.sleep(over - world_.now());
    for (int day = 0; day < 2; ++day) {
      const TimeMs began = world_.now();
      ++result_.runs;
      const backfill::RunReport report = world_.run(options_);
      const bool strict = day == 1;
      if (backfill::exit_code(report, strict) != Exit::kComplete) {
        result_.findings.push_back("not complete behind the last fault:\n" + failures_of(report));
      }
      if (world_.now() - began > kSettleMsMax) {
        result_.findings.push_back("took " + std::to_string(world_.now() - began) + " ms");
      }
      world_.sleep(2 * kDayMs);
    }
  }

  void finish() {
    for (const Series& series : all_series()) {
      const std::string difference = world_.difference(series, range_);
      if (!difference.empty()) result_.findings.push_back(series.name() + ": " + difference);
      const Result<void> sound = world_.verify(series);
      if (!sound) result_.findings.push_back(sound.error().message());
      result_.rows_compared +=
          static_cast<std::int64_t>(world_.stored_rows(series, range_).row_count());
    }
    for (const sim::LedgerEntry& entry : world_.ledger().entries()) {
      if (entry.refused) ++result_.limited;
      for (std::string_view names = entry.faults; !names.empty();) {
        const std::size_t end = std::min(names.find('+'), names.size());
        ++result_.faults[std::string(names.substr(0, end))];
        names.remove_prefix(std::min(end + 1, names.size()));
      }
    }
    const sim::LedgerCounters& counters = world_.ledger().counters();
    result_.requests = static_cast<std::int64_t>(counters.requests);
    result_.out_of_turn = static_cast<std::int64_t>(counters.out_of_turn);
    if (result_.out_of_turn > 0) result_.findings.push_back("a request in a pause that was told");
    if (result_.limited > 0) result_.findings.push_back("a request over the exchange's limit");
    result_.virtual_ms = world_.now() - kWorldBegin;
    result_.trace = trace_of(world_.ledger());
  }

  Random random_;
  sim::Market market_;
  std::string name_;
  TimeRange range_;
  sim::GeneratedTruth truth_;
  SimWorld world_;
  backfill::RunOptions options_;
  SeedResult result_;
};

}  // namespace

std::vector<std::string> drawn_faults(std::uint64_t seed) {
  constexpr std::uint64_t kKey = 0x6661756c7473;
  Random random(sim::mix(seed, kKey));
  std::vector<std::string> rules;
  for (const Draw& draw : kDraws) {
    const bool drawn = random.chance(50);
    const std::uint64_t per_thousand = 1 + random.below(draw.per_thousand_max);
    if (!drawn) continue;
    // A thousandth in digits: 7 is 0.007.
    const std::string digits = std::to_string(1'000 + per_thousand).substr(1);
    rules.push_back(std::string(draw.rule) + " probability=0." + digits);
  }
  draw_stops(random, rules);
  return rules;
}

SeedResult run_seed(std::uint64_t seed, const std::vector<std::string>& faults) {
  return SeedRun(seed, faults).run();
}

}  // namespace bf::test
