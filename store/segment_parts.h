// store/segment_parts.h
//
// What the parts behind a segment's blocks say. Bytes in, values out: whoever has read a part and
// found its checksum right has it decoded here, and adds the file's name to what is wrong. However
// hostile the bytes, nothing is allocated that they do not pay for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "store/answer.h"
#include "store/base/series.h"
#include "store/bytes.h"
#include "store/held_slots.h"
#include "store/origin.h"
#include "store/row_codec.h"
#include "store/segment_format.h"

namespace bf::store {

/// A block as the index has it.
struct SegmentBlock {
  BlockEntry entry;
  std::uint32_t first_row = 0;  ///< in the segment
  EncodedRows encoded;
  std::array<std::uint64_t, kColumnCount> hashes{};
};
/// Its bytes: its columns lie one behind the other.
[[nodiscard]] std::uint64_t size_of(const SegmentBlock& block) noexcept;

struct SegmentCoverage {
  std::vector<Answer> answers;
  std::vector<std::uint32_t> supersedes;  ///< ids, rising
  HeldSlots held;
};

/// What no mantissa and no rule holds, by row of the segment.
struct SegmentExceptions {
  std::vector<WideValue> wide;
  std::vector<OddCloseTime> odd_close_times;
};

// Errors of all: kCorrupt where the bytes contradict themselves or the trailer; kFormat where they name
// columns that this build does not know. The file is not named.

/// The part kIndex: the blocks by open time, from the end of the header to where the part begins.
[[nodiscard]] Result<std::vector<SegmentBlock>> decode_index(std::span<const std::byte> bytes,
                                                             const SegmentTrailer& trailer);
/// The part kCoverage of segment `id` of `series`.
[[nodiscard]] Result<SegmentCoverage> decode_coverage(std::span<const std::byte> bytes,
                                                      const SegmentTrailer& trailer,
                                                      const Series& series, std::uint32_t id);
/// The part kRuns: they cover all rows, and name answers that there are.
[[nodiscard]] Result<std::vector<AnswerRun>> decode_runs(std::span<const std::byte> bytes,
                                                         const SegmentTrailer& trailer);
/// The part kExceptions.
[[nodiscard]] Result<SegmentExceptions> decode_exceptions(std::span<const std::byte> bytes,
                                                          const SegmentTrailer& trailer);
/// The part kRevisions, by open time. They point into `answers`, which are those of the coverage.
[[nodiscard]] Result<std::vector<Loss>> decode_losses(std::span<const std::byte> bytes,
                                                      const SegmentTrailer& trailer,
                                                      std::span<const Answer> answers);

}  // namespace bf::store
