// store/segment.h
//
// A Segment is one immutable file: the rows of one span of one series, sorted by open time, as columns
// of compressed blocks, with the answers that they came with. It may have answers and no rows: then it
// says that a range was asked for and nothing is there. The bytes are described in docs/format.md.
//
// Threads: const members may run on any number of threads; what is read on demand is guarded.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/answer.h"
#include "store/base/file_system.h"
#include "store/base/series.h"
#include "store/held_slots.h"
#include "store/manifest.h"
#include "store/origin.h"
#include "store/row_codec.h"
#include "store/segment_format.h"
#include "store/segment_parts.h"
#include "store/store.h"

namespace bf::store {

/// "0012.seg" for id 12.
[[nodiscard]] std::string segment_name(std::uint32_t id);

class Segment;
/// Where a segment belongs. One without rows says that a range was asked for in vain: it belongs where
/// that begins.
[[nodiscard]] TimeRange span_of_segment(Interval interval, const Segment& segment);

class Segment {
 public:
  /// Opens the file that `entry` of the manifest names, and reads its header, trailer and coverage by
  /// pread; blocks are mapped at the first touch. No content, however hostile, does worse than
  /// kFormat or kCorrupt. Once open, the segment stays readable when its file is unlinked.
  ///
  /// Requires: `files` outlives the segment.
  /// Errors: kNotFound  there is no such file (compacted meanwhile)
  ///         kIo, kFormat, kCorrupt; the path and what contradicts
  [[nodiscard]] static Result<std::shared_ptr<const Segment>> open(FileSystem& files,
                                                                   const Series& series,
                                                                   const Uuid& series_uuid,
                                                                   const SegmentEntry& entry);
  /// As open(), for a file whose name is not yet final.
  [[nodiscard]] static Result<std::shared_ptr<const Segment>> open_at(FileSystem& files,
                                                                      const std::string& path,
                                                                      const Series& series,
                                                                      const Uuid& series_uuid,
                                                                      const SegmentEntry& entry);

  [[nodiscard]] const SegmentEntry& entry() const noexcept { return entry_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const std::vector<Answer>& answers() const noexcept { return coverage_.answers; }
  /// The segments that it replaced, ids rising and smaller than its own. None of them is live with it.
  [[nodiscard]] const std::vector<std::uint32_t>& supersedes() const noexcept {
    return coverage_.supersedes;
  }
  /// The slots that hold a row.
  [[nodiscard]] const HeldSlots& held() const noexcept { return coverage_.held; }

  /// The blocks, by open time. Cost: the index is read once. Errors: kCorrupt, kIo.
  [[nodiscard]] Result<std::span<const SegmentBlock>> blocks() const;
  /// The answer of each run of rows; row_end of the last is the row count.
  [[nodiscard]] Result<std::span<const AnswerRun>> runs() const;
  /// Adds the slots of a block, of which `open_times` are the rows', to `slots`. Blocks come in their
  /// order; `run` is the place in `runs` where the last one ended, 0 at first.
  void collect_slots(const SegmentBlock& block, std::span<const TimeMs> open_times,
                     std::span<const AnswerRun> runs, std::size_t& run, SlotCollector& slots) const;
  /// Rows that lost against one of this segment's when it was written, by open time.
  [[nodiscard]] Result<std::vector<Conflict>> revisions() const;
  /// The same; they point into answers().
  [[nodiscard]] Result<std::vector<Loss>> losses() const;

  /// Decodes the stored columns of `wanted`, with the exceptions of the block's rows, into `out`.
  /// A column's checksum is checked at its first touch, or always where `always_check` says so.
  /// Requires: block < blocks()->size(). Errors: kCorrupt, kFormat, kIo.
  [[nodiscard]] Result<void> read_block(std::size_t block, ColumnSet wanted, RowCodec& codec,
                                        CandleBatch& out, bool always_check = false) const;

 private:
  struct Index {
    std::vector<SegmentBlock> blocks;
    SegmentExceptions exceptions;
    /// A bit for each column of a block whose checksum was seen to be right.
    std::unique_ptr<std::atomic<std::uint32_t>[]> checked;
  };

  Segment(FileSystem& files, std::string path, const Series& series, const Uuid& uuid,
          const SegmentEntry& entry)
      : files_(files), path_(std::move(path)), series_(series), uuid_(uuid), entry_(entry) {}

  [[nodiscard]] Result<void> read_ends();
  [[nodiscard]] Result<void> read_coverage();
  [[nodiscard]] Result<Bytes> read_part(Part part) const;
  [[nodiscard]] Result<const Index*> index() const;
  [[nodiscard]] Result<Index> read_index() const;
  [[nodiscard]] Result<std::span<const std::byte>> block_bytes(const SegmentBlock& block,
                                                               Bytes& scratch) const;
  [[nodiscard]] Result<ColumnBytes> checked_columns(const SegmentBlock& block,
                                                    std::span<const std::byte> bytes,
                                                    ColumnSet needed,
                                                    std::atomic<std::uint32_t>& checked,
                                                    bool always_check) const;
  static void append_exceptions(const SegmentExceptions& exceptions, const SegmentBlock& block,
                                CandleBatch& out);
  [[nodiscard]] Error corrupt(std::string_view what) const;

  FileSystem& files_;
  std::string path_;
  Series series_;
  Uuid uuid_;
  SegmentEntry entry_;
  std::unique_ptr<File> file_;
  SegmentTrailer trailer_;
  SegmentCoverage coverage_;

  mutable std::mutex mutex_;  // guards what is read on demand; each is set once and then only read
  mutable std::optional<Index> index_;
  mutable std::optional<std::vector<AnswerRun>> runs_;
  mutable std::unique_ptr<Mapping> mapping_;
};

}  // namespace bf::store
