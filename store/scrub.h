// store/scrub.h
//
// The files at the root of a store, examined and repaired: STORE, the ledger of instruments
// and the history of runs. The series are the matter of examine.h and repair.h.
#pragma once

#include <string>
#include <vector>

#include "store/base/clock.h"
#include "store/examine.h"

namespace bf::store {

struct RootScrub {
  std::vector<Finding> findings;
  std::vector<Finding> notes;
  std::vector<std::string> quarantined;  ///< by repair_root alone
  bool store_file_damaged = false;
  bool ledger_damaged = false;
  bool runs_damaged = false;
};

/// Reads only. Errors: kNotFound when there is neither STORE nor a series: no store of ours;
///                     kFormat when a file is intact and of a newer version; kIo.
[[nodiscard]] Result<RootScrub> scrub_root(FileSystem& files);

/// Repairs what scrub_root() finds. A new STORE gets a new UUID: it is of use to nothing but the UUIDs
/// of series to come. Of ledger and history the intact lines stay; a run records again what is asked of an
/// exchange anyway.
/// Requires: the caller holds the store's lock. Errors: as scrub_root; kNoSpace, kSyncFailed.
[[nodiscard]] Result<RootScrub> repair_root(FileSystem& files, const Clock& clock);

}  // namespace bf::store
