#include "tests/fuzz/log_pieces.h"

#include <cstring>

#include "store/base/assert.h"
#include "store/lz4_bytes.h"
#include "store/store.h"

namespace bf::store::fuzz {
namespace {

/// What stands ahead of the body in a piece.
struct Chosen {
  std::uint32_t rows = 0;
  FrameKind kind = FrameKind::kRows;
  std::uint8_t unproven = 0;  ///< 0: the frame proves all before it
  std::uint16_t zero = 0;
  TimeMs first = 0;
  TimeMs last = -1;
};
static_assert(sizeof(Chosen) == 24 && std::is_trivially_copyable_v<Chosen>);

}  // namespace

void repair_log(Bytes& file, const LogIdentity& log) {
  for (std::size_t at = 0; sizeof(FrameHeader) <= file.size() - at;) {
    FrameHeader header;
    std::memcpy(&header, file.data() + at, sizeof(header));
    const std::size_t body_at = at + sizeof(header);
    if (header.body_size > file.size() - body_at) return;
    header.epoch = log.epoch;
    seal_frame(header, std::span(file).subspan(body_at, header.body_size), log, at);
    std::memcpy(file.data() + at, &header, sizeof(header));
    at = body_at + header.body_size;
  }
}

Bytes pieces_of_log(std::span<const std::byte> file) {
  std::vector<Bytes> pieces;
  for (std::size_t at = 0; at + sizeof(FrameHeader) <= file.size();) {
    FrameHeader header;
    std::memcpy(&header, file.data() + at, sizeof(header));
    at += sizeof(header);
    if (header.magic != kFrameMagic || header.body_size > file.size() - at) break;
    const auto stored = file.subspan(at, header.body_size);
    Bytes raw(stored.begin(), stored.end());
    if (header.body_size < header.raw_size) {
      raw.resize(header.raw_size);
      BF_ASSERT(unpack(stored, raw));
    }
    const Chosen chosen{
        .rows = header.rows, .kind = header.kind, .first = header.first, .last = header.last};
    Bytes& piece = pieces.emplace_back();
    append_bytes(piece, bytes_of(chosen));
    append_bytes(piece, raw);
    at += header.body_size;
  }
  return join(pieces);
}

Bytes log_of_pieces(std::span<const std::byte> input, const LogIdentity& log,
                    std::uint64_t first_sequence) {
  Bytes file;
  std::uint64_t sequence = first_sequence;
  for (const Bytes& piece : split(input)) {
    Chosen chosen;
    if (piece.size() < sizeof(chosen)) continue;
    std::memcpy(&chosen, piece.data(), sizeof(chosen));
    const auto body = std::span(piece).subspan(sizeof(chosen));
    FrameHeader header;
    header.version = kFormatVersion;
    header.kind = chosen.kind;
    header.epoch = log.epoch;
    header.rows = chosen.rows;
    header.sequence = sequence++;
    header.proven_upto = chosen.unproven == 0 ? file.size() : 0;
    header.body_size = header.raw_size = static_cast<std::uint32_t>(body.size());
    header.first = chosen.first;
    header.last = chosen.last;
    seal_frame(header, body, log, file.size());
    append_bytes(file, bytes_of(header));
    append_bytes(file, body);
  }
  return file;
}

}  // namespace bf::store::fuzz
