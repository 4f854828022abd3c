// store/content_hash.h
//
// One number for what a series says, whatever way it came to say so: docs/format.md, "Content hash",
// has the bytes. Two stores of the same answers have the same hash, in whatever order these came and
// whatever was sealed and compacted between them.
#pragma once

#include <span>
#include <string>

#include "store/bytes.h"
#include "store/checksum.h"
#include "store/gap_index.h"
#include "store/merge.h"
#include "store/store.h"

namespace bf::store {

class ContentHash {
 public:
  /// The rows of a slice that stand, by open time, with all columns. Errors: what the cursor returns.
  [[nodiscard]] Result<void> add_rows(const Slice& slice);
  /// By open time and losing values.
  void add_conflict(const Loss& loss);
  /// What GapIndex::states() says.
  void add_states(std::span<const StateRange> states);

  [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }
  /// Of everything that was added. Called once, last.
  [[nodiscard]] std::uint64_t value();

 private:
  void add_row(const CandleBatch& rows, std::size_t row);
  void flush_rows();
  void end_source();

  Digest row_digest_;
  Digest source_digest_;
  Digest conflict_digest_;
  Digest state_digest_;
  Bytes buffer_;
  std::string source_;  ///< of the last row; its run is not in the digest yet
  std::uint64_t rows_ = 0;
};

}  // namespace bf::store
