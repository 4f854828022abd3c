#include "store/frame.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "store/answer_codec.h"
#include "store/base/assert.h"
#include "store/format_version.h"
#include "store/lz4_bytes.h"

namespace bf::store {
namespace {

// An answer without rows takes this many bytes at least: bounds the count of pages.
constexpr std::size_t kPageBytesMin = 8;
/// Packed columns hardly repeat anything; answers do.
constexpr std::size_t kColumnsShareForLz4 = 4;

Place place_of(const LogIdentity& log, std::uint64_t offset) {
  return Place{log.series, Unit::kLog, log.epoch, offset};
}

std::span<const std::byte> hashed_part(const FrameHeader& header) {
  return bytes_of(header).first(offsetof(FrameHeader, header_hash));
}

/// Returns how many of the bytes that it appends to `raw` are those of columns.
std::size_t write_page(const AnsweredRows& page, RowCodec& codec, Bytes& columns, Bytes& raw) {
  ByteWriter out(raw);
  write_answer(out, page.answer);
  const std::size_t rows = page.rows.row_count();
  out.varint(rows);
  if (rows == 0) return 0;
  columns.clear();
  const EncodedRows encoded = codec.encode(page.rows, 0, rows, columns);
  out.fixed(encoded.columns.bits());
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (encoded.columns.contains(static_cast<Column>(i)))
      write_column_block(out, encoded.blocks[i]);
  }
  out.bytes(columns);
  write_exceptions(out, page.rows.wide, page.rows.odd_close_times);
  return columns.size();
}

Result<void> read_columns(ByteReader& in, std::size_t rows, RowCodec& codec, ColumnSet wanted,
                          CandleBatch& out) {
  EncodedRows encoded;
  const auto bits = in.fixed<std::uint32_t>();
  if ((bits & 1U) == 0 || !go_together(bits)) {
    return fail(Code::kFormat, "a page has columns that this build does not know");
  }
  encoded.columns = ColumnSet::from_bits(bits);
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (!encoded.columns.contains(static_cast<Column>(i))) continue;
    const Result<ColumnBlock> block = read_column_block(in);
    if (!block) return fail(block.error());
    encoded.blocks[i] = *block;
  }
  ColumnBytes bytes;
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (!encoded.columns.contains(static_cast<Column>(i))) continue;
    bytes[i] = in.take(encoded.blocks[i].size);
    if (!in.ok()) return fail(Code::kCorrupt, "a page ends within its columns");
  }
  const Result<void> decoded = codec.decode(encoded, bytes, rows, wanted, out);
  if (!decoded) return decoded;
  const Result<void> read =
      read_exceptions(in, encoded.columns, rows, out.wide, out.odd_close_times);
  if (!read) return read;
  std::erase_if(out.wide,
                [&out](const WideValue& value) { return !out.columns.contains(value.column); });
  return {};
}

/// What an encoder relies on: a batch that breaks it would become bytes that nobody can read.
Result<void> check_columns(const CandleBatch& rows) {
  if (!go_together(rows.columns.bits())) {
    return fail(Code::kDataQuality, "a page has columns that the store does not know together");
  }
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    if (!rows.columns.contains(column)) continue;
    if (rows.data[i].values.size() != rows.row_count()) {
      return fail(Code::kDataQuality, "column " + std::string(column_name(column)) +
                                          " has another number of values than there are rows");
    }
    if (rows.data[i].scale < 0 || rows.data[i].scale > (i == 0 ? 0 : kScaleMax)) {
      return fail(Code::kDataQuality, "column " + std::string(column_name(column)) +
                                          " has the impossible scale " +
                                          std::to_string(rows.data[i].scale));
    }
  }
  const Result<void> exceptions =
      check_exceptions(rows.wide, rows.odd_close_times, rows.columns, rows.row_count());
  if (!exceptions) return fail(Code::kDataQuality, exceptions.error().message());
  return {};
}

Result<void> read_page(ByteReader& in, std::uint64_t rows_left, RowCodec& codec, ColumnSet columns,
                       AnsweredRows& page) {
  Result<Answer> answer = read_answer(in);
  if (!answer) return fail(answer.error());
  page.answer = std::move(*answer);
  const std::uint64_t rows = in.varint();
  if (!in.ok() || rows > rows_left) {
    return fail(Code::kCorrupt, "a page has more rows than its frame");
  }
  if (rows == 0) {
    page.rows = {};
    return {};
  }
  const Result<void> read =
      read_columns(in, static_cast<std::size_t>(rows), codec, columns, page.rows);
  if (!read) return read;
  const std::vector<TimeMs>& times = page.rows.open_time();
  if (!page.answer.asked.contains(times.front()) || !page.answer.asked.contains(times.back())) {
    return fail(Code::kCorrupt, "rows lie outside of what their answer covers");
  }
  return {};
}

}  // namespace

Result<void> FrameEncoder::encode(std::span<const AnsweredRows> pages, const LogIdentity& log,
                                  std::uint64_t sequence, std::uint64_t proven_upto,
                                  std::uint64_t offset, Bytes& out) {
  FrameHeader header;
  const std::size_t begin = out.size();
  const std::size_t body_begin = begin + sizeof(FrameHeader);
  out.resize(body_begin);
  ByteWriter(out).varint(pages.size());
  bool any = false;
  std::size_t columns_size = 0;
  for (const AnsweredRows& page : pages) {
    columns_size += write_page(page, codec_, columns_, out);
    if (out.size() - body_begin > kFrameRawBytesMax) {
      out.resize(begin);
      return fail(Code::kLimit, "the pages of one commit exceed 64 MiB; commit fewer at a time");
    }
    if (page.rows.empty()) continue;
    header.rows += static_cast<std::uint32_t>(page.rows.row_count());
    header.first =
        any ? std::min(header.first, page.rows.open_time().front()) : page.rows.open_time().front();
    header.last = std::max(header.last, page.rows.open_time().back());
    any = true;
  }
  BF_ASSERT(header.rows <= kFrameRowsMax);
  const std::size_t raw_size = out.size() - body_begin;
  std::size_t body_size = raw_size;
  if (columns_size <= raw_size / kColumnsShareForLz4) {
    raw_.assign(out.begin() + static_cast<std::ptrdiff_t>(body_begin), out.end());
    out.resize(body_begin);
    body_size = append_packed(out, raw_);
  }
  if (body_size > kFrameBodyBytesMax) {
    out.resize(begin);
    return fail(Code::kLimit,
                "the pages of one commit exceed 16 MiB packed; commit fewer at a time");
  }
  header.version = static_cast<std::uint8_t>(kFormatVersion);
  header.epoch = log.epoch;
  header.sequence = sequence;
  header.proven_upto = proven_upto;
  header.body_size = static_cast<std::uint32_t>(body_size);
  header.raw_size = static_cast<std::uint32_t>(raw_size);
  seal_frame(header, std::span(out).subspan(body_begin), log, offset);
  std::memcpy(out.data() + begin, &header, sizeof(header));
  return {};
}

FrameHeader proof_frame(const LogIdentity& log, std::uint64_t sequence, std::uint64_t proven_upto,
                        std::uint64_t offset) {
  FrameHeader header;
  header.version = static_cast<std::uint8_t>(kFormatVersion);
  header.kind = FrameKind::kProof;
  header.epoch = log.epoch;
  header.sequence = sequence;
  header.proven_upto = proven_upto;
  seal_frame(header, {}, log, offset);
  return header;
}

void seal_frame(FrameHeader& header, std::span<const std::byte> body, const LogIdentity& log,
                std::uint64_t offset) {
  header.epoch = log.epoch;
  header.body_hash = checksum(body, place_of(log, offset + sizeof(FrameHeader)));
  header.header_hash = checksum(hashed_part(header), place_of(log, offset));
}

Result<FrameHeader> read_frame_header(std::span<const std::byte> log_bytes, std::uint64_t offset,
                                      const LogIdentity& log) {
  FrameHeader header;
  if (offset > log_bytes.size() || log_bytes.size() - offset < sizeof(header)) {
    return fail(Code::kCorrupt, "the log ends within a frame's header");
  }
  std::memcpy(&header, log_bytes.data() + offset, sizeof(header));
  // No field is believed before the header's own checksum: a torn length asks for any allocation.
  if (header.magic != kFrameMagic ||
      header.header_hash != checksum(hashed_part(header), place_of(log, offset)) ||
      header.epoch != log.epoch) {
    return fail(Code::kCorrupt, "no intact frame header");
  }
  if (const auto unreadable = unreadable_version(header.version)) {
    return fail(Code::kFormat, "a log frame: " + *unreadable);
  }
  if (header.flags != 0 || (header.kind != FrameKind::kRows && header.kind != FrameKind::kProof)) {
    return fail(Code::kFormat, "a log frame has a kind or flags that this build does not know");
  }
  const bool bounded = header.rows <= kFrameRowsMax && header.body_size <= kFrameBodyBytesMax &&
                       header.raw_size <= kFrameRawBytesMax &&
                       plausible_sizes(header.body_size, header.raw_size);
  const bool proof_is_bare =
      header.kind != FrameKind::kProof || (header.rows == 0 && header.raw_size == 0);
  if (!bounded || !proof_is_bare) {
    return fail(Code::kCorrupt, "a frame's header contradicts itself");
  }
  return header;
}

bool intact_body(std::span<const std::byte> log_bytes, std::uint64_t offset,
                 const FrameHeader& header, const LogIdentity& log) {
  const std::uint64_t body = offset + sizeof(FrameHeader);
  if (body > log_bytes.size() || header.body_size > log_bytes.size() - body) return false;
  return header.body_hash ==
         checksum(log_bytes.subspan(body, header.body_size), place_of(log, body));
}

Result<void> FrameDecoder::decode(const FrameHeader& header, std::span<const std::byte> body,
                                  ColumnSet columns, std::vector<AnsweredRows>& pages) {
  if (header.kind == FrameKind::kProof) {
    pages.clear();
    return {};
  }
  BF_ASSERT(body.size() == header.body_size);
  raw_.resize(std::size_t{header.raw_size} + kReadAhead);
  const auto pages_bytes = std::span(raw_).first(header.raw_size);
  if (header.body_size == header.raw_size) {
    std::copy(body.begin(), body.end(), pages_bytes.begin());
  } else if (const Result<void> unpacked = unpack(body, pages_bytes); !unpacked) {
    return fail(unpacked.error());
  }
  ByteReader in(pages_bytes);
  std::uint64_t rows_left = header.rows;
  const std::size_t count = in.count(kPageBytesMin);
  if (count > kFramePagesMax) return fail(Code::kCorrupt, "a frame counts more than 65536 pages");
  for (std::size_t i = 0; i < count; ++i) {
    if (i == pages.size()) pages.emplace_back();
    const Result<void> read = read_page(in, rows_left, codec_, columns, pages[i]);
    if (!read) return read;
    rows_left -= pages[i].rows.row_count();
  }
  pages.resize(count);
  if (!in.finished() || rows_left != 0) {
    return fail(Code::kCorrupt, "a frame's body is not the pages that its header counts");
  }
  return {};
}

Result<void> check_page(const AnsweredRows& page) {
  if (const Result<void> answer = check_answer(page.answer); !answer) return answer;
  const std::vector<TimeMs>& times = page.rows.open_time();
  if (times.size() > kFrameRowsMax) {
    return fail(Code::kLimit, "a page of " + std::to_string(times.size()) + " rows; at most " +
                                  std::to_string(kFrameRowsMax) + " fit in one commit: split it");
  }
  const TimeRange asked = page.answer.asked;
  const bool sound = times.empty() || (well_ordered(times) && asked.contains(times.front()) &&
                                       asked.contains(times.back()));
  if (sound) return check_columns(page.rows);
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (!asked.contains(times[i])) {
      return fail(Code::kDataQuality, "row " + std::to_string(i) + " at " + format_time(times[i]) +
                                          " lies outside of " + format_range(asked));
    }
    if (i > 0 && times[i] <= times[i - 1]) {
      return fail(Code::kDataQuality, "row " + std::to_string(i) + " at " + format_time(times[i]) +
                                          " does not rise over the one before it, " +
                                          format_time(times[i - 1]));
    }
  }
  return check_columns(page.rows);
}

}  // namespace bf::store
