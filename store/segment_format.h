// store/segment_format.h
//
// The fixed structs of a segment file. docs/format.md, "Segment", has the picture.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "store/base/time.h"
#include "store/checksum.h"
#include "store/column_codec.h"

namespace bf::store {

/// Rows of a full block. Blocks end earlier at the end of the segment, where the columns change, and
/// where no one scale holds the values of a column.
inline constexpr std::uint32_t kBlockRows = 2048;
/// Bounds of what a reader believes.
inline constexpr std::uint32_t kSegmentRowsMax = 1U << 22;
inline constexpr std::uint32_t kSegmentAnswersMax = 1U << 18;
inline constexpr std::uint32_t kPartRawBytesMax = 64U << 20;

inline constexpr std::array<char, 4> kSegmentMagic = {'B', 'F', 'S', 'G'};
inline constexpr std::array<char, 4> kTrailerMagic = {'B', 'F', 'S', 'T'};

struct SegmentHeader {
  std::array<char, 4> magic = kSegmentMagic;
  std::uint32_t version = 0;
  Uuid series_uuid{};
  std::uint32_t id = 0;
  std::uint32_t flags = 0;
  std::uint64_t generation = 0;  ///< of the manifest that named it first
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t header_hash = 0;  ///< of the bytes before it
};
static_assert(sizeof(SegmentHeader) == 64 && std::is_trivially_copyable_v<SegmentHeader>);
static_assert(offsetof(SegmentHeader, header_hash) == 56);

/// The parts behind the blocks, in the order of the file. The numbers index SegmentTrailer::parts.
enum class Part : std::uint8_t { kIndex, kCoverage, kRuns, kExceptions, kRevisions };
inline constexpr std::size_t kPartCount = 5;

struct PartEntry {
  std::uint64_t offset = 0;
  std::uint32_t size = 0;  ///< as stored; equal to raw_size where it is not packed
  std::uint32_t raw_size = 0;
  std::uint64_t hash = 0;  ///< of the stored bytes
};
static_assert(sizeof(PartEntry) == 24);

struct SegmentTrailer {
  std::array<PartEntry, kPartCount> parts{};
  std::uint32_t rows = 0;
  std::uint32_t blocks = 0;
  TimeMs first_open = 0;  ///< 0 and -1 without rows
  TimeMs last_open = -1;
  std::uint32_t answers = 0;
  std::uint32_t revisions = 0;
  std::uint32_t flags = 0;
  std::array<char, 4> magic = kTrailerMagic;
  std::uint64_t trailer_hash = 0;  ///< of the bytes before it; through the parts' hashes, of all
};
static_assert(sizeof(SegmentTrailer) == 168 && std::is_trivially_copyable_v<SegmentTrailer>);
static_assert(offsetof(SegmentTrailer, rows) == 120);
static_assert(offsetof(SegmentTrailer, trailer_hash) == 160);

/// One block, as the index says it. Its columns lie at `offset` one behind the other, by number.
struct BlockEntry {
  std::uint64_t offset = 0;  ///< not written: blocks lie one behind the other
  std::uint32_t rows = 0;
  TimeMs first_open = 0;
  TimeMs last_open = 0;
};

/// Rows [the run before's end, row_end) of a segment came with answer `answer`, asked for at `asked_at`:
/// the answer may stand for several that were asked one after the other (answer_merge.h).
struct AnswerRun {
  std::uint32_t row_end = 0;
  std::uint32_t answer = 0;
  TimeMs asked_at = 0;
  friend bool operator==(const AnswerRun&, const AnswerRun&) = default;
};

}  // namespace bf::store
