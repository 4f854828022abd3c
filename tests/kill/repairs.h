// tests/kill/repairs.h
//
// A store that was damaged, repaired as `bf-verify scrub --repair` does it, held against the pages that it
// was made of, and completed.
#pragma once

#include <set>
#include <string>

#include "tests/kill/life.h"

namespace bf::store::crash {

/// Damages the store of `pages` in the directory `store`: STORE, the ledger where there is one, a manifest,
/// a segment and a log.
void damage_store(const std::string& store, const Oracle& pages);

class Repairs {
 public:
  /// `files` outlives it.
  Repairs(FileSystem& files, Oracle pages) : files_(files), pages_(std::move(pages)) {}

  /// Repairs the root and every series; they are whole then.
  Finding repair_all();
  /// Rows are those that the gap index knows, and each is true. With a writer, which recovers the log,
  /// what was said to be whole is.
  Finding check(const Said& said, StoreOptions::Mode mode);
  /// Commits what the damage took, and says on stdout what is durable, where it is asked to.
  Finding fetch_again(bool says);

 private:
  Finding check_one(const Store& store, std::size_t i, const std::set<std::size_t>& whole) const;
  Finding fetch_series(SeriesWriter& writer, std::size_t i, bool says);

  FileSystem& files_;
  ManualClock clock_{kAskedAt};
  Oracle pages_;
  std::set<std::string> synced_directories_;
};

}  // namespace bf::store::crash
