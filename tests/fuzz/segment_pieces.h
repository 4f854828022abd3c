// tests/fuzz/segment_pieces.h
//
// Segments for the fuzzer: a file whose checksums are made to fit after a mutation, and a form in which
// blocks and parts lie unpacked and apart, so that one may grow without moving the others.
#pragma once

#include <span>

#include "store/segment_format.h"
#include "tests/fuzz/fuzz_store.h"

namespace bf::store::fuzz {

/// What the manifest would say of the file: taken from its own header and trailer. Zero where it is too
/// short for them.
[[nodiscard]] SegmentEntry entry_of(std::span<const std::byte> file);
[[nodiscard]] Uuid uuid_of(std::span<const std::byte> file);

/// Computes every checksum of a segment file again, wherever its sizes and offsets point.
void repair_segment(Bytes& file);

/// Pieces of one segment: the count of revisions, the blocks, and the parts.
inline constexpr std::size_t kSegmentPieces = 2 + kPartCount;
/// The pieces of a file; parts unpacked.
[[nodiscard]] std::vector<Bytes> pieces_of_segment(std::span<const std::byte> file);
/// The segment that pieces_of_segment() came from, or a file like it; missing pieces are empty. Counts
/// and times of the trailer are those of the index.
[[nodiscard]] Bytes segment_of_pieces(std::span<const Bytes> given, const Uuid& uuid,
                                      std::uint32_t id, std::uint64_t sequence);

}  // namespace bf::store::fuzz
