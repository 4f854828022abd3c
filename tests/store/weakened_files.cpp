#include "tests/store/weakened_files.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "store/atomic_file.h"
#include "store/log.h"
#include "store/manifest.h"
#include "store/segment.h"

namespace bf::store::crash {
namespace {

std::string directory_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? "" : path.substr(0, slash));
}
std::string name_of(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

/// Reads come from `bytes` where there are some; the rest goes to the file, but for syncs left out.
class WeakenedFile final : public File {
 public:
  WeakenedFile(std::unique_ptr<File> file, Bytes bytes, bool patched, bool no_sync, bool no_data)
      : file_(std::move(file)),
        bytes_(std::move(bytes)),
        patched_(patched),
        no_sync_(no_sync),
        no_data_(no_data) {}

  Result<void> pread(std::span<std::byte> into, std::uint64_t offset) const override {
    if (!patched_ || offset + into.size() > bytes_.size()) return file_->pread(into, offset);
    std::ranges::copy(std::span(bytes_).subspan(offset, into.size()), into.begin());
    return {};
  }
  Result<void> pwrite(std::span<const std::byte> bytes, std::uint64_t offset) override {
    return file_->pwrite(bytes, offset);
  }
  Result<void> reserve(std::uint64_t size) override { return file_->reserve(size); }
  Result<void> sync_data() override { return no_data_ ? Result<void>() : file_->sync_data(); }
  Result<void> sync() override { return no_sync_ ? Result<void>() : file_->sync(); }
  Result<std::uint64_t> size() const override { return file_->size(); }

 private:
  std::unique_ptr<File> file_;
  Bytes bytes_;
  bool patched_;
  bool no_sync_;
  bool no_data_;
};

class WeakenedFiles final : public FileSystem {
 public:
  WeakenedFiles(FileSystem& files, Deletion deletion) : files_(files), deletion_(deletion) {}

  Result<std::unique_ptr<File>> open(std::string_view path, Open mode) override {
    last_ = Last::kOther;
    Result<std::unique_ptr<File>> file = files_.open(path, mode);
    if (!file) return file;
    const std::string name = name_of(path);
    const bool log = name.ends_with(".log");
    const bool no_sync = (deletion_ == Deletion::kSegmentSync && name.ends_with(".seg.tmp")) ||
                         (deletion_ == Deletion::kNewLogSync && log) ||
                         (deletion_ == Deletion::kManifestSync && name == "MANIFEST.tmp");
    Bytes bytes;
    bool patched = false;
    if (mode != Open::kCreateNew) {
      if (deletion_ == Deletion::kChecksums && log) patched = bless(path, **file, bytes);
      if (deletion_ == Deletion::kDistrust && name == kManifestName) {
        patched = trust(path, **file, bytes);
      }
    }
    return std::make_unique<WeakenedFile>(std::move(*file), std::move(bytes), patched, no_sync,
                                          deletion_ == Deletion::kLogSync && log);
  }
  Result<std::unique_ptr<Mapping>> map(std::string_view path, std::uint64_t size) override {
    return files_.map(path, size);
  }
  Result<void> make_directory(std::string_view path) override {
    last_ = Last::kMakeDirectory;
    return files_.make_directory(path);
  }
  Result<void> rename(std::string_view from, std::string_view to) override {
    const bool manifest = name_of(to) == kManifestName;
    if (manifest && deletion_ == Deletion::kUnlinkLast) remove_unnamed(from);
    last_ = manifest ? Last::kRenameManifest : Last::kOther;
    return files_.rename(from, to);
  }
  Result<void> rename_new(std::string_view from, std::string_view to) override {
    last_ = Last::kOther;
    return files_.rename_new(from, to);
  }
  Result<void> remove(std::string_view path) override {
    last_ = Last::kOther;
    return files_.remove(path);
  }
  Result<void> sync_directory(std::string_view path) override {
    const Last last = std::exchange(last_, Last::kOther);
    const bool in_series = std::count(path.begin(), path.end(), '/') == 4;
    const bool left_out =
        (deletion_ == Deletion::kParentSync && last == Last::kMakeDirectory) ||
        (deletion_ == Deletion::kNamesBehindManifest && last == Last::kRenameManifest) ||
        (deletion_ == Deletion::kNamesBeforeManifest && last == Last::kOther && in_series);
    return left_out ? Result<void>() : files_.sync_directory(path);
  }
  Result<std::vector<DirectoryEntry>> list(std::string_view path) override {
    return files_.list(path);
  }
  Result<std::unique_ptr<FileLock>> lock(std::string_view path, std::string_view holder) override {
    return files_.lock(path, holder);
  }
  Result<std::uint64_t> free_space() override { return files_.free_space(); }
  Result<std::string> network_name() override { return files_.network_name(); }

 private:
  /// What was done last: it tells which sync of a directory this is.
  enum class Last : std::uint8_t { kOther, kMakeDirectory, kRenameManifest };

  static Result<Bytes> read_all(const File& file) {
    const Result<std::uint64_t> size = file.size();
    if (!size) return fail(size.error());
    Bytes bytes(static_cast<std::size_t>(*size));
    if (const Result<void> read = file.pread(bytes, 0); !read) return fail(read.error());
    return bytes;
  }

  Result<Manifest> manifest_of(std::string_view path, const std::string& directory) {
    const Result<Series> series = parse_series_path(directory);
    if (!series) return fail(series.error());
    const Result<Bytes> bytes = read_file(files_, std::string(path), 1U << 20);
    if (!bytes) return fail(bytes.error());
    return decode_manifest(*bytes, *series);
  }

  /// The log with the checksums that its bytes, whatever they are, should have.
  bool bless(std::string_view path, const File& file, Bytes& out) {
    const std::string directory = directory_of(path);
    const auto manifest = manifest_of(join_path(directory, kManifestName), directory);
    Result<Bytes> bytes = read_all(file);
    if (!manifest || !bytes) return false;
    const LogIdentity log{manifest->series_uuid, manifest->log_epoch};
    std::size_t at = 0;
    while (bytes->size() - at >= sizeof(FrameHeader)) {
      FrameHeader header;
      std::memcpy(static_cast<void*>(&header), bytes->data() + at, sizeof(header));
      if (header.magic != kFrameMagic || header.frame_size() > bytes->size() - at) break;
      const auto body = std::span(*bytes).subspan(at + sizeof(header), header.body_size);
      seal_frame(header, body, log, at);
      std::memcpy(bytes->data() + at, &header, sizeof(header));
      at += static_cast<std::size_t>(header.frame_size());
    }
    out = std::move(*bytes);
    return true;
  }

  /// The manifest as if all frames that can be seen were proven.
  bool trust(std::string_view path, const File& file, Bytes& out) {
    const std::string directory = directory_of(path);
    const Result<Series> series = parse_series_path(directory);
    const Result<Bytes> bytes = read_all(file);
    if (!series || !bytes) return false;
    Result<Manifest> manifest = decode_manifest(*bytes, *series);
    if (!manifest) return false;
    const auto log = files_.open(join_path(directory, log_name(manifest->log_epoch)), Open::kRead);
    if (!log) return false;
    const Result<Bytes> frames = read_all(**log);
    if (!frames) return false;
    const auto scan = scan_log(*frames, {manifest->series_uuid, manifest->log_epoch},
                               manifest->log_first_sequence, manifest->log_proven);
    if (!scan) return false;
    manifest->log_proven = std::max(manifest->log_proven, scan->data_end);
    out = encode_manifest(*manifest, *series);
    return true;
  }

  /// Removes what the manifest at `path` does not name.
  void remove_unnamed(std::string_view path) {
    const std::string directory = directory_of(path);
    const Result<Manifest> manifest = manifest_of(path, directory);
    const auto entries = files_.list(directory);
    if (!manifest || !entries) return;
    std::set<std::string> named = {log_name(manifest->log_epoch)};
    for (const SegmentEntry& entry : manifest->segments) named.insert(segment_name(entry.id));
    for (const DirectoryEntry& entry : *entries) {
      const bool data = entry.name.ends_with(".log") || entry.name.ends_with(".seg");
      if (!data || named.contains(entry.name)) continue;
      (void)files_.remove(join_path(directory, entry.name));
    }
  }

  FileSystem& files_;
  Deletion deletion_;
  Last last_ = Last::kOther;
};

}  // namespace

std::unique_ptr<FileSystem> weaken(FileSystem& files, Deletion deletion) {
  return std::make_unique<WeakenedFiles>(files, deletion);
}

}  // namespace bf::store::crash
