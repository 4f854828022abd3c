#include "store/manifest.h"

#include <cstring>

#include "store/atomic_file.h"
#include "store/format_version.h"

namespace bf::store {
namespace {

constexpr std::array<char, 4> kMagic = {'B', 'F', 'M', 'F'};
constexpr std::size_t kPathBytesMax = 512;

struct ManifestHeader {
  std::array<char, 4> magic = kMagic;
  std::uint32_t version = kFormatVersion;
  std::uint64_t generation = 0;
  Uuid series_uuid{};
  std::uint32_t next_segment = 0;
  std::uint32_t log_epoch = 0;
  std::uint64_t log_proven = 0;
  std::uint64_t log_first_sequence = 0;
  std::uint32_t segments = 0;
  std::uint32_t path_bytes = 0;
};
static_assert(sizeof(ManifestHeader) == 64 && std::is_trivially_copyable_v<ManifestHeader>);
static_assert(offsetof(ManifestHeader, series_uuid) == 16);
static_assert(offsetof(ManifestHeader, log_proven) == 40);

// The manifest's own checksum has no UUID to be seeded with: the UUID is what it tells.
constexpr Place kPlace{.series = {}, .unit = Unit::kManifest, .number = 0, .offset = 0};

Result<void> check_entries(const Manifest& manifest) {
  std::uint32_t previous = 0;
  for (const SegmentEntry& entry : manifest.segments) {
    if (entry.id <= previous || entry.id >= manifest.next_segment) {
      return fail(Code::kCorrupt, "the list of segments contradicts itself");
    }
    previous = entry.id;
  }
  return {};
}

}  // namespace

Bytes encode_manifest(const Manifest& manifest, const Series& series) {
  const std::string path = series.path();
  ManifestHeader header;
  header.generation = manifest.generation;
  header.series_uuid = manifest.series_uuid;
  header.next_segment = manifest.next_segment;
  header.log_epoch = manifest.log_epoch;
  header.log_proven = manifest.log_proven;
  header.log_first_sequence = manifest.log_first_sequence;
  header.segments = static_cast<std::uint32_t>(manifest.segments.size());
  header.path_bytes = static_cast<std::uint32_t>(path.size());
  Bytes bytes;
  append_bytes(bytes, bytes_of(header));
  append_bytes(bytes, std::as_bytes(std::span(path.data(), path.size())));
  append_bytes(bytes, std::as_bytes(std::span(manifest.segments)));
  ByteWriter(bytes).fixed(checksum(bytes, kPlace));
  return bytes;
}

bool manifest_bytes_intact(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(ManifestHeader) + sizeof(std::uint64_t)) return false;
  ByteReader tail(bytes.last(sizeof(std::uint64_t)));
  return tail.fixed<std::uint64_t>() ==
         checksum(bytes.first(bytes.size() - sizeof(std::uint64_t)), kPlace);
}

Uuid manifest_uuid(std::span<const std::byte> bytes) {
  Uuid uuid{};
  constexpr std::size_t at = offsetof(ManifestHeader, series_uuid);
  if (bytes.size() >= at + uuid.size()) std::memcpy(uuid.data(), bytes.data() + at, uuid.size());
  return uuid;
}

Result<Manifest> decode_manifest(std::span<const std::byte> bytes, const Series& series) {
  ManifestHeader header;
  if (bytes.size() < sizeof(header) + sizeof(std::uint64_t)) {
    return fail(Code::kCorrupt, "too short for a manifest");
  }
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.magic != kMagic) return fail(Code::kFormat, "not a manifest of a bf store");
  if (const auto unreadable = unreadable_version(header.version)) {
    return fail(Code::kFormat, *unreadable);
  }
  const auto content = bytes.first(bytes.size() - sizeof(std::uint64_t));
  if (!manifest_bytes_intact(bytes)) {
    return fail(Code::kCorrupt, "its checksum contradicts its bytes");
  }
  const std::uint64_t size = sizeof(header) + std::uint64_t{header.path_bytes} +
                             std::uint64_t{header.segments} * sizeof(SegmentEntry);
  if (header.path_bytes > kPathBytesMax || size != content.size()) {
    return fail(Code::kCorrupt, "its length is not what its header counts");
  }
  ByteReader in(content.subspan(sizeof(header)));
  const auto path = in.take(header.path_bytes);
  if (series.path() != std::string_view(reinterpret_cast<const char*>(path.data()), path.size())) {
    return fail(Code::kCorrupt, "it belongs to another series; was the directory moved?");
  }
  Manifest manifest;
  manifest.generation = header.generation;
  manifest.series_uuid = header.series_uuid;
  manifest.next_segment = header.next_segment;
  manifest.log_epoch = header.log_epoch;
  manifest.log_proven = header.log_proven;
  manifest.log_first_sequence = header.log_first_sequence;
  manifest.segments.resize(header.segments);
  const auto entries = in.take(header.segments * sizeof(SegmentEntry));
  if (!entries.empty()) std::memcpy(manifest.segments.data(), entries.data(), entries.size());
  if (const Result<void> checked = check_entries(manifest); !checked) return fail(checked.error());
  return manifest;
}

Result<Manifest> read_manifest(FileSystem& files, const Series& series) {
  const std::string path = join_path(series.path(), kManifestName);
  const Result<Bytes> bytes = read_file(files, path, kManifestBytesMax);
  if (!bytes) return fail(bytes.error());
  Result<Manifest> manifest = decode_manifest(*bytes, series);
  if (manifest) return manifest;
  std::string advice = path;
  if (manifest.error().code() == Code::kCorrupt) {
    advice += ": damaged; `bf-verify scrub --repair` rebuilds it from the segments and the log";
  }
  return fail(manifest.error().at(advice));
}

}  // namespace bf::store
