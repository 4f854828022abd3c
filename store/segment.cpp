#include "store/segment.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "store/answer_codec.h"
#include "store/atomic_file.h"
#include "store/base/assert.h"
#include "store/format_version.h"
#include "store/lz4_bytes.h"
#include "store/range_codec.h"

namespace bf::store {
namespace {

constexpr std::size_t kValuesBytesMax = 16384;
constexpr std::size_t kAnswerBytesMin = 7;
/// Of a block of open times alone.
constexpr std::size_t kIndexEntryBytesMin = 19;

/// The bytes of a block: its columns lie one behind the other.
std::uint64_t block_size(const SegmentBlock& block) {
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (block.encoded.columns.contains(static_cast<Column>(i)))
      size += block.encoded.blocks[i].size;
  }
  return size;
}

}  // namespace

std::string segment_name(std::uint32_t id) {
  std::array<char, 24> name{};
  std::snprintf(name.data(), name.size(), "%04u.seg", id);
  return name.data();
}

TimeRange span_of_segment(Interval interval, const Segment& segment) {
  if (segment.entry().rows != 0) return span_of(interval, segment.entry().first_open);
  if (segment.answers().empty()) return span_of(interval, kTimeMin);
  return span_of(interval, segment.answers().front().asked.from);
}

Error Segment::corrupt(std::string_view what) const {
  return Error(Code::kCorrupt, path_ + ": " + std::string(what));
}

Result<std::shared_ptr<const Segment>> Segment::open(FileSystem& files, const Series& series,
                                                     const Uuid& series_uuid,
                                                     const SegmentEntry& entry) {
  return open_at(files, join_path(series.path(), segment_name(entry.id)), series, series_uuid,
                 entry);
}

Result<std::shared_ptr<const Segment>> Segment::open_at(FileSystem& files, const std::string& path,
                                                        const Series& series,
                                                        const Uuid& series_uuid,
                                                        const SegmentEntry& entry) {
  const std::shared_ptr<Segment> segment(new Segment(files, path, series, series_uuid, entry));
  Result<std::unique_ptr<File>> file = files.open(path, FileSystem::Open::kRead);
  if (!file) return fail(file.error());
  segment->file_ = std::move(*file);
  if (const Result<void> read = segment->read_ends(); !read) return fail(read.error());
  if (const Result<void> read = segment->read_coverage(); !read) return fail(read.error());
  return std::shared_ptr<const Segment>(segment);
}

Result<void> Segment::read_ends() {
  const Result<std::uint64_t> size = file_->size();
  if (!size) return fail(size.error());
  if (*size != entry_.size) {
    return fail(corrupt("has " + std::to_string(*size) + " bytes; the manifest says " +
                        std::to_string(entry_.size)));
  }
  SegmentHeader header;
  if (*size < sizeof(header) + sizeof(trailer_)) return fail(corrupt("too short for a segment"));
  if (const auto read = file_->pread(std::as_writable_bytes(std::span(&header, 1)), 0); !read) {
    return fail(read.error());
  }
  if (header.magic != kSegmentMagic) return fail(Code::kFormat, path_ + ": not a segment");
  if (const auto unreadable = unreadable_version(header.version)) {
    return fail(Code::kFormat, path_ + ": " + *unreadable);
  }
  const Place start{uuid_, Unit::kSegment, entry_.id, 0};
  const auto hashed = bytes_of(header).first(offsetof(SegmentHeader, header_hash));
  if (header.header_hash != checksum(hashed, start)) return fail(corrupt("the header is damaged"));
  const bool same = header.series_uuid == uuid_ && header.id == entry_.id && header.flags == 0 &&
                    header.first_sequence == entry_.first_sequence &&
                    header.last_sequence == entry_.last_sequence;
  if (!same) return fail(corrupt("the header is not what the manifest says"));

  const std::uint64_t at = *size - sizeof(trailer_);
  if (const auto read = file_->pread(std::as_writable_bytes(std::span(&trailer_, 1)), at); !read) {
    return fail(read.error());
  }
  const auto trailer = bytes_of(trailer_).first(offsetof(SegmentTrailer, trailer_hash));
  const bool intact =
      trailer_.trailer_hash == entry_.trailer_hash && trailer_.magic == kTrailerMagic &&
      trailer_.trailer_hash == checksum(trailer, Place{uuid_, Unit::kSegment, entry_.id, at});
  if (!intact) return fail(corrupt("the trailer is damaged"));
  if (trailer_.flags != 0)
    return fail(Code::kFormat, path_ + ": flags that this build does not know");
  if (trailer_.rows != entry_.rows || trailer_.first_open != entry_.first_open ||
      trailer_.last_open != entry_.last_open || trailer_.rows > kSegmentRowsMax) {
    return fail(corrupt("the trailer is not what the manifest says"));
  }
  return {};
}

Result<Bytes> Segment::read_part(Part part) const {
  const PartEntry& entry = trailer_.parts[static_cast<std::size_t>(part)];
  const std::uint64_t end = entry_.size - sizeof(trailer_);
  const bool bounded = entry.offset >= sizeof(SegmentHeader) && entry.offset <= end &&
                       entry.size <= end - entry.offset && entry.raw_size <= kPartRawBytesMax &&
                       plausible_sizes(entry.size, entry.raw_size);
  if (!bounded) return fail(corrupt("a part lies outside of the file"));
  Bytes stored(entry.size);
  if (const Result<void> read = file_->pread(stored, entry.offset); !read)
    return fail(read.error());
  if (entry.hash != checksum(stored, Place{uuid_, Unit::kSegment, entry_.id, entry.offset})) {
    return fail(corrupt("damaged at byte " + std::to_string(entry.offset)));
  }
  if (entry.size == entry.raw_size) return stored;
  Bytes raw(entry.raw_size);
  if (const Result<void> unpacked = unpack(stored, raw); !unpacked) {
    return fail(unpacked.error().at(path_));
  }
  return raw;
}

Result<void> Segment::read_coverage() {
  const Result<Bytes> bytes = read_part(Part::kCoverage);
  if (!bytes) return fail(bytes.error());
  ByteReader in(*bytes);
  constexpr std::size_t kPathBytesMax = 512;
  if (in.string(kPathBytesMax) != series_.path()) {
    return fail(corrupt("it belongs to another series"));
  }
  for (std::size_t left = in.count(1); left > 0; --left) {
    const std::uint64_t id = in.varint();
    const std::uint32_t before = supersedes_.empty() ? 0 : supersedes_.back();
    if (!in.ok() || id <= before || id >= entry_.id) {
      return fail(corrupt("the list of segments that it supersedes contradicts itself"));
    }
    supersedes_.push_back(static_cast<std::uint32_t>(id));
  }
  const std::size_t answers = in.count(kAnswerBytesMin);
  if (answers > kSegmentAnswersMax) return fail(corrupt("it counts more answers than are written"));
  for (std::size_t i = 0; i < answers; ++i) {
    Result<Answer> answer = read_answer(in);
    if (!answer) return fail(answer.error().at(path_));
    answers_.push_back(std::move(*answer));
  }
  for (RangeSet* const slots : {&held_.all, &held_.by_others}) {
    Result<RangeSet> held = read_ranges(in, trailer_.rows);
    if (!held) return fail(held.error().at(path_));
    *slots = std::move(*held);
  }
  if (!in.finished() || answers_.size() != trailer_.answers) {
    return fail(corrupt("the coverage contradicts itself"));
  }
  return {};
}

Result<const Segment::Index*> Segment::index() const {
  const std::scoped_lock lock(mutex_);
  if (!index_) {
    Result<Index> read = read_index();
    if (!read) return fail(read.error());
    index_ = std::move(*read);
  }
  return &*index_;
}

Result<SegmentBlock> Segment::read_index_entry(ByteReader& in, TimeMs last_open) const {
  SegmentBlock block;
  const std::uint64_t rows = in.varint();
  const std::uint64_t columns = in.varint();
  const std::int64_t ahead = in.signed_varint();
  const std::uint64_t length = in.varint();
  const auto calendar = static_cast<std::uint64_t>(kTimeMax);
  if (!in.ok() || rows == 0 || rows > kBlockRows || ahead < -kTimeMax || ahead > kTimeMax ||
      length > calendar) {
    return fail(corrupt("a block of the index contradicts itself"));
  }
  if (!go_together(columns) || (columns & 1U) == 0) {
    return fail(Code::kFormat, path_ + ": columns that this build does not know");
  }
  block.entry.rows = static_cast<std::uint32_t>(rows);
  block.entry.first_open = last_open + ahead;
  block.entry.last_open = block.entry.first_open + static_cast<TimeMs>(length);
  block.encoded.columns = ColumnSet::from_bits(static_cast<std::uint32_t>(columns));
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (!block.encoded.columns.contains(static_cast<Column>(i))) continue;
    const Result<ColumnBlock> column = read_column_block(in);
    if (!column) return fail(column.error().at(path_));
    block.encoded.blocks[i] = *column;
    block.hashes[i] = in.fixed<std::uint64_t>();
  }
  if (!in.ok()) return fail(corrupt("the index ends too early"));
  return block;
}

Result<Segment::Index> Segment::read_index() const {
  const Result<Bytes> bytes = read_part(Part::kIndex);
  if (!bytes) return fail(bytes.error());
  if (trailer_.blocks > bytes->size() / kIndexEntryBytesMin) {
    return fail(corrupt("the index is shorter than its count of blocks"));
  }
  Index index;
  index.blocks.reserve(trailer_.blocks);
  ByteReader in(*bytes);
  std::uint64_t rows = 0;
  std::uint64_t offset = sizeof(SegmentHeader);
  TimeMs last = 0;
  for (std::uint32_t i = 0; i < trailer_.blocks; ++i) {
    Result<SegmentBlock> block = read_index_entry(in, last);
    if (!block) return fail(block.error());
    BlockEntry& entry = block->entry;
    entry.offset = offset;
    const bool rises = i == 0 || last < entry.first_open;
    if (!rises || entry.first_open < 0 || entry.last_open >= kTimeMax) {
      return fail(corrupt("a block of the index contradicts the others"));
    }
    block->first_row = static_cast<std::uint32_t>(rows);
    rows += entry.rows;
    last = entry.last_open;
    offset += block_size(*block);
    index.blocks.push_back(*block);
  }
  const std::uint64_t blocks_end = trailer_.parts[static_cast<std::size_t>(Part::kIndex)].offset;
  const bool ends_agree =
      index.blocks.empty() ||
      (index.blocks.front().entry.first_open == trailer_.first_open && last == trailer_.last_open);
  if (!in.finished() || rows != trailer_.rows || offset != blocks_end || !ends_agree) {
    return fail(corrupt("the index contradicts the trailer"));
  }
  Result<Exceptions> exceptions = read_exception_part();
  if (!exceptions) return fail(exceptions.error());
  index.exceptions = std::move(*exceptions);
  index.checked = std::make_unique<std::atomic<std::uint32_t>[]>(index.blocks.size());
  return index;
}

Result<Segment::Exceptions> Segment::read_exception_part() const {
  const Result<Bytes> bytes = read_part(Part::kExceptions);
  if (!bytes) return fail(bytes.error());
  ByteReader in(*bytes);
  Exceptions exceptions;
  const Result<void> read =
      read_exceptions(in, kAllColumns, trailer_.rows, exceptions.wide, exceptions.odd_close_times);
  if (!read) return fail(read.error().at(path_));
  if (!in.finished()) return fail(corrupt("the exceptions are longer than their count"));
  return exceptions;
}

Result<std::span<const SegmentBlock>> Segment::blocks() const {
  const Result<const Index*> found = index();
  if (!found) return fail(found.error());
  return std::span<const SegmentBlock>((*found)->blocks);
}

Result<std::span<const AnswerRun>> Segment::runs() const {
  const std::scoped_lock lock(mutex_);
  if (!runs_) {
    Result<std::vector<AnswerRun>> read = read_runs();
    if (!read) return fail(read.error());
    runs_ = std::move(*read);
  }
  return std::span<const AnswerRun>(*runs_);
}

Result<std::vector<AnswerRun>> Segment::read_runs() const {
  const Result<Bytes> bytes = read_part(Part::kRuns);
  if (!bytes) return fail(bytes.error());
  ByteReader in(*bytes);
  std::vector<AnswerRun> runs;
  std::uint64_t row = 0;
  std::uint64_t asked_at = 0;  // unsigned: a hostile file may make it wrap
  for (std::size_t left = in.count(3); left > 0; --left) {
    const std::uint64_t length = in.varint();
    const std::uint64_t answer = in.varint();
    asked_at += static_cast<std::uint64_t>(in.signed_varint());
    if (!in.ok() || length == 0 || length > trailer_.rows - row || answer >= answers_.size()) {
      return fail(corrupt("the provenance contradicts itself"));
    }
    row += length;
    runs.push_back(AnswerRun{static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(answer),
                             static_cast<TimeMs>(asked_at)});
  }
  if (!in.finished() || row != trailer_.rows) {
    return fail(corrupt("the provenance does not cover the rows"));
  }
  return runs;
}

void Segment::collect_slots(const SegmentBlock& block, std::span<const TimeMs> open_times,
                            std::span<const AnswerRun> runs, std::size_t& run,
                            SlotCollector& slots) const {
  for (std::size_t at = 0; at < open_times.size();) {
    while (runs[run].row_end <= block.first_row + at) ++run;
    const std::size_t end =
        std::min<std::size_t>(open_times.size(), runs[run].row_end - block.first_row);
    const bool own = answers_[runs[run].answer].exchange == series_.instrument.exchange;
    slots.add(open_times.subspan(at, end - at), own);
    at = end;
  }
}

Result<std::vector<Conflict>> Segment::revisions() const {
  const Result<std::vector<Loss>> found = losses();
  if (!found) return fail(found.error());
  std::vector<Conflict> conflicts;
  conflicts.reserve(found->size());
  for (const Loss& loss : *found) conflicts.push_back(loss.conflict());
  return conflicts;
}

Result<std::vector<Loss>> Segment::losses() const {
  const Result<Bytes> bytes = read_part(Part::kRevisions);
  if (!bytes) return fail(bytes.error());
  ByteReader in(*bytes);
  std::vector<Loss> losses;
  for (std::uint32_t left = trailer_.revisions; left > 0; --left) {
    Loss loss;
    loss.open_time = in.signed_varint();
    for (RowOrigin* origin : {&loss.winner, &loss.loser}) {
      const std::uint64_t answer = in.varint();
      origin->asked_at = in.signed_varint();
      if (!in.ok() || answer >= answers_.size()) {
        return fail(corrupt("a revision contradicts itself"));
      }
      origin->answer = &answers_[static_cast<std::size_t>(answer)];
    }
    loss.winner_values = in.string(kValuesBytesMax);
    loss.loser_values = in.string(kValuesBytesMax);
    if (!in.ok() || (!losses.empty() && loss.open_time < losses.back().open_time)) {
      return fail(corrupt("a revision contradicts itself"));
    }
    losses.push_back(std::move(loss));
  }
  if (!in.finished()) return fail(corrupt("the revisions are longer than their count"));
  return losses;
}

Result<std::span<const std::byte>> Segment::block_bytes(const SegmentBlock& block,
                                                        Bytes& scratch) const {
  const auto size = static_cast<std::size_t>(block_size(block));
  {
    const std::scoped_lock lock(mutex_);
    if (!mapping_) {
      Result<std::unique_ptr<Mapping>> mapped = files_.map(path_, entry_.size);
      if (mapped) {
        mapping_ = std::move(*mapped);
      } else if (mapped.error().code() == Code::kCorrupt) {
        return fail(mapped.error());
      }
    }
    if (mapping_)
      return mapping_->bytes().subspan(static_cast<std::size_t>(block.entry.offset), size);
  }
  // Unlinked since it was opened, or the process has all the maps that it may: the open file has it.
  scratch.resize(size + kReadAhead);
  const auto bytes = std::span(scratch).first(size);
  if (const auto read = file_->pread(bytes, block.entry.offset); !read) return fail(read.error());
  return std::span<const std::byte>(bytes);
}

Result<ColumnBytes> Segment::checked_columns(const SegmentBlock& block,
                                             std::span<const std::byte> bytes, ColumnSet needed,
                                             std::atomic<std::uint32_t>& checked,
                                             bool always_check) const {
  const std::uint32_t before = always_check ? 0 : checked.load(std::memory_order_relaxed);
  ColumnBytes columns;
  std::uint64_t offset = block.entry.offset;
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    if (!block.encoded.columns.contains(column)) continue;
    columns[i] = bytes.subspan(offset - block.entry.offset, block.encoded.blocks[i].size);
    const Place place{uuid_, Unit::kSegment, entry_.id, offset};
    offset += columns[i].size();
    if (!needed.contains(column) || (before >> i & 1U) != 0) continue;
    if (block.hashes[i] != checksum(columns[i], place)) {
      return fail(corrupt(std::string(column_name(column)) + " of the block at byte " +
                          std::to_string(place.offset) + " is damaged"));
    }
    checked.fetch_or(1U << i, std::memory_order_relaxed);
  }
  return columns;
}

void Segment::append_exceptions(const Exceptions& exceptions, const SegmentBlock& block,
                                CandleBatch& out) {
  const auto before = [](const auto& exception, std::uint32_t row) { return exception.row < row; };
  const std::uint32_t end = block.first_row + block.entry.rows;
  const auto& wide = exceptions.wide;
  for (auto it = std::lower_bound(wide.begin(), wide.end(), block.first_row, before);
       it != wide.end() && it->row < end; ++it) {
    if (!out.columns.contains(it->column)) continue;
    out.wide.push_back(WideValue{it->row - block.first_row, it->column, it->text});
  }
  const auto& odd = exceptions.odd_close_times;
  for (auto it = std::lower_bound(odd.begin(), odd.end(), block.first_row, before);
       it != odd.end() && it->row < end; ++it) {
    out.odd_close_times.push_back(OddCloseTime{it->row - block.first_row, it->close_time});
  }
}

Result<void> Segment::read_block(std::size_t block_number, ColumnSet wanted, RowCodec& codec,
                                 CandleBatch& out, bool always_check) const {
  const Result<const Index*> found = index();
  if (!found) return fail(found.error());
  const Index& index = **found;
  BF_ASSERT(block_number < index.blocks.size());
  const SegmentBlock& block = index.blocks[block_number];
  const Result<ColumnSet> needed = needed_columns(block.encoded, wanted);
  if (!needed) return fail(needed.error().at(path_));
  Bytes scratch;
  const Result<std::span<const std::byte>> bytes = block_bytes(block, scratch);
  if (!bytes) return fail(bytes.error());
  const Result<ColumnBytes> columns =
      checked_columns(block, *bytes, *needed, index.checked[block_number], always_check);
  if (!columns) return fail(columns.error());

  const Result<void> decoded = codec.decode(block.encoded, *columns, block.entry.rows, wanted, out);
  if (!decoded) return fail(decoded.error().at(path_));
  const std::vector<TimeMs>& times = out.open_time();
  if (times.front() != block.entry.first_open || times.back() != block.entry.last_open) {
    return fail(corrupt("a block's open times are not those of the index"));
  }
  append_exceptions(index.exceptions, block, out);
  return {};
}

}  // namespace bf::store
