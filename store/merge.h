// store/merge.h
//
// Many sorted sources of rows, some overlapping, as one sorted stream without duplicates. Where two or
// more have a row of the same open time, row_order.h says which stands; the others are handed along as
// losers. Scan, seal, statistics and the list of conflicts read through this.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/answer.h"
#include "store/base/columns.h"
#include "store/base/result.h"
#include "store/origin.h"

namespace bf::store {

/// A position in one sorted source of rows. The source's rows come in blocks; load() must have
/// succeeded before rows(), answer() and values() are asked for.
class Cursor {
 public:
  virtual ~Cursor() = default;

  /// Whether there is no current row.
  [[nodiscard]] bool done() const noexcept { return done_; }
  /// The current row's open time; known before it is loaded.
  [[nodiscard]] TimeMs time() const noexcept { return time_; }

  /// Makes rows() hold the current row at position().
  [[nodiscard]] virtual Result<void> load() = 0;
  [[nodiscard]] const CandleBatch& rows() const noexcept { return *rows_; }
  [[nodiscard]] std::size_t position() const noexcept { return position_; }
  /// Steps over `count` rows of the loaded block.
  virtual void advance(std::size_t count) = 0;

  /// The origin of row `position` of the block.
  [[nodiscard]] virtual Result<RowOrigin> origin(std::size_t position) = 0;
  /// row_values() of the current row with all of its columns, whichever were asked for.
  [[nodiscard]] virtual Result<std::string> values() = 0;
  /// Swaps the loaded block into `out` where the cursor owns it; false where it does not. rows() is
  /// then gone, advance() is the only call left for this block.
  [[nodiscard]] virtual bool take(CandleBatch& out) = 0;
  /// Exchanges `memory` with that for the next block, where the cursor decodes blocks and none is loaded:
  /// so that a caller who takes one block after the other has them all in the same memory.
  virtual void lend(CandleBatch& memory) = 0;

 protected:
  const CandleBatch* rows_ = nullptr;
  std::size_t position_ = 0;
  TimeMs time_ = 0;
  bool done_ = false;
};

/// Rows [begin, end) of the cursor's block stand. With losers it is one row, and each loser's current
/// row has the same open time. Valid until the next call of Merge::next().
struct Slice {
  Cursor* cursor = nullptr;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::vector<Cursor*> losers;
};

class Merge {
 public:
  /// Rows with open times before `to`; the cursors stand at their first row already.
  Merge(std::vector<std::unique_ptr<Cursor>> cursors, TimeMs to, std::string own_exchange);

  /// The next rows that stand; false at the end. Errors: what the cursors return; the end then.
  [[nodiscard]] Result<bool> next(Slice& slice);
  /// Lends `memory` to the source of the next row.
  void lend(CandleBatch& memory);

 private:
  using Entry = std::pair<TimeMs, std::size_t>;  // open time, index into cursors_
  void push(std::size_t index);
  [[nodiscard]] std::size_t pop();
  void step_over();
  [[nodiscard]] Result<bool> stands_against(Cursor& a, Cursor& b) const;
  [[nodiscard]] Result<bool> resolve(Slice& slice, std::vector<std::size_t>& tied);

  std::vector<std::unique_ptr<Cursor>> cursors_;
  std::vector<Entry> heap_;
  std::vector<std::pair<std::size_t, std::size_t>> used_;  // cursor and rows of the last slice
  TimeMs to_;
  std::string own_exchange_;
};

}  // namespace bf::store
