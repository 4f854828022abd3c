// tests/store/damaged_store.h
//
// A store with every kind of file, of which everything is known, and what must hold when one of them was
// damaged and repaired.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "store/atomic_file.h"
#include "store/repair.h"
#include "tests/store/sample_rows.h"

namespace bf::store::test {

struct Truth {
  SimDisk disk;
  Rows rows;
  GapIndex gaps{kSeries};
};
/// Segments 1 (first span), 2 and 3 (second span), a log of three frames, a gap cache and a ledger.
[[nodiscard]] Truth make_truth();

[[nodiscard]] inline std::string path_of(const std::string& name) {
  return join_path(kSeries.path(), name);
}

/// Repairs the root and kSeries.
[[nodiscard]] Result<RepairReport> repair(SimFileSystem& files);

class DamagedStore : public ::testing::Test {
 protected:
  /// The damage is found in `file`, nothing is written by looking, and a repair leaves the truth
  /// without what it says is lost.
  void expect_repaired(SimFileSystem& files, const std::string& file, const std::string& how);
  static void expect_whole(SimFileSystem& files);
  /// Rows are those of the truth, and none is in `lost`; where that is known, nothing else is gone.
  /// What the truth has and the store has not is missing.
  void expect_nothing_falsely_absent(SimFileSystem& files, const RangeSet& lost,
                                     bool lost_is_known = true);
  /// Fetched anew, the store says what the truth says.
  void expect_healed(SimFileSystem& files);

  [[nodiscard]] Bytes bytes_at(const std::string& path) const;

  const Truth truth_ = make_truth();
  bool log_loss_ = false;       // frames of a log are lost: which slots, nobody can tell
  bool expect_losers_ = false;  // a row that lost may stand where the one that won was lost
};

}  // namespace bf::store::test
