// tests/endurance/swarm/swarm_seed.h
//
// One seed of the swarm: a market, its truth, a range, a mixture of faults, sources that stop and start,
// and a run that is interrupted, killed and begun again on the same store until the faults are over. Then
// one run has to complete everything, and the store is held against the truth, digit for digit.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bf::test {

struct SeedResult {
  std::string market;
  std::uint64_t trace = 0;  ///< of every request and answer, with its time, status and bytes
  std::int64_t rows_compared = 0;
  std::int64_t requests = 0;
  std::int64_t runs = 0;
  std::int64_t interrupted = 0;  ///< runs that a signal ended
  std::int64_t killed = 0;       ///< runs whose process died in an operation of its disk
  std::int64_t limited = 0;      ///< requests over a limit of the exchange
  std::int64_t out_of_turn = 0;  ///< requests sent into a pause that was told
  std::int64_t virtual_ms = 0;
  std::map<std::string, std::int64_t> faults;  ///< answers that were hit, by kind
  std::vector<std::string> findings;           ///< what is wrong; empty: nothing
};

/// The faults that `seed` draws, a rule each (engine/sim/faults.h): each kind in half of the seeds.
[[nodiscard]] std::vector<std::string> drawn_faults(std::uint64_t seed);

/// Runs `seed` with these faults.
[[nodiscard]] SeedResult run_seed(std::uint64_t seed, const std::vector<std::string>& faults);

}  // namespace bf::test
