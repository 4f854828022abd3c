// store/conflicts.h
//
// The rows that lost, of rows that are merged. Of one slot these are the different values that do not
// stand, each once, by the highest origin that had them (row_order.h): so they are the same whatever
// was sealed or compacted before, and in whatever order the rows came.
#pragma once

#include <string>
#include <vector>

#include "store/merge.h"
#include "store/store.h"

namespace bf::store {

class Conflicts {
 public:
  /// `revisions` are those of all segments that are merged, in any order.
  Conflicts(std::vector<Loss> revisions, std::string own_exchange);

  /// The conflicts of the next slice of the merge, by open time and losing values. Slices come in the
  /// order of the merge, with all columns. Errors: what the cursors return.
  [[nodiscard]] Result<std::vector<Loss>> of(const Slice& slice);
  /// Whether every revision has met its row. One that has not contradicts its segment.
  [[nodiscard]] bool finished() const noexcept { return next_ == revisions_.size(); }

 private:
  [[nodiscard]] Result<void> judge(const Slice& slice, std::size_t row, std::vector<Loss>& out);

  std::vector<Loss> revisions_;  // by open time
  std::size_t next_ = 0;         // the first that is not passed
  std::string own_exchange_;
};

}  // namespace bf::store
