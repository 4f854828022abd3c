#include "tests/fuzz/segment_pieces.h"

#include <algorithm>
#include <cstring>

#include "store/base/assert.h"
#include "store/lz4_bytes.h"
#include "store/store.h"

namespace bf::store::fuzz {
namespace {

constexpr std::size_t kEnds = sizeof(SegmentHeader) + sizeof(SegmentTrailer);

template <class T>
T read_struct(std::span<const std::byte> bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}
template <class T>
void write_struct(Bytes& bytes, std::size_t at, const T& value) {
  std::memcpy(bytes.data() + at, &value, sizeof(value));
}

Place place(const SegmentHeader& header, std::uint64_t offset) {
  return Place{header.series_uuid, Unit::kSegment, header.id, offset};
}

/// What an index adds up to.
struct IndexSums {
  std::uint32_t rows = 0;
  std::uint32_t blocks = 0;
  TimeMs first_open = 0;
  TimeMs last_open = -1;
};

TimeMs plus(TimeMs a, std::uint64_t b) {
  return static_cast<TimeMs>(static_cast<std::uint64_t>(a) + b);
}

/// Writes the checksum of each column into the index, as far as the index can be read.
IndexSums repair_index(std::span<std::byte> index, std::span<const std::byte> file,
                       const SegmentHeader& header) {
  IndexSums sums;
  ByteReader in(index);
  std::size_t at = sizeof(SegmentHeader);
  while (in.remaining() > 0) {
    const auto rows = static_cast<std::uint32_t>(in.varint());
    const std::uint64_t columns = in.varint();
    const std::uint64_t ahead = static_cast<std::uint64_t>(in.signed_varint());
    const TimeMs first = plus(sums.blocks == 0 ? 0 : sums.last_open, ahead);
    const TimeMs last = plus(first, in.varint());
    for (std::size_t i = 0; i < kColumnCount; ++i) {
      if ((columns >> i & 1U) == 0) continue;
      const Result<ColumnBlock> column = read_column_block(in);
      if (!column || column->size > file.size() - at) return sums;
      const std::uint64_t hash = checksum(file.subspan(at, column->size), place(header, at));
      const std::size_t hash_at = index.size() - in.remaining();
      if (in.take(sizeof(hash)).empty()) return sums;
      std::memcpy(index.data() + hash_at, &hash, sizeof(hash));
      at += column->size;
    }
    if (!in.ok()) return sums;
    if (sums.blocks++ == 0) sums.first_open = first;
    sums.last_open = last;
    sums.rows += rows;
  }
  return sums;
}

std::uint32_t count_answers(std::span<const std::byte> coverage) {
  ByteReader in(coverage);
  static_cast<void>(in.string(coverage.size()));
  for (std::size_t left = in.count(1); left > 0; --left) static_cast<void>(in.varint());
  return static_cast<std::uint32_t>(in.varint());
}

void repair_ends(Bytes& file, SegmentHeader header, SegmentTrailer trailer) {
  const std::size_t trailer_at = file.size() - sizeof(trailer);
  header.header_hash =
      checksum(bytes_of(header).first(offsetof(SegmentHeader, header_hash)), place(header, 0));
  trailer.trailer_hash = checksum(bytes_of(trailer).first(offsetof(SegmentTrailer, trailer_hash)),
                                  place(header, trailer_at));
  write_struct(file, 0, header);
  write_struct(file, trailer_at, trailer);
}

bool inside(const PartEntry& part, std::size_t file_size) {
  return part.offset <= file_size && part.size <= file_size - part.offset;
}

}  // namespace

SegmentEntry entry_of(std::span<const std::byte> file) {
  if (file.size() < kEnds) return {};
  const auto header = read_struct<SegmentHeader>(file, 0);
  const auto trailer = read_struct<SegmentTrailer>(file, file.size() - sizeof(SegmentTrailer));
  return SegmentEntry{.id = header.id,
                      .rows = trailer.rows,
                      .size = file.size(),
                      .trailer_hash = trailer.trailer_hash,
                      .first_sequence = header.first_sequence,
                      .last_sequence = header.last_sequence,
                      .first_open = trailer.first_open,
                      .last_open = trailer.last_open};
}

Uuid uuid_of(std::span<const std::byte> file) {
  if (file.size() < kEnds) return {};
  return read_struct<SegmentHeader>(file, 0).series_uuid;
}

void repair_segment(Bytes& file) {
  if (file.size() < kEnds) return;
  const auto header = read_struct<SegmentHeader>(file, 0);
  auto trailer = read_struct<SegmentTrailer>(file, file.size() - sizeof(SegmentTrailer));
  const PartEntry& index = trailer.parts[static_cast<std::size_t>(Part::kIndex)];
  if (inside(index, file.size()) && index.size == index.raw_size) {
    const Bytes before = file;
    repair_index(std::span(file).subspan(index.offset, index.size), before, header);
  }
  for (PartEntry& part : trailer.parts) {
    if (!inside(part, file.size())) continue;
    const auto bytes = std::span<const std::byte>(file).subspan(part.offset, part.size);
    part.hash = checksum(bytes, place(header, part.offset));
  }
  repair_ends(file, header, trailer);
}

std::vector<Bytes> pieces_of_segment(std::span<const std::byte> file) {
  BF_ASSERT(file.size() >= kEnds);
  const auto trailer = read_struct<SegmentTrailer>(file, file.size() - sizeof(SegmentTrailer));
  std::vector<Bytes> pieces(2);
  ByteWriter(pieces[0]).varint(trailer.revisions);
  const auto blocks =
      file.subspan(sizeof(SegmentHeader), trailer.parts.front().offset - sizeof(SegmentHeader));
  pieces[1].assign(blocks.begin(), blocks.end());
  for (const PartEntry& part : trailer.parts) {
    const auto stored = file.subspan(part.offset, part.size);
    Bytes raw(stored.begin(), stored.end());
    if (part.size < part.raw_size) {
      raw.resize(part.raw_size);
      BF_ASSERT(unpack(stored, raw));
    }
    pieces.push_back(std::move(raw));
  }
  return pieces;
}

Bytes segment_of_pieces(std::span<const Bytes> given, const Uuid& uuid, std::uint32_t id,
                        std::uint64_t sequence) {
  std::vector<Bytes> pieces(given.begin(), given.end());
  pieces.resize(kSegmentPieces);
  SegmentHeader header;
  header.version = kFormatVersion;
  header.series_uuid = uuid;
  header.id = id;
  header.first_sequence = header.last_sequence = sequence;
  Bytes file(sizeof(header));
  append_bytes(file, pieces[1]);
  const std::span<Bytes> parts = std::span(pieces).subspan(2);
  const IndexSums sums = repair_index(parts.front(), file, header);
  SegmentTrailer trailer;
  for (std::size_t i = 0; i < kPartCount; ++i) {
    const auto size = static_cast<std::uint32_t>(parts[i].size());
    const std::uint64_t hash = checksum(parts[i], place(header, file.size()));
    trailer.parts[i] = PartEntry{file.size(), size, size, hash};
    append_bytes(file, parts[i]);
  }
  ByteReader revisions(pieces[0]);
  trailer.rows = sums.rows;
  trailer.blocks = sums.blocks;
  trailer.first_open = sums.first_open;
  trailer.last_open = sums.last_open;
  trailer.answers = count_answers(parts[static_cast<std::size_t>(Part::kCoverage)]);
  trailer.revisions = static_cast<std::uint32_t>(revisions.varint());
  file.resize(file.size() + sizeof(trailer));
  repair_ends(file, header, trailer);
  return file;
}

}  // namespace bf::store::fuzz
