#include "store/remains.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "store/atomic_file.h"
#include "store/format_version.h"
#include "store/log.h"
#include "store/quarantine.h"
#include "store/segment.h"
#include "store/segment_format.h"

namespace bf::store {
namespace {

/// The number that a name of ours begins with; 0 where there is none.
std::uint32_t leading_number(const std::string& name) {
  std::uint32_t number = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
  return parsed.ec == std::errc() ? number : 0;
}

/// Numbers are never used twice, also not those of files that were kept aside.
void count_name(const std::string& name, Manifest& manifest) {
  constexpr std::uint32_t kNumberMax = 1U << 31;
  const std::uint32_t number = leading_number(name);
  if (number == 0 || number >= kNumberMax) return;
  if (name.find(".seg") != std::string::npos) {
    manifest.next_segment = std::max(manifest.next_segment, number + 1);
  } else if (name.find(".log") != std::string::npos) {
    manifest.log_epoch = std::max(manifest.log_epoch, number);
  }
}

/// A struct at `offset` of the file; none where the file ends before or cannot be read.
template <class T>
std::optional<T> read_struct(const File& file, std::uint64_t offset) {
  T value;
  if (!file.pread(std::as_writable_bytes(std::span(&value, 1)), offset)) return std::nullopt;
  return value;
}

/// The header, where it is intact as that of a segment `id` of whatever series.
std::optional<SegmentHeader> read_header(const File& file, std::uint32_t id) {
  const auto header = read_struct<SegmentHeader>(file, 0);
  if (!header || header->magic != kSegmentMagic || header->id != id) return std::nullopt;
  const Place place{header->series_uuid, Unit::kSegment, id, 0};
  const auto hashed = bytes_of(*header).first(offsetof(SegmentHeader, header_hash));
  if (header->header_hash != checksum(hashed, place)) return std::nullopt;
  return header;
}

std::optional<SegmentTrailer> read_trailer(const File& file, std::uint64_t size, const Uuid& uuid,
                                           std::uint32_t id) {
  if (size < sizeof(SegmentHeader) + sizeof(SegmentTrailer)) return std::nullopt;
  const std::uint64_t at = size - sizeof(SegmentTrailer);
  const auto trailer = read_struct<SegmentTrailer>(file, at);
  if (!trailer || trailer->magic != kTrailerMagic) return std::nullopt;
  const auto hashed = bytes_of(*trailer).first(offsetof(SegmentTrailer, trailer_hash));
  if (trailer->trailer_hash != checksum(hashed, Place{uuid, Unit::kSegment, id, at})) {
    return std::nullopt;
  }
  return trailer;
}

class Finder {
 public:
  Finder(FileSystem& files, const Series& series) : files_(files), directory_(series.path()) {}

  Result<Remains> find() {
    if (const Result<void> read = read_names(); !read) return fail(read.error());
    if (const Result<void> read = read_headers(); !read) return fail(read.error());
    if (const Result<void> chosen = choose_uuid(); !chosen) return fail(chosen.error());
    for (FoundSegment& segment : remains_.segments) {
      if (const Result<void> read = describe(segment); !read) return fail(read.error());
    }
    return std::move(remains_);
  }

 private:
  Result<void> read_names() {
    const auto entries = files_.list(directory_);
    if (!entries) return fail(entries.error());
    for (const DirectoryEntry& entry : *entries) {
      if (entry.is_directory) continue;
      count_name(entry.name, remains_.manifest);
      const std::uint32_t number = leading_number(entry.name);
      if (entry.name == segment_name(number)) {
        FoundSegment segment;
        segment.entry.id = number;
        remains_.segments.push_back(segment);
      } else if (entry.name == log_name(number)) {
        const auto log = files_.open(join_path(directory_, entry.name), FileSystem::Open::kRead);
        if (!log) return fail(log.error());
        const Result<std::uint64_t> size = (*log)->size();
        if (!size) return fail(size.error());
        if (*size != 0) remains_.log_epochs.push_back(number);
      }
    }
    // Names sort as texts: "10000.seg" before "9999.seg".
    std::sort(remains_.segments.begin(), remains_.segments.end(),
              [](const auto& a, const auto& b) { return a.entry.id < b.entry.id; });
    std::sort(remains_.log_epochs.begin(), remains_.log_epochs.end());
    const auto aside = files_.list(join_path(directory_, kQuarantineName));
    if (!aside && aside.error().code() != Code::kNotFound) return fail(aside.error());
    if (!aside) return {};
    for (const DirectoryEntry& entry : *aside) count_name(entry.name, remains_.manifest);
    return {};
  }

  Result<void> read_headers() {
    for (FoundSegment& segment : remains_.segments) {
      const std::string path = join_path(directory_, segment_name(segment.entry.id));
      auto file = files_.open(path, FileSystem::Open::kRead);
      if (!file) return fail(file.error());
      const Result<std::uint64_t> size = (*file)->size();
      if (!size) return fail(size.error());
      segment.entry.size = *size;
      const auto header = read_header(**file, segment.entry.id);
      if (header) {
        if (const auto unreadable = unreadable_version(header->version)) {
          return fail(Code::kFormat, path + ": " + *unreadable);
        }
      }
      if (header) headers_[segment.entry.id] = *header;
    }
    return {};
  }

  /// The one that most segments have; else what stands in its place in a damaged manifest. Should that
  /// be garbage, nothing proves to be of it.
  Result<void> choose_uuid() {
    std::map<Uuid, std::size_t> votes;
    for (const auto& [id, header] : headers_) ++votes[header.series_uuid];
    const auto most =
        std::max_element(votes.begin(), votes.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    Manifest& manifest = remains_.manifest;
    if (most != votes.end()) {
      manifest.series_uuid = most->first;
    } else {
      const std::string path = join_path(directory_, kManifestName);
      const auto file = files_.open(path, FileSystem::Open::kRead);
      if (!file && file.error().code() != Code::kNotFound) return fail(file.error());
      if (file) {
        const Result<Bytes> bytes = read_file(**file, path, kManifestBytesMax);
        if (bytes) manifest.series_uuid = manifest_uuid(*bytes);
      }
    }
    for (const auto& [id, header] : headers_) {
      if (header.series_uuid != manifest.series_uuid) continue;
      manifest.generation = std::max(manifest.generation, header.generation);
      manifest.log_first_sequence = std::max(manifest.log_first_sequence, header.last_sequence + 1);
    }
    return {};
  }

  /// The trailer alone says what was lost, also where the header is damaged.
  Result<void> describe(FoundSegment& segment) {
    SegmentEntry& entry = segment.entry;
    const auto file =
        files_.open(join_path(directory_, segment_name(entry.id)), FileSystem::Open::kRead);
    if (!file) return fail(file.error());
    const Uuid& uuid = remains_.manifest.series_uuid;
    const auto trailer = read_trailer(**file, entry.size, uuid, entry.id);
    if (!trailer) return {};
    entry.rows = trailer->rows;
    entry.trailer_hash = trailer->trailer_hash;
    entry.first_open = trailer->first_open;
    entry.last_open = trailer->last_open;
    const auto header = headers_.find(entry.id);
    if (header != headers_.end()) {
      entry.first_sequence = header->second.first_sequence;
      entry.last_sequence = header->second.last_sequence;
    }
    segment.described = true;
    return {};
  }

  FileSystem& files_;
  std::string directory_;
  Remains remains_;
  std::map<std::uint32_t, SegmentHeader> headers_;
};

}  // namespace

bool segment_header_intact(const File& file, std::uint32_t id) {
  return read_header(file, id).has_value();
}

Result<Remains> find_remains(FileSystem& files, const Series& series) {
  return Finder(files, series).find();
}

}  // namespace bf::store
