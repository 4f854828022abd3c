// tests/endurance/every_byte_test.cpp
//
// Goal: wherever an answer of any exchange breaks off, by an end, a reset or silence, nothing of the page is
// stored, the next one gives the truth, and silence is noticed within its deadline. Method: each symbol of
// a run loses one small page behind a byte of its own; one run after the other, until every byte had its
// turn; with a sanitizer some, unless BF_FAULT_STRIDE=1 asks for all.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "engine/sim/generated_truth.h"
#include "tests/backfill/sim_world.h"
#include "tests/endurance/sanitized.h"

namespace bf::test {
namespace {

using backfill::Exit;

constexpr std::size_t kSymbols = 50;
constexpr DurationMs kPageMs = 5 * kMinuteMs;
constexpr std::int64_t kPageRows = 5;
constexpr TimeMs kFirst = kWorldBegin - 3 * kDayMs;
constexpr std::uint64_t kHeadBytesMax = 400;
constexpr std::int64_t kLatencyNs = 5'000'000;
constexpr std::int64_t kIdleNs = 10'000'000'000;  // HttpTimeouts
constexpr std::int64_t kOvershootNsMax = 250'000'000;
constexpr std::int64_t kNsPerMs = 1'000'000;

std::uint64_t stride() {
  const char* const asked = std::getenv("BF_FAULT_STRIDE");
  return asked == nullptr ? (kSanitized ? 7 : 1)
                          : std::max(1ULL, std::strtoull(asked, nullptr, 10));
}

class EveryByte : public ::testing::TestWithParam<sim::Market> {
 protected:
  EveryByte() : truth_(options()), world_(truth_, world_options()) {
    name_ = std::string(sim::market_name(GetParam()));
    for (const sim::SimInstrument& instrument : truth_.instruments(GetParam())) {
      symbols_.push_back(instrument.symbol);
    }
    world_.observer().heard = [this](const backfill::Event& event) {
      if (event.type == backfill::Event::Type::kRetry) retries_ns_.push_back(world_.now_ns());
    };
  }

  static sim::GeneratedOptions options() {
    sim::GeneratedOptions options;
    options.symbols = kSymbols;
    options.markets = {GetParam()};
    options.outage_every_days = 0;
    options.life.from = kFirst - kDayMs;
    return options;
  }
  static WorldOptions world_options() {
    WorldOptions options;
    options.latency_ns = kLatencyNs;
    return options;
  }

  /// Where the page of the nth run lies.
  static TimeRange page(std::int64_t run) {
    return {kFirst + run * kPageMs, kFirst + (run + 1) * kPageMs};
  }

  /// Fetches the page of this run, once with `fault` behind a byte of its own for each symbol.
  void run_pages(std::int64_t run, const std::string& fault, std::uint64_t first_byte) {
    std::string rules;
    std::uint64_t byte = first_byte;
    for (const std::string& symbol : symbols_) {
      rules.append("klines times=1 symbol=").append(symbol);
      rules.append(" covers=").append(std::to_string(page(run).from)).append(" ");
      rules.append(fault).append("=").append(std::to_string(byte)).append("\n");
      byte += stride();
    }
    world_.set_faults(fault.empty() ? "" : rules);
    world_.sleep(kMinuteMs);  // the limits do not know of the run before
    backfill::RunOptions options = world_.options(name_, symbols_, page(run));
    options.series_at_once = kSymbols;
    retries_ns_.clear();
    began_ms_ = world_.now();
    began_ns_ = world_.now_ns();
    requests_before_ = world_.ledger().entries().size();
    const backfill::RunReport report = world_.run(options);
    EXPECT_EQ(backfill::exit_code(report, /*strict=*/true), Exit::kComplete) << failures_of(report);
    for (const backfill::SeriesReport& series : report.series) {
      EXPECT_EQ(series.rows_stored, kPageRows) << series.series.name();
      EXPECT_EQ(series.rows_rejected + series.conflicts, 0) << series.series.name();
    }
  }

  /// Goes through all bytes of a page's answer.
  void every_byte(const std::string& fault) {
    run_pages(0, "", 0);  // finds out when symbols were listed
    if (HasFailure()) return;
    std::int64_t run = 1;
    std::uint64_t bytes = kHeadBytesMax;
    for (std::uint64_t byte = 0; byte < bytes; byte += kSymbols * stride(), ++run) {
      run_pages(run, fault, byte);
      for (const sim::LedgerEntry& entry : hits()) {
        bytes = std::max(bytes, entry.bytes + kHeadBytesMax);
      }
      EXPECT_EQ(hits().size(), kSymbols);
      if (fault == "stall") {
        const bool within = byte + kHeadBytesMax < bytes;
        EXPECT_EQ(retries_ns_.empty() && within, false) << "nothing fell silent";
        expect_in_time();
      }
      if (HasFailure()) return;
    }
    RecordProperty("bytes", static_cast<int>(bytes));
    EXPECT_GT(bytes, kHeadBytesMax + 200) << "a page was looked at";
    for (const std::string& symbol : symbols_) {
      const TimeRange all = {kFirst, page(run - 1).to};
      EXPECT_EQ(world_.difference(world_.series(name_, symbol), all), "") << symbol;
    }
    EXPECT_EQ(world_.ledger().counters().limited, 0U);
  }

  /// What the faults of this run hit.
  [[nodiscard]] std::vector<sim::LedgerEntry> hits() const {
    std::vector<sim::LedgerEntry> hit;
    const auto entries = world_.ledger().entries();
    for (std::size_t i = requests_before_; i < entries.size(); ++i) {
      if (!entries[i].faults.empty()) hit.push_back(entries[i]);
    }
    return hit;
  }

  /// Each silence came to an end at its deadline: so long before, something was asked for.
  void expect_in_time() {
    const auto entries = world_.ledger().entries().subspan(requests_before_);
    for (const std::int64_t retry_ns : retries_ns_) {
      const bool in_time = std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
        const std::int64_t asked_ns = began_ns_ + (entry.at - began_ms_) * kNsPerMs;
        const std::int64_t over_ns = retry_ns - asked_ns - kIdleNs;
        return over_ns >= -2 * kLatencyNs && over_ns <= 2 * kLatencyNs + kOvershootNsMax;
      });
      EXPECT_TRUE(in_time) << (retry_ns - began_ns_) / kNsPerMs << " ms into the run";
    }
  }

  sim::GeneratedTruth truth_;
  SimWorld world_;
  std::string name_;
  std::vector<std::string> symbols_;
  std::vector<std::int64_t> retries_ns_;
  TimeMs began_ms_ = 0;
  std::int64_t began_ns_ = 0;
  std::size_t requests_before_ = 0;
};

TEST_P(EveryByte, ACutLeavesNothingOfThePage) { every_byte("cut"); }
TEST_P(EveryByte, AResetLeavesNothingOfThePage) { every_byte("reset"); }
TEST_P(EveryByte, SilenceIsNoticedInTime) { every_byte("stall"); }

INSTANTIATE_TEST_SUITE_P(Exchanges, EveryByte,
                         ::testing::Values(sim::Market::kUm, sim::Market::kOkxSwap,
                                           sim::Market::kBybitLinear, sim::Market::kBlofinSwap,
                                           sim::Market::kBitunixFutures,
                                           sim::Market::kDeribitFutures, sim::Market::kYahooChart),
                         [](const auto& tested) {
                           const std::string_view name = sim::market_name(tested.param);
                           return std::string(name.substr(0, name.find('/')));
                         });

}  // namespace
}  // namespace bf::test
