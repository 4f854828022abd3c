// tests/power/crash_states.h
//
// One world: the random run of a seed on a simulated disk, and the states that a power loss at each of
// its operations could leave, each recovered and held against the oracle of crash_world.h. Two states
// with the same bytes are tried once.
//
// What is checked of each state: a reader that recovers nothing sees a prefix of the commits, with live
// frames all that was acknowledged; recovery keeps a prefix that holds all that was acknowledged, with
// nothing invented, doubled or disordered; the gap index is the fold of the rows; every checksum holds.
// Of some: the power is lost again at each operation of the recovery; and what was lost is committed
// again, after which the content hash is that of a store that never lost power.
//
// Behind the run one file is damaged, and the power is lost at each operation of its repair: a second
// repair must end where an undisturbed one does, and with all commits fetched again the store must say
// what it said before the damage.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_set>

#include "store/repair.h"
#include "tests/store/crash_world.h"
#include "tests/store/weakened_files.h"

namespace bf::store::crash {

/// States that were tried, by what was interrupted.
struct StateCounts {
  std::uint64_t in_run = 0;
  std::uint64_t in_recovery = 0;
  std::uint64_t in_repair = 0;
  std::uint64_t rerun = 0;     ///< of in_run: and then run to the end
  std::uint64_t repeated = 0;  ///< equal to one that was tried: counted nowhere else
  std::uint64_t worlds = 0;

  [[nodiscard]] std::uint64_t all() const noexcept { return in_run + in_recovery + in_repair; }
};

/// What each series says of its first n commits, by (series, n): of a store that nothing happened to.
class ExpectedHashes {
 public:
  [[nodiscard]] Result<std::uint64_t> of(const Oracle& oracle, std::size_t series);

 private:
  std::map<std::pair<std::size_t, std::size_t>, std::uint64_t> known_;
};

/// Commits again what a recovered store has lost of the oracle's commits: the content must then be that of
/// a store that nothing happened to.
[[nodiscard]] Finding check_run_again(FileSystem& files, const Oracle& oracle,
                                      ExpectedHashes& expected);

class World {
 public:
  /// `counts` outlives it. With a deletion the run lacks a step of the protocol, for a control.
  World(std::uint64_t seed, StateCounts& counts, Deletion deletion = Deletion::kNone)
      : seed_(seed), counts_(counts), deletion_(deletion) {}

  /// Tries all states; the first violation, with what replays it, or empty.
  [[nodiscard]] Finding run();

 private:
  void lose_power(const SimFileSystem& files, const Operation& operation);
  Finding check_state(const SimDisk& crashed, bool nested, bool rerun);
  /// Commits all again.
  Finding check_healed(SimFileSystem& files);
  void damage_and_repair(const SimDisk& disk);
  void lose_power_in_repair(const SimFileSystem& files, std::uint64_t undisturbed);
  /// Whether these bytes were not tried yet.
  bool is_new(const SimDisk& disk) {
    const bool fresh = seen_.insert(disk.content_hash()).second;
    if (!fresh) ++counts_.repeated;
    return fresh;
  }

  std::uint64_t seed_;
  StateCounts& counts_;
  Deletion deletion_;
  Oracle oracle_;
  ExpectedHashes expected_;
  std::unordered_set<std::uint64_t> seen_;
  Finding finding_;
};

}  // namespace bf::store::crash
