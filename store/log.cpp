#include "store/log.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "store/base/assert.h"

namespace bf::store {
namespace {

constexpr std::uint64_t kReserveStep = 1U << 20;

/// The next offset at or behind `from` where a frame's magic stands, or the size of the log.
std::uint64_t find_magic(std::span<const std::byte> bytes, std::uint64_t from) {
  const auto magic = bytes_of(kFrameMagic);
  const auto at = std::search(bytes.begin() + static_cast<std::ptrdiff_t>(from), bytes.end(),
                              magic.begin(), magic.end());
  return static_cast<std::uint64_t>(at - bytes.begin());
}

/// Headers and whole frames that stand behind the first fault.
struct Behind {
  std::vector<FoundFrame> frames;
  std::uint64_t proven = 0;
};

Behind look_behind(std::span<const std::byte> bytes, const LogIdentity& log, std::uint64_t fault,
                   std::uint64_t sequence) {
  Behind behind;
  // Headers that are signed but lie about their bodies could have each byte hashed over and over.
  std::uint64_t hashed = 0;
  const std::uint64_t hashed_max = 4 * std::uint64_t{bytes.size()};
  for (std::uint64_t at = find_magic(bytes, fault); at < bytes.size();) {
    const Result<FrameHeader> header = read_frame_header(bytes, at, log);
    if (!header) {
      at = find_magic(bytes, at + 1);
      continue;
    }
    behind.proven = std::max(behind.proven, header->proven_upto);
    hashed += header->body_size;
    if (header->sequence < sequence || hashed > hashed_max ||
        !intact_body(bytes, at, *header, log)) {
      at = find_magic(bytes, at + 1);
      continue;
    }
    const FoundFrame frame{*header, at};
    sequence = header->sequence + 1;
    if (header->kind == FrameKind::kRows) behind.frames.push_back(frame);
    at = find_magic(bytes, frame.end());
  }
  return behind;
}

/// Acknowledged bytes that neither the run from the beginning nor a salvaged frame holds.
std::uint64_t lost_bytes(const LogScan& scan, std::uint64_t proven) {
  std::uint64_t lost = 0;
  std::uint64_t at = scan.intact_end;
  for (const FoundFrame& frame : scan.salvaged) {
    lost += std::min(frame.offset, proven) - std::min(at, proven);
    at = frame.end();
  }
  return lost + proven - std::min(at, proven);
}

Result<void> check_rows(const LogScan& scan) {
  std::uint64_t rows = 0;
  for (const FoundFrame& frame : scan.frames) rows += frame.header.rows;
  for (const FoundFrame& frame : scan.salvaged) rows += frame.header.rows;
  if (rows <= kLogRowsMax) return {};
  return fail(Code::kLimit, "the log holds " + std::to_string(rows) + " rows; at most " +
                                std::to_string(kLogRowsMax) + " are written to one");
}

}  // namespace

std::string log_name(std::uint32_t epoch) {
  std::array<char, 24> name{};
  std::snprintf(name.data(), name.size(), "%04u.log", epoch);
  return name.data();
}

Result<LogScan> scan_log(std::span<const std::byte> log_bytes, const LogIdentity& log,
                         std::uint64_t first_sequence, std::uint64_t manifest_proven) {
  LogScan scan;
  scan.proven = manifest_proven;
  std::uint64_t sequence = first_sequence;
  while (scan.intact_end < log_bytes.size()) {
    const Result<FrameHeader> header = read_frame_header(log_bytes, scan.intact_end, log);
    if (!header && header.error().code() == Code::kFormat) return fail(header.error());
    if (!header || header->sequence != sequence ||
        !intact_body(log_bytes, scan.intact_end, *header, log)) {
      break;
    }
    scan.frames.push_back(FoundFrame{*header, scan.intact_end});
    scan.intact_end = scan.frames.back().end();
    scan.proven = std::max(scan.proven, header->proven_upto);
    if (header->kind == FrameKind::kRows) scan.data_end = scan.intact_end;
    ++sequence;
  }

  if (scan.intact_end < std::max<std::uint64_t>(log_bytes.size(), scan.proven)) {
    Behind behind = look_behind(log_bytes, log, scan.intact_end, sequence);
    const std::uint64_t proven = std::max(scan.proven, behind.proven);
    if (proven > scan.intact_end) {
      scan.salvaged = std::move(behind.frames);
      scan.damaged_bytes = std::max<std::uint64_t>(1, lost_bytes(scan, proven));
    } else {
      scan.torn_bytes = log_bytes.size() - scan.intact_end;
    }
    scan.proven = proven;
  }
  if (const Result<void> rows = check_rows(scan); !rows) return fail(rows.error());
  return scan;
}

Error in_frame(const Error& error, const FoundFrame& frame) {
  return error.at("frame at byte " + std::to_string(frame.offset));
}

Error too_many_pages() {
  return Error(Code::kLimit, "the log holds more than " + std::to_string(kLogPagesMax) + " pages");
}

Result<void> decode_frames(std::span<const std::byte> log_bytes, std::span<const FoundFrame> frames,
                           const std::function<void(const FoundFrame&, AnsweredRows&&)>& take) {
  FrameDecoder decoder;
  std::vector<AnsweredRows> pages;
  std::uint64_t count = 0;
  for (const FoundFrame& frame : frames) {
    const Result<void> decoded =
        decoder.decode(frame.header, frame.body(log_bytes), kAllColumns, pages);
    if (!decoded) return fail(in_frame(decoded.error(), frame));
    count += pages.size();
    if (count > kLogPagesMax) return fail(too_many_pages());
    for (AnsweredRows& page : pages) take(frame, std::move(page));
  }
  return {};
}

void move_frames(std::span<const std::byte> log_bytes, std::span<const FoundFrame> frames,
                 const LogIdentity& to, std::uint64_t& sequence, Bytes& out) {
  for (const FoundFrame& frame : frames) {
    if (frame.header.kind == FrameKind::kProof) continue;
    FrameHeader header = frame.header;
    const auto body = frame.body(log_bytes);
    header.sequence = sequence++;
    header.proven_upto = 0;  // the manifest proves the new log as a whole
    seal_frame(header, body, to, out.size());
    append_bytes(out, bytes_of(header));
    append_bytes(out, body);
  }
}

Result<Bytes> read_log(const File& file) {
  const Result<std::uint64_t> size = file.size();
  if (!size) return fail(size.error());
  if (*size > kLogFileBytesMax) {
    return fail(Code::kCorrupt, "the log has " + std::to_string(*size) + " bytes; at most " +
                                    std::to_string(kLogFileBytesMax) + " are ever written");
  }
  Bytes bytes(static_cast<std::size_t>(*size));
  if (const Result<void> read = file.pread(bytes, 0); !read) return fail(read.error());
  return bytes;
}

Result<ReadLog> read_live_log(const File& file, const std::string& path, const Manifest& manifest) {
  ReadLog log;
  log.identity = {manifest.series_uuid, manifest.log_epoch};
  Result<Bytes> bytes = read_log(file);
  if (!bytes) return fail(bytes.error().at(path));
  log.bytes = std::move(*bytes);
  Result<LogScan> scan =
      scan_log(log.bytes, log.identity, manifest.log_first_sequence, manifest.log_proven);
  if (!scan) return fail(scan.error().at(path));
  log.scan = std::move(*scan);
  return log;
}

Result<void> LogWriter::append(std::span<const AnsweredRows> pages) {
  // One a thread, kept: a run has many logs open, and appends to few at once.
  thread_local FrameEncoder encoder;
  thread_local Bytes spare;
  Bytes frames = std::exchange(spare, {});
  frames.clear();
  Position next = position_;
  for (std::size_t begin = 0; begin < pages.size();) {
    std::size_t end = begin;
    std::size_t rows = 0;
    while (end < pages.size() && rows + pages[end].rows.row_count() <= kFrameRowsMax) {
      rows += pages[end].rows.row_count();
      ++end;
    }
    BF_ASSERT(end > begin);
    const std::size_t before = frames.size();
    const Result<void> encoded = encoder.encode(pages.subspan(begin, end - begin), identity_,
                                                next.sequence, position_.proven, next.end, frames);
    if (!encoded) return encoded;
    next.end += frames.size() - before;
    ++next.sequence;
    begin = end;
  }
  if (next.end > kLogFileBytesMax) {
    return fail(Code::kLimit, "the log is full at 128 MiB; seal the series first");
  }
  if (const Result<void> reserved = reserve(next.end); !reserved) return reserved;
  const Result<void> written = file_->pwrite(frames, position_.end);
  spare = std::move(frames);
  if (!written) return written;
  position_ = next;
  return {};
}

Result<void> LogWriter::reserve(std::uint64_t size) {
  if (size <= reserved_) return {};
  // Ahead, so that a full disk shows here and not after the next pages were paid for; near the end of
  // the disk just what is needed.
  const std::uint64_t ahead = (size + kReserveStep - 1) / kReserveStep * kReserveStep;
  Result<void> reserved = file_->reserve(ahead);
  if (reserved) {
    reserved_ = ahead;
    return {};
  }
  if (reserved.error().code() != Code::kNoSpace) return reserved;
  reserved = file_->reserve(size);
  if (reserved) reserved_ = size;
  return reserved;
}

Result<void> LogWriter::sync() {
  const Result<void> synced = file_->sync_data();
  if (!synced) return synced;
  position_.proven = position_.end;
  return {};
}

Result<void> LogWriter::write_proof() {
  BF_ASSERT(synced());
  if (position_.end == 0) return {};
  const FrameHeader proof =
      proof_frame(identity_, position_.sequence, position_.proven, position_.end);
  return file_->pwrite(bytes_of(proof), position_.end);
}

}  // namespace bf::store
