// store/segment_writer.h
//
// Writes one segment file, rows in order, and remembers enough of what it was given to check the file
// against it afterwards: bad memory or a fault in the codec must not become permanent.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/base/file_system.h"
#include "store/base/series.h"
#include "store/held_slots.h"
#include "store/manifest.h"
#include "store/row_codec.h"
#include "store/segment_format.h"
#include "store/store.h"

namespace bf::store {

class SegmentWriter {
 public:
  struct Identity {
    Series series;
    Uuid series_uuid{};
    std::uint32_t id = 0;
    std::uint64_t generation = 0;
    std::uint64_t first_sequence = 0;
    std::uint64_t last_sequence = 0;
    std::vector<std::uint32_t> supersedes{};  ///< ids of the segments that it replaces, rising
  };
  /// Where rows came from: answers[answer], asked for at `asked_at`.
  struct Origin {
    std::uint32_t answer = 0;
    TimeMs asked_at = 0;
  };

  /// Requires: `file` is new and outlives the writer. `answers` are all that rows and revisions name.
  SegmentWriter(File& file, Identity identity, std::vector<Answer> answers);

  /// Adds rows [begin, end), which came from `origin`, behind those before them.
  /// Errors: kNoSpace, kIo.
  [[nodiscard]] Result<void> add_rows(const CandleBatch& rows, std::size_t begin, std::size_t end,
                                      Origin origin);
  /// Records a row that lost. Open times do not fall.
  void add_revision(TimeMs open_time, Origin winner, std::string_view winner_values, Origin loser,
                    std::string_view loser_values);
  /// Writes what is left, the parts and the trailer; without a sync.
  /// Errors: kNoSpace, kIo; kLimit when a part exceeds its bound.
  [[nodiscard]] Result<SegmentEntry> finish();

  /// Reads the finished file back from `path` and compares everything in it with what was added.
  /// Errors: kCorrupt when they differ, kIo.
  [[nodiscard]] Result<void> check_written(FileSystem& files, const std::string& path) const;

 private:
  /// Sums of a column's values that are the same at every scale, times a power of ten.
  struct BlockSums {
    ColumnSet columns;
    std::array<std::uint64_t, kColumnCount> sums{};
    std::array<int, kColumnCount> scales{};
  };
  [[nodiscard]] static BlockSums sums_of(const CandleBatch& rows);
  [[nodiscard]] static bool same_sums(const BlockSums& a, const BlockSums& b);

  [[nodiscard]] Result<void> flush();
  [[nodiscard]] Result<void> write(std::span<const std::byte> bytes);
  [[nodiscard]] Result<void> write_part(Part part, std::span<const std::byte> raw);
  [[nodiscard]] Bytes coverage_bytes() const;
  [[nodiscard]] Bytes run_bytes() const;
  [[nodiscard]] Place place(std::uint64_t offset) const;
  [[nodiscard]] bool is_own(std::uint32_t answer) const {
    return answers_[answer].exchange == identity_.series.instrument.exchange;
  }

  File& file_;
  Identity identity_;
  std::vector<Answer> answers_;
  RowCodec codec_;
  CandleBatch block_;
  Bytes buffer_;
  std::uint64_t offset_ = 0;
  SegmentTrailer trailer_;
  SegmentEntry entry_;

  Bytes index_;
  Bytes revisions_;
  std::vector<AnswerRun> runs_;
  std::vector<WideValue> wide_;
  std::vector<OddCloseTime> odd_close_times_;
  SlotCollector slots_;
  std::vector<BlockSums> sums_;
};

}  // namespace bf::store
