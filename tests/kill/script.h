// tests/kill/script.h
//
// The standard run that is killed at every system call which changes a disk: a store is made and filled
// over several lives of a writer (group commits, seals, compactions, closes), with a ledger of
// instruments and a ban beside it; then damaged and repaired. The pages are those of crash_world.h.
//
// A run is a list of steps that may be gone through again: what is held is not appended again, as a
// backfill plans anew from the gap index. So a run that was killed anywhere goes on by beginning anew.
#pragma once

#include <vector>

#include "tests/store/crash_world.h"

namespace bf::store::crash {

struct Step {
  enum class Kind : std::uint8_t {
    kOpen,     ///< the store, and a writer of each series
    kAppend,   ///< commits [first, first + count) of a series in one call, without a sync
    kSync,     ///< of a series
    kSeal,     ///< of a series
    kCompact,  ///< of a series
    kShut,     ///< closes all writers and the store
    kList,     ///< notes `count` instruments in the ledger
    kBan,      ///< notes a ban that ends in `count` minutes
  };
  Kind kind = Kind::kOpen;
  std::size_t series = 0;
  std::size_t first = 0;
  std::size_t count = 0;
};

struct Script {
  Oracle pages;  ///< of each series all commits that the steps make
  std::vector<Step> steps;
};

/// The same each time.
[[nodiscard]] Script make_script();

}  // namespace bf::store::crash
