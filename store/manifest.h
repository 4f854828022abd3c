// store/manifest.h
//
// The MANIFEST of a series says which segments and which log are live. It is replaced by an atomic
// rename, which is the commit point of every change but an append (docs/format.md, "Manifest").
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/base/file_system.h"
#include "store/base/series.h"
#include "store/bytes.h"
#include "store/checksum.h"

namespace bf::store {

inline constexpr std::string_view kManifestName = "MANIFEST";
inline constexpr std::uint64_t kManifestBytesMax = 16U << 20;

/// A live segment, as the manifest knows it. On disk: 56 bytes, the fields in this order.
struct SegmentEntry {
  std::uint32_t id = 0;
  std::uint32_t rows = 0;
  std::uint64_t size = 0;          ///< bytes of the file
  std::uint64_t trailer_hash = 0;  ///< its trailer's checksum, which covers all others
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  TimeMs first_open = 0;  ///< 0 and -1 without rows
  TimeMs last_open = -1;
  friend bool operator==(const SegmentEntry&, const SegmentEntry&) = default;
};
static_assert(sizeof(SegmentEntry) == 56 && std::is_trivially_copyable_v<SegmentEntry>);

struct Manifest {
  std::uint64_t generation = 1;  ///< rises with every replacement
  Uuid series_uuid{};
  std::uint32_t next_segment = 1;  ///< never used twice
  std::uint32_t log_epoch = 1;
  std::uint64_t log_proven = 0;          ///< bytes of the log known durable
  std::uint64_t log_first_sequence = 1;  ///< of the log's first frame
  std::vector<SegmentEntry> segments;    ///< by id
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

[[nodiscard]] Bytes encode_manifest(const Manifest& manifest, const Series& series);
/// Errors: kFormat for another file or a newer version, kCorrupt for a checksum or field that
/// contradicts the bytes, or a manifest of another series.
[[nodiscard]] Result<Manifest> decode_manifest(std::span<const std::byte> bytes,
                                               const Series& series);

/// Whether the checksum at the end of `bytes` is right. What decode_manifest() refuses nevertheless is
/// no damage: another version's, or another series'.
[[nodiscard]] bool manifest_bytes_intact(std::span<const std::byte> bytes);
/// What stands where a manifest has its series' UUID, also in a damaged one; zero where nothing does.
[[nodiscard]] Uuid manifest_uuid(std::span<const std::byte> bytes);

/// Errors: kNotFound, kIo; kFormat, kCorrupt with the path and what to do.
[[nodiscard]] Result<Manifest> read_manifest(FileSystem& files, const Series& series);

}  // namespace bf::store
