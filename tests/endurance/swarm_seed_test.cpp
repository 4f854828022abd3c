// tests/endurance/swarm_seed_test.cpp
//
// Goal: any mixture of faults, on any market, with sources that stop and start and runs that are
// interrupted and killed, leaves the truth; the same seed is the same run. Method: some seeds of what
// swarm_runs runs by the thousand. BF_SWARM_SEEDS sets how many.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/endurance/sanitized.h"
#include "tests/endurance/swarm/swarm_seed.h"

namespace bf::test {
namespace {

constexpr std::uint64_t kSeeds = kSanitized ? 10 : 200;
constexpr std::uint64_t kFirst = 1'000'000;  // others than those that swarm_runs begins with
constexpr std::uint64_t kParts = 4;          // tests that run side by side

class SwarmSeeds : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(SwarmSeeds, LeaveTheTruth) {
  const char* const asked = std::getenv("BF_SWARM_SEEDS");
  const std::uint64_t seeds = asked == nullptr ? kSeeds : std::strtoull(asked, nullptr, 10);
  for (std::uint64_t seed = kFirst + GetParam(); seed < kFirst + seeds; seed += kParts) {
    SCOPED_TRACE("swarm_runs 1 " + std::to_string(seed));
    const SeedResult result = run_seed(seed, drawn_faults(seed));
    for (const std::string& finding : result.findings) ADD_FAILURE() << finding;
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, SwarmSeeds, ::testing::Range(std::uint64_t{0}, kParts));

TEST(SwarmSeed, TheSameSeedIsTheSameRun) {
  for (const std::uint64_t seed : {3U, 4U, 5U}) {
    EXPECT_EQ(run_seed(seed, drawn_faults(seed)).trace, run_seed(seed, drawn_faults(seed)).trace)
        << seed;
  }
  EXPECT_NE(run_seed(3, drawn_faults(3)).trace, run_seed(4, drawn_faults(4)).trace);
}

}  // namespace
}  // namespace bf::test
