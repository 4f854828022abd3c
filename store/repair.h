// store/repair.h
//
// Repair of one series: damaged files go aside, what is whole stays live, and nothing claims the slots
// that were lost, so that the next run fetches them. All of it only makes new names and ends in one
// rename of the manifest: a repair that is killed leaves the damage as it was, and is begun anew.
#pragma once

#include <string>
#include <vector>

#include "store/examine.h"
#include "store/recovery.h"

namespace bf::store {

/// What was found, and what was done about it.
struct RepairReport {
  std::vector<Finding> findings;
  std::vector<Finding> notes;
  RangeSet lost;
  std::vector<std::string> quarantined;  ///< paths of what was kept aside
  std::uint64_t segments_rewritten = 0;  ///< whole ones, for their answers claimed lost slots
  bool manifest_rebuilt = false;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

/// Examines the series and repairs what is damaged; writes nothing when all is whole.
///
/// Requires: the caller holds the store's lock, and no writer of the series is open.
/// A damaged log is recovered as by opening the series for writing, or takes part in the one switch
/// where another log is needed anyway.
/// Errors: as examine_series; kNoSpace, kIo, kSyncFailed: the series is as it was, or repaired.
[[nodiscard]] Result<RepairReport> repair_series(const SeriesHome& home, const Series& series);

}  // namespace bf::store
