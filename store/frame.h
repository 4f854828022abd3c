// store/frame.h
//
// One commit of one series in its log: a header of fixed size, then the pages (answers and their rows)
// as one checksummed body. The bytes are described in docs/format.md, "Log frame".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "store/answer.h"
#include "store/base/result.h"
#include "store/bytes.h"
#include "store/checksum.h"
#include "store/row_codec.h"

namespace bf::store {

inline constexpr std::uint32_t kFrameRowsMax = 65536;
inline constexpr std::uint32_t kFramePagesMax = 65536;
inline constexpr std::uint32_t kFrameBodyBytesMax = 16U << 20;
inline constexpr std::uint32_t kFrameRawBytesMax = 64U << 20;
inline constexpr std::array<char, 4> kFrameMagic = {'B', 'F', 'L', 'F'};

enum class FrameKind : std::uint8_t { kRows = 1, kProof = 2 };

struct FrameHeader {
  std::array<char, 4> magic = kFrameMagic;
  std::uint8_t version = 0;
  FrameKind kind = FrameKind::kRows;
  std::uint16_t flags = 0;
  std::uint32_t epoch = 0;
  std::uint32_t rows = 0;
  std::uint64_t sequence = 0;
  std::uint64_t proven_upto = 0;  ///< bytes of the log known durable when the frame was built
  std::uint32_t body_size = 0;
  std::uint32_t raw_size = 0;
  TimeMs first = 0;  ///< open times of the first and last row; 0 and -1 without rows
  TimeMs last = -1;
  std::uint64_t body_hash = 0;
  std::uint64_t header_hash = 0;

  [[nodiscard]] std::uint64_t frame_size() const noexcept {
    return sizeof(FrameHeader) + std::uint64_t{body_size};
  }
};
static_assert(sizeof(FrameHeader) == 72 && std::is_trivially_copyable_v<FrameHeader>);
static_assert(offsetof(FrameHeader, epoch) == 8 && offsetof(FrameHeader, sequence) == 16);
static_assert(offsetof(FrameHeader, body_size) == 32 && offsetof(FrameHeader, first) == 40);
static_assert(offsetof(FrameHeader, body_hash) == 56 && offsetof(FrameHeader, header_hash) == 64);

/// Which log a frame belongs to: every checksum is seeded with it.
struct LogIdentity {
  Uuid series{};
  std::uint32_t epoch = 0;
};

/// Builds frames; keeps its scratch memory.
class FrameEncoder {
 public:
  /// Appends one frame of `pages` to `out`; it will lie at `offset` of the log.
  /// Requires: pages that check_pages() lets through, kFrameRowsMax rows at most.
  /// Errors: kLimit when the pages' bytes exceed what a frame holds; `out` is then as it was.
  [[nodiscard]] Result<void> encode(std::span<const AnsweredRows> pages, const LogIdentity& log,
                                    std::uint64_t sequence, std::uint64_t proven_upto,
                                    std::uint64_t offset, Bytes& out);

 private:
  RowCodec codec_{Aim::kQuick};
  Bytes raw_;
  Bytes columns_;
};

/// The header of a proof frame, complete.
[[nodiscard]] FrameHeader proof_frame(const LogIdentity& log, std::uint64_t sequence,
                                      std::uint64_t proven_upto, std::uint64_t offset);
/// Recomputes both checksums of a frame that moves to another log or offset.
void seal_frame(FrameHeader& header, std::span<const std::byte> body, const LogIdentity& log,
                std::uint64_t offset);

/// Reads the header at `offset` of a log's bytes: magic, its checksum, then version, flags, bounds.
/// Errors: kCorrupt  not an intact header of this log at this place
///         kFormat   intact, but of a newer version or with unknown flags
[[nodiscard]] Result<FrameHeader> read_frame_header(std::span<const std::byte> log_bytes,
                                                    std::uint64_t offset, const LogIdentity& log);
/// Whether the body that follows `header` in `log_bytes` is whole and intact.
[[nodiscard]] bool intact_body(std::span<const std::byte> log_bytes, std::uint64_t offset,
                               const FrameHeader& header, const LogIdentity& log);

/// Reads frames; keeps its scratch memory.
class FrameDecoder {
 public:
  /// Decodes the pages of a frame whose body is intact, and of their rows what of `columns` there is.
  /// Every row lies in its answer's range, rising. `pages` becomes them, in the memory that it has.
  /// Errors: kCorrupt, kFormat; `pages` then holds anything.
  [[nodiscard]] Result<void> decode(const FrameHeader& header, std::span<const std::byte> body,
                                    ColumnSet columns, std::vector<AnsweredRows>& pages);

 private:
  RowCodec codec_;
  Bytes raw_;
};

/// What append() demands of a page. Errors: kDataQuality, naming the row; kLimit for too many rows.
[[nodiscard]] Result<void> check_page(const AnsweredRows& page);

}  // namespace bf::store
