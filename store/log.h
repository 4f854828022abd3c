// store/log.h
//
// The append log of one series: frames of one epoch in one file, written at a tracked end. The file is
// never shrunk and never reused under another epoch (docs/format.md, "Log").
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "store/base/file_system.h"
#include "store/frame.h"
#include "store/manifest.h"

namespace bf::store {

/// A log that grew beyond this was not written by us.
inline constexpr std::uint64_t kLogFileBytesMax = 128U << 20;
/// More rows or pages than this are refused in one log, whatever they pack to: it bounds what opening
/// takes.
inline constexpr std::uint64_t kLogRowsMax = 1U << 20;
inline constexpr std::uint64_t kLogPagesMax = 1U << 16;

/// "0007.log" for epoch 7.
[[nodiscard]] std::string log_name(std::uint32_t epoch);

/// An intact frame found in a log.
struct FoundFrame {
  FrameHeader header;
  std::uint64_t offset = 0;

  [[nodiscard]] std::uint64_t end() const noexcept { return offset + header.frame_size(); }
  [[nodiscard]] std::span<const std::byte> body(std::span<const std::byte> log_bytes) const {
    return log_bytes.subspan(offset + sizeof(FrameHeader), header.body_size);
  }
};

/// What a log's bytes hold. Torn and damaged are told apart by proofs: bytes that a later header or
/// the manifest calls durable were acknowledged, so a fault before them is damage.
struct LogScan {
  std::vector<FoundFrame> frames;    ///< the unbroken run from the beginning
  std::vector<FoundFrame> salvaged;  ///< intact ones behind damage, their sequence rising
  std::uint64_t intact_end = 0;      ///< where `frames` end
  std::uint64_t data_end = 0;        ///< where the last of them that is not a proof ends
  std::uint64_t proven = 0;          ///< bytes known durable, from headers and the manifest
  std::uint64_t damaged_bytes = 0;   ///< acknowledged bytes that no intact frame has
  std::uint64_t torn_bytes = 0;      ///< never acknowledged

  /// Nothing behind the last proof: the log may be appended to as it is.
  [[nodiscard]] bool clean() const noexcept {
    return damaged_bytes == 0 && torn_bytes == 0 && data_end <= proven;
  }
};

/// `first_sequence` is that of the first frame; `manifest_proven` the manifest's proven length.
/// Errors: kFormat for an intact frame of a newer version; kLimit for more than kLogRowsMax rows.
[[nodiscard]] Result<LogScan> scan_log(std::span<const std::byte> log_bytes, const LogIdentity& log,
                                       std::uint64_t first_sequence, std::uint64_t manifest_proven);

/// What decoding a frame failed with, and where it lies.
[[nodiscard]] Error in_frame(const Error& error, const FoundFrame& frame);
/// kLimit: a log with more than kLogPagesMax pages.
[[nodiscard]] Error too_many_pages();

/// Decodes the pages of `frames` in order and hands them over, each with the frame that it is of.
/// Errors: kCorrupt, kFormat; kLimit for more than kLogPagesMax pages.
[[nodiscard]] Result<void> decode_frames(
    std::span<const std::byte> log_bytes, std::span<const FoundFrame> frames,
    const std::function<void(const FoundFrame&, AnsweredRows&&)>& take);

/// Appends `frames` but for proofs to `out`, the bytes of another log: bodies as they are, headers for
/// their new place. `sequence` is that of the first, and becomes that behind the last.
void move_frames(std::span<const std::byte> log_bytes, std::span<const FoundFrame> frames,
                 const LogIdentity& to, std::uint64_t& sequence, Bytes& out);

/// The live log of a series: its bytes, and what they hold.
struct ReadLog {
  LogIdentity identity;
  Bytes bytes;
  LogScan scan;
};
/// Reads the log that `manifest` names, which is `file` at `path`. Errors: as read_log and scan_log,
/// naming the path.
[[nodiscard]] Result<ReadLog> read_live_log(const File& file, const std::string& path,
                                            const Manifest& manifest);

/// The file's bytes by pread. Errors: kNotFound, kIo; kCorrupt beyond kLogFileBytesMax.
[[nodiscard]] Result<Bytes> read_log(const File& file);

/// The live log, for its one writer.
class LogWriter {
 public:
  /// The position at which the log goes on.
  struct Position {
    std::uint64_t end = 0;       ///< where the next frame goes
    std::uint64_t proven = 0;    ///< bytes known durable
    std::uint64_t sequence = 1;  ///< of the next frame
  };

  LogWriter(std::unique_ptr<File> file, LogIdentity identity, Position position)
      : file_(std::move(file)), identity_(identity), position_(position), reserved_(position.end) {}

  /// Writes frames of `pages` at the end, as few as hold them, without a sync.
  /// Requires: pages that check_page() lets through.
  /// Errors: kNoSpace, kIo, kLimit: the end has not moved and the same call may be repeated.
  [[nodiscard]] Result<void> append(std::span<const AnsweredRows> pages);
  /// fdatasync: all that was appended is proven. Errors: kSyncFailed; the log must not be used again.
  [[nodiscard]] Result<void> sync();
  /// Writes a proof frame without a sync, where the log ends with rows. The end does not move: the
  /// next frame takes the proof's place. Requires: nothing unsynced.
  [[nodiscard]] Result<void> write_proof();

  [[nodiscard]] Result<Bytes> read_back() const { return read_log(*file_); }
  [[nodiscard]] const LogIdentity& identity() const noexcept { return identity_; }
  [[nodiscard]] const Position& position() const noexcept { return position_; }
  [[nodiscard]] bool synced() const noexcept { return position_.end == position_.proven; }

 private:
  [[nodiscard]] Result<void> reserve(std::uint64_t size);

  std::unique_ptr<File> file_;
  LogIdentity identity_;
  Position position_;
  std::uint64_t reserved_;
};

}  // namespace bf::store
