#include "store/gap_cache.h"

#include <cstring>

#include "store/answer_codec.h"
#include "store/atomic_file.h"
#include "store/lz4_bytes.h"
#include "store/range_codec.h"
#include "store/store.h"

namespace bf::store {
namespace {

constexpr std::array<char, 4> kMagic = {'B', 'F', 'G', 'C'};
constexpr std::uint64_t kFileBytesMax = 64U << 20;
constexpr std::size_t kAnswerBytesMin = 7;

struct GapCacheHeader {
  std::array<char, 4> magic = kMagic;
  std::uint32_t version = kFormatVersion;
  std::uint64_t segments = 0;  ///< hash of the manifest's entries that the content was folded from
  std::uint32_t size = 0;      ///< of the body as it is stored
  std::uint32_t raw_size = 0;
  std::uint64_t hash = 0;  ///< of the bytes before it, and of the body
};
static_assert(sizeof(GapCacheHeader) == 32 && offsetof(GapCacheHeader, hash) == 24);

std::uint64_t hash_of_segments(const Manifest& manifest) {
  return checksum(std::as_bytes(std::span(manifest.segments)),
                  Place{manifest.series_uuid, Unit::kGaps, 0, 0});
}

std::uint64_t hash_of(const GapCacheHeader& header, std::span<const std::byte> body,
                      const Manifest& manifest) {
  const auto fields = bytes_of(header).first(offsetof(GapCacheHeader, hash));
  const Place place{manifest.series_uuid, Unit::kGaps, 0, 0};
  return digest(body, checksum(fields, place));
}

std::optional<GapIndex> decode(std::span<const std::byte> raw, const Series& series) {
  ByteReader in(raw);
  HeldSlots held;
  for (RangeSet* const slots : {&held.all, &held.by_others}) {
    Result<RangeSet> read = read_ranges(in, raw.size());
    if (!read) return std::nullopt;
    *slots = std::move(*read);
  }
  GapIndex gaps(series);
  gaps.add_held(held);
  for (std::size_t left = in.count(kAnswerBytesMin); left > 0; --left) {
    const Result<Answer> answer = read_answer(in);
    if (!answer) return std::nullopt;
    gaps.add_answer(*answer);
  }
  if (!in.finished()) return std::nullopt;
  return gaps;
}

}  // namespace

std::optional<GapIndex> read_gap_cache(FileSystem& files, const Series& series,
                                       const Manifest& manifest) {
  const Result<Bytes> bytes =
      read_file(files, join_path(series.path(), kGapCacheName), kFileBytesMax);
  GapCacheHeader header;
  if (!bytes || bytes->size() < sizeof(header)) return std::nullopt;
  std::memcpy(&header, bytes->data(), sizeof(header));
  const auto body = std::span(*bytes).subspan(sizeof(header));
  const bool valid = header.magic == kMagic && header.version == kFormatVersion &&
                     header.segments == hash_of_segments(manifest) && header.size == body.size() &&
                     header.raw_size <= kFileBytesMax &&
                     plausible_sizes(header.size, header.raw_size) &&
                     header.hash == hash_of(header, body, manifest);
  if (!valid) return std::nullopt;
  if (header.size == header.raw_size) return decode(body, series);
  Bytes raw(header.raw_size);
  if (!unpack(body, raw)) return std::nullopt;
  return decode(raw, series);
}

Result<GapCacheBytes> check_gap_cache(FileSystem& files, const Series& series,
                                      const Manifest& manifest) {
  const std::string path = join_path(series.path(), kGapCacheName);
  const auto file = files.open(path, FileSystem::Open::kRead);
  if (!file && file.error().code() == Code::kNotFound) return GapCacheBytes::kNone;
  if (!file) return fail(file.error());
  const Result<Bytes> bytes = read_file(files, path, kFileBytesMax);
  GapCacheHeader header;
  if (!bytes || bytes->size() < sizeof(header)) return GapCacheBytes::kDamaged;
  std::memcpy(&header, bytes->data(), sizeof(header));
  const auto body = std::span(*bytes).subspan(sizeof(header));
  const bool intact = header.magic == kMagic && header.size == body.size() &&
                      header.hash == hash_of(header, body, manifest);
  return intact ? GapCacheBytes::kIntact : GapCacheBytes::kDamaged;
}

Result<void> write_gap_cache(FileSystem& files, const Series& series, const Manifest& manifest,
                             const GapIndex& gaps) {
  Bytes raw;
  ByteWriter out(raw);
  write_ranges(out, gaps.held());
  RangeSet by_others = gaps.held();
  by_others.subtract(gaps.held_by_own());
  write_ranges(out, by_others);
  out.varint(gaps.answers().size());
  for (const Answer& answer : gaps.answers()) write_answer(out, answer);

  Bytes body;
  GapCacheHeader header;
  header.segments = hash_of_segments(manifest);
  header.size = static_cast<std::uint32_t>(append_packed(body, raw));
  header.raw_size = static_cast<std::uint32_t>(raw.size());
  header.hash = hash_of(header, body, manifest);
  Bytes bytes;
  append_bytes(bytes, bytes_of(header));
  append_bytes(bytes, body);

  const std::string path = join_path(series.path(), kGapCacheName);
  const std::string temporary = path + ".tmp";
  if (const Result<void> removed = remove_if_there(files, temporary); !removed) return removed;
  const auto file = files.open(temporary, FileSystem::Open::kCreateNew);
  if (!file) return fail(file.error());
  if (const Result<void> written = (*file)->pwrite(bytes, 0); !written) return written;
  return files.rename(temporary, path);
}

}  // namespace bf::store
