#include "store/segment_writer.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "store/answer_codec.h"
#include "store/base/assert.h"
#include "store/base/processor.h"
#include "store/lz4_bytes.h"
#include "store/range_codec.h"
#include "store/segment.h"

namespace bf::store {
namespace {

/// A sum in which each value has an odd weight of its own: no single wrong value leaves it as it was,
/// and hardly ever two. Sums of sums give the weights, lane by lane: no multiplication a value.
BF_INLINE std::uint64_t sum_weighted(std::span<const std::int64_t> values) {
  constexpr std::size_t kLanes = 8;
  std::array<std::uint64_t, kLanes> sums{};
  std::array<std::uint64_t, kLanes> sums_of_sums{};
  const std::int64_t* at = values.data();
  const std::size_t whole = values.size() / kLanes * kLanes;
  for (const std::int64_t* const end = at + whole; at < end; at += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      sums[lane] += static_cast<std::uint64_t>(at[lane]);
      sums_of_sums[lane] += sums[lane];
    }
  }
  for (std::size_t lane = 0; lane < values.size() - whole; ++lane) {
    sums[lane] += static_cast<std::uint64_t>(at[lane]);
    sums_of_sums[lane] += sums[lane];
  }
  std::uint64_t sum = 0;
  std::uint64_t weight = 1;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    sum += (2 * sums_of_sums[lane] + sums[lane]) * weight;
    weight += 0x9E3779B97F4A7C16U;
  }
  return sum;
}

std::uint64_t weighted_sum(std::span<const std::int64_t> values) {
  static const auto best = best_lanes<&sum_weighted>();
  return best(values);
}

std::uint64_t power_modulo(int exponent) {
  std::uint64_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

/// Whether every value times `factor` is an int64.
bool fits_times(std::span<const std::int64_t> values, std::int64_t factor) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max() / factor;
  bool fits = true;
  for (const std::int64_t value : values) fits &= -most <= value && value <= most;
  return fits;
}

/// How many digits a column of `block` (positive) or of `rows` (negative) lacks to share one scale;
/// nothing where no int64 holds the values at that scale.
std::optional<int> digits_lacking(const ColumnValues& block, std::span<const std::int64_t> values,
                                  int scale) {
  const int digits = scale - block.scale;
  if (block.values.empty() || digits == 0) return 0;
  constexpr int kDigitsMax = 18;
  if (digits > kDigitsMax || -digits > kDigitsMax) return std::nullopt;
  const bool fits = digits > 0 ? fits_times(block.values, power_of_ten(digits))
                               : fits_times(values, power_of_ten(-digits));
  return fits ? std::optional(digits) : std::nullopt;
}

/// Appends rows [begin, end) to `block`, at the finer scale of both; false, with `block` as it was,
/// where the columns differ or a value does not fit: then a new block has to begin.
bool append_rescaled(CandleBatch& block, const CandleBatch& rows, std::size_t begin,
                     std::size_t end) {
  if (block.empty()) block.columns = rows.columns;
  if (block.columns != rows.columns) return false;
  std::array<int, kColumnCount> digits{};
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (!rows.columns.contains(static_cast<Column>(i))) continue;
    const auto values = std::span(rows.data[i].values).subspan(begin, end - begin);
    const std::optional<int> lacking = digits_lacking(block.data[i], values, rows.data[i].scale);
    if (!lacking) return false;
    digits[i] = *lacking;
  }
  const auto first_row = static_cast<std::uint32_t>(block.row_count());
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (!rows.columns.contains(static_cast<Column>(i))) continue;
    ColumnValues& to = block.data[i];
    const auto values = std::span(rows.data[i].values).subspan(begin, end - begin);
    if (to.values.empty()) to.scale = rows.data[i].scale;
    if (digits[i] > 0) {
      const std::int64_t factor = power_of_ten(digits[i]);
      for (std::int64_t& value : to.values) value *= factor;
      to.scale = rows.data[i].scale;
    }
    to.values.insert(to.values.end(), values.begin(), values.end());
    if (digits[i] < 0) {
      const std::int64_t factor = power_of_ten(-digits[i]);
      for (std::int64_t& value : std::span(to.values).subspan(first_row)) value *= factor;
    }
  }
  collect_exceptions(rows, begin, end, first_row, block.wide, block.odd_close_times);
  return true;
}

}  // namespace

SegmentWriter::SegmentWriter(File& file, Identity identity, std::vector<Answer> answers)
    : file_(file),
      identity_(std::move(identity)),
      answers_(std::move(answers)),
      slots_(identity_.series.interval) {
  entry_.id = identity_.id;
  entry_.first_sequence = identity_.first_sequence;
  entry_.last_sequence = identity_.last_sequence;
}

Place SegmentWriter::place(std::uint64_t offset) const {
  return Place{identity_.series_uuid, Unit::kSegment, identity_.id, offset};
}

Result<void> SegmentWriter::write(std::span<const std::byte> bytes) {
  if (offset_ == 0) {
    SegmentHeader header;
    header.version = kFormatVersion;
    header.series_uuid = identity_.series_uuid;
    header.id = identity_.id;
    header.generation = identity_.generation;
    header.first_sequence = identity_.first_sequence;
    header.last_sequence = identity_.last_sequence;
    header.header_hash =
        checksum(bytes_of(header).first(offsetof(SegmentHeader, header_hash)), place(0));
    if (const auto written = file_.pwrite(bytes_of(header), 0); !written) return written;
    offset_ = sizeof(header);
  }
  if (bytes.empty()) return {};
  if (const auto written = file_.pwrite(bytes, offset_); !written) return written;
  offset_ += bytes.size();
  return {};
}

Result<void> SegmentWriter::add_rows(const CandleBatch& rows, std::size_t begin, std::size_t end,
                                     Origin origin) {
  BF_ASSERT(origin.answer < answers_.size());
  while (begin < end) {
    const std::size_t room = kBlockRows - block_.row_count();
    const std::size_t count = std::min(end - begin, room);
    if (room == 0 || !append_rescaled(block_, rows, begin, begin + count)) {
      if (const Result<void> flushed = flush(); !flushed) return flushed;
      continue;
    }
    slots_.add(std::span(rows.open_time()).subspan(begin, count), is_own(origin.answer));
    begin += count;
    entry_.rows += static_cast<std::uint32_t>(count);
    if (!runs_.empty() && runs_.back().answer == origin.answer &&
        runs_.back().asked_at == origin.asked_at) {
      runs_.back().row_end = entry_.rows;
    } else {
      runs_.push_back(AnswerRun{entry_.rows, origin.answer, origin.asked_at});
    }
  }
  return {};
}

void SegmentWriter::add_revision(TimeMs open_time, Origin winner, std::string_view winner_values,
                                 Origin loser, std::string_view loser_values) {
  ByteWriter out(revisions_);
  out.signed_varint(open_time);
  for (const Origin& origin : {winner, loser}) {
    out.varint(origin.answer);
    out.signed_varint(origin.asked_at);
  }
  out.string(winner_values);
  out.string(loser_values);
  ++trailer_.revisions;
}

SegmentWriter::BlockSums SegmentWriter::sums_of(const CandleBatch& rows) {
  BlockSums sums;
  sums.columns = rows.columns;
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (!rows.columns.contains(static_cast<Column>(i))) continue;
    sums.sums[i] = weighted_sum(rows.data[i].values);
    sums.scales[i] = rows.data[i].scale;
  }
  return sums;
}

bool SegmentWriter::same_sums(const BlockSums& a, const BlockSums& b) {
  if (a.columns != b.columns) return false;
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (!a.columns.contains(static_cast<Column>(i))) continue;
    const int scale = std::max(a.scales[i], b.scales[i]);
    if (a.sums[i] * power_modulo(scale - a.scales[i]) !=
        b.sums[i] * power_modulo(scale - b.scales[i])) {
      return false;
    }
  }
  return true;
}

Result<void> SegmentWriter::flush() {
  if (block_.empty()) return {};
  if (const Result<void> begun = write({}); !begun) return begun;  // the header, once
  const std::size_t rows = block_.row_count();
  const std::vector<TimeMs>& times = block_.open_time();
  buffer_.clear();
  const EncodedRows encoded = codec_.encode(block_, 0, rows, buffer_);
  ByteWriter index(index_);
  index.varint(rows);
  index.varint(encoded.columns.bits());
  index.signed_varint(times.front() - (trailer_.blocks == 0 ? 0 : trailer_.last_open));
  index.varint(static_cast<std::uint64_t>(times.back() - times.front()));
  std::size_t at = 0;
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (!encoded.columns.contains(static_cast<Column>(i))) continue;
    const ColumnBlock& column = encoded.blocks[i];
    write_column_block(index, column);
    index.fixed(checksum(std::span(buffer_).subspan(at, column.size), place(offset_ + at)));
    at += column.size;
  }
  if (const Result<void> written = write(buffer_); !written) return written;

  const auto first_row = static_cast<std::uint32_t>(entry_.rows - rows);
  collect_exceptions(block_, 0, rows, first_row, wide_, odd_close_times_);
  sums_.push_back(sums_of(block_));
  if (trailer_.blocks++ == 0) trailer_.first_open = times.front();
  trailer_.last_open = times.back();
  block_.clear();
  return {};
}

Result<void> SegmentWriter::write_part(Part part, std::span<const std::byte> raw) {
  if (raw.size() > kPartRawBytesMax) {
    return fail(Code::kLimit, "a part of a segment exceeds 64 MiB; seal the series more often");
  }
  buffer_.clear();
  PartEntry& entry = trailer_.parts[static_cast<std::size_t>(part)];
  entry.offset = offset_;
  entry.size = static_cast<std::uint32_t>(append_packed(buffer_, raw));
  entry.raw_size = static_cast<std::uint32_t>(raw.size());
  entry.hash = checksum(buffer_, place(offset_));
  return write(buffer_);
}

Bytes SegmentWriter::coverage_bytes() const {
  Bytes bytes;
  ByteWriter out(bytes);
  out.string(identity_.series.path());
  out.varint(identity_.supersedes.size());
  for (const std::uint32_t id : identity_.supersedes) out.varint(id);
  out.varint(answers_.size());
  for (const Answer& answer : answers_) write_answer(out, answer);
  const HeldSlots held = slots_.held();
  write_ranges(out, held.all);
  write_ranges(out, held.by_others);
  return bytes;
}

Bytes SegmentWriter::run_bytes() const {
  Bytes bytes;
  ByteWriter out(bytes);
  out.varint(runs_.size());
  std::uint32_t row = 0;
  TimeMs asked_at = 0;
  for (const AnswerRun& run : runs_) {
    out.varint(run.row_end - row);
    out.varint(run.answer);
    out.signed_varint(run.asked_at - asked_at);
    row = run.row_end;
    asked_at = run.asked_at;
  }
  return bytes;
}

Result<SegmentEntry> SegmentWriter::finish() {
  if (const Result<void> flushed = flush(); !flushed) return fail(flushed.error());
  if (const Result<void> begun = write({}); !begun) return fail(begun.error());
  Bytes exceptions;
  ByteWriter exception_writer(exceptions);
  write_exceptions(exception_writer, wide_, odd_close_times_);
  const Bytes coverage = coverage_bytes();
  const Bytes runs = run_bytes();
  const std::array<std::span<const std::byte>, kPartCount> parts = {index_, coverage, runs,
                                                                    exceptions, revisions_};
  for (std::size_t i = 0; i < kPartCount; ++i) {
    const Result<void> written = write_part(static_cast<Part>(i), parts[i]);
    if (!written) return fail(written.error());
  }
  trailer_.rows = entry_.rows;
  trailer_.answers = static_cast<std::uint32_t>(answers_.size());
  trailer_.trailer_hash =
      checksum(bytes_of(trailer_).first(offsetof(SegmentTrailer, trailer_hash)), place(offset_));
  if (const Result<void> written = write(bytes_of(trailer_)); !written)
    return fail(written.error());
  entry_.size = offset_;
  entry_.trailer_hash = trailer_.trailer_hash;
  entry_.first_open = trailer_.first_open;
  entry_.last_open = trailer_.last_open;
  return entry_;
}

Result<void> SegmentWriter::check_written(FileSystem& files, const std::string& path) const {
  const auto differs = [&path](const char* what) {
    return fail(Code::kCorrupt,
                path + ": read back, its " + what +
                    " differ from what was written; bad memory or a fault of the codec");
  };
  const Result<std::shared_ptr<const Segment>> segment =
      Segment::open_at(files, path, identity_.series, identity_.series_uuid, entry_);
  if (!segment) return fail(segment.error());
  if ((*segment)->answers() != answers_) return differs("answers");
  if ((*segment)->supersedes() != identity_.supersedes) return differs("superseded segments");
  if ((*segment)->held() != slots_.held()) return differs("held ranges");
  const Result<std::span<const AnswerRun>> runs = (*segment)->runs();
  if (!runs) return fail(runs.error());
  if (!std::equal(runs->begin(), runs->end(), runs_.begin(), runs_.end()))
    return differs("origins");
  const Result<std::vector<Conflict>> revisions = (*segment)->revisions();
  if (!revisions) return fail(revisions.error());
  const Result<std::span<const SegmentBlock>> blocks = (*segment)->blocks();
  if (!blocks) return fail(blocks.error());
  if (blocks->size() != sums_.size()) return differs("blocks");

  RowCodec codec;
  CandleBatch rows;
  SlotCollector slots(identity_.series.interval);
  std::size_t run = 0;
  std::vector<WideValue> wide;
  std::vector<OddCloseTime> odd_close_times;
  for (std::size_t i = 0; i < blocks->size(); ++i) {
    const Result<void> read =
        (*segment)->read_block(i, kAllColumns, codec, rows, /*always_check=*/true);
    if (!read) return read;
    if (!same_sums(sums_of(rows), sums_[i])) return differs("rows");
    collect_exceptions(rows, 0, rows.row_count(), (*blocks)[i].first_row, wide, odd_close_times);
    (*segment)->collect_slots((*blocks)[i], rows.open_time(), *runs, run, slots);
  }
  if (wide != wide_ || odd_close_times != odd_close_times_) return differs("exceptions");
  if (slots.held() != slots_.held()) return differs("slots");
  return {};
}

}  // namespace bf::store
