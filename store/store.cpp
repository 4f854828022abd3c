#include "store/store.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "store/atomic_file.h"
#include "store/recovery.h"
#include "store/series_writer.h"
#include "store/snapshot.h"

namespace bf::store {
namespace {

constexpr std::string_view kStoreName = "STORE";
constexpr std::string_view kLockName = "LOCK";
constexpr std::array<char, 4> kMagic = {'B', 'F', 'S', 'R'};
/// exchange / market / symbol / kind / interval.
constexpr int kSeriesDepth = 5;
/// All that Series::path() writes into one part of a path.
constexpr std::string_view kPathCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-%";

struct StoreHeader {
  std::array<char, 4> magic = kMagic;
  std::uint32_t version = kFormatVersion;
  Uuid uuid{};
  std::uint64_t hash = 0;  ///< of the bytes before it
};
static_assert(sizeof(StoreHeader) == 32 && offsetof(StoreHeader, hash) == 24);

std::uint64_t hash_of(const StoreHeader& header) {
  return checksum(bytes_of(header).first(offsetof(StoreHeader, hash)),
                  Place{.series = {}, .unit = Unit::kStore, .number = 0, .offset = 0});
}

Result<Uuid> read_store_file(FileSystem& files) {
  const Result<Bytes> bytes = read_file(files, std::string(kStoreName), 4096);
  if (!bytes) return fail(bytes.error());
  StoreHeader header;
  if (bytes->size() < sizeof(header)) return fail(Code::kFormat, "STORE: not that of a bf store");
  std::memcpy(&header, bytes->data(), sizeof(header));
  if (header.magic != kMagic) return fail(Code::kFormat, "STORE: not that of a bf store");
  if (header.version > kFormatVersion) {
    return fail(Code::kFormat, "STORE: the store has format version " +
                                   std::to_string(header.version) + "; this build reads up to " +
                                   std::to_string(kFormatVersion) +
                                   ": use a newer bf, or another --store");
  }
  if (bytes->size() != sizeof(header) || header.hash != hash_of(header)) {
    return fail(Code::kCorrupt, "STORE: damaged; see `bf-verify scrub --repair`");
  }
  return header.uuid;
}

Result<Uuid> write_store_file(FileSystem& files, const Uuid& uuid) {
  StoreHeader header;
  header.uuid = uuid;
  header.hash = hash_of(header);
  const Result<void> prepared = prepare_file(files, "", kStoreName, bytes_of(header));
  if (!prepared) return fail(prepared.error());
  const Result<void> committed = commit_file(files, "", kStoreName);
  if (!committed) return fail(committed.error());
  return uuid;
}

/// Adds the series below `directory`, which lies `depth` directories under the root.
Result<void> list_series(FileSystem& files, const std::string& directory, int depth,
                         std::vector<Series>& out) {
  const Result<std::vector<DirectoryEntry>> entries = files.list(directory);
  if (!entries) return fail(entries.error());
  for (const DirectoryEntry& entry : *entries) {
    if (depth == kSeriesDepth) {
      if (entry.is_directory || entry.name != kManifestName) continue;
      Result<Series> series = parse_series_path(directory);
      if (series) out.push_back(std::move(*series));
      continue;
    }
    // Directories that are not ours ("lost+found") may not even be readable.
    if (!entry.is_directory || entry.name.find_first_not_of(kPathCharacters) != std::string::npos) {
      continue;
    }
    const Result<void> below = list_series(files, join_path(directory, entry.name), depth + 1, out);
    if (!below) return below;
  }
  return {};
}

Result<std::vector<Series>> all_series(FileSystem& files) {
  std::vector<Series> series;
  if (const Result<void> listed = list_series(files, "", 0, series); !listed) {
    return fail(listed.error());
  }
  std::sort(series.begin(), series.end());
  return series;
}

class OpenStore final : public Store {
 public:
  OpenStore(FileSystem& files, const Clock& clock, Uuid uuid, std::shared_ptr<FileLock> lock)
      : files_(files), clock_(clock), uuid_(uuid), lock_(std::move(lock)) {}

  Result<std::vector<Series>> list() const override { return all_series(files_); }

  Result<std::unique_ptr<SeriesWriter>> writer(const Series& series) override {
    if (!lock_) {
      return fail(Code::kUsage, series.name() + ": the store is open for reading alone");
    }
    if (const Result<void> valid = validate(series.instrument); !valid) return fail(valid.error());
    std::weak_ptr<KnownProof>& known = writers_[series.path()];
    if (!known.expired()) {
      return fail(Code::kUsage, series.name() + ": this process writes it already");
    }
    Result<OpenedSeries> opened = open_series({files_, clock_, uuid_, synced_directories_}, series);
    if (!opened) return fail(opened.error().at(series.name()));
    auto proof = std::make_shared<KnownProof>();
    known = proof;
    return make_series_writer(files_, lock_, series, std::move(*opened), std::move(proof));
  }

  Result<std::unique_ptr<SeriesSnapshot>> read(const Series& series) const override {
    auto pinned = pin_series(files_, series, known_proof(series));
    if (!pinned) return fail(pinned.error().at(series.name()));
    return make_snapshot(std::move(*pinned));
  }

  Result<GapIndex> gaps(const Series& series) const override {
    Result<GapIndex> found = read_gaps(files_, series, known_proof(series));
    if (!found) return fail(found.error().at(series.name()));
    return found;
  }

 private:
  /// How much of the series' log this process itself made durable.
  [[nodiscard]] KnownProof known_proof(const Series& series) const {
    const auto own = writers_.find(series.path());
    if (own == writers_.end()) return {};
    const auto proof = own->second.lock();
    return proof ? *proof : KnownProof{};
  }

  FileSystem& files_;
  const Clock& clock_;
  Uuid uuid_;
  std::shared_ptr<FileLock> lock_;  // null when reading
  std::set<std::string> synced_directories_;
  std::map<std::string, std::weak_ptr<KnownProof>> writers_;
};

Result<void> check_local(FileSystem& files) {
  const Result<std::string> network = files.network_name();
  if (!network) return fail(network.error());
  if (network->empty()) return {};
  return fail(Code::kUsage,
              "the store lies on a network file system (" + *network +
                  "), whose locks and syncs are not to be relied on: use a local disk, "
                  "or --allow-network-store");
}

Result<Uuid> open_or_create(FileSystem& files, const Clock& clock, const std::string& holder) {
  const Result<std::vector<DirectoryEntry>> entries = files.list("");
  if (!entries) return fail(entries.error());
  const bool bare = std::none_of(entries->begin(), entries->end(),
                                 [](const DirectoryEntry& entry) { return entry.is_directory; });
  const Result<Uuid> uuid = read_store_file(files);
  if (!uuid && uuid.error().code() != Code::kNotFound) return uuid;
  // Directories are made only when STORE is durable. Where there are none, it may be seen and yet not
  // be durable: its writer may have died between rename and sync.
  if (uuid) return bare ? write_store_file(files, *uuid) : uuid;
  const Result<std::vector<Series>> series = all_series(files);
  if (!series) return fail(series.error());
  if (!series->empty()) {
    return fail(Code::kCorrupt, "STORE is gone although series stand beside it, such as " +
                                    series->front().name() + "; see `bf-verify scrub --repair`");
  }
  return write_store_file(files, make_uuid(Uuid{}, holder, clock.wall_ms(), clock.steady_ns()));
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(FileSystem& files, const Clock& clock,
                                           const StoreOptions& options) {
  if (options.mode == StoreOptions::Mode::kRead) {
    const Result<Uuid> uuid = read_store_file(files);
    if (!uuid) return fail(uuid.error().at("opening the store"));
    return std::make_unique<OpenStore>(files, clock, *uuid, nullptr);
  }
  const Result<void> trusted = options.allow_network ? Result<void>() : check_local(files);
  if (!trusted) return fail(trusted.error());
  Result<std::unique_ptr<FileLock>> lock = files.lock(kLockName, options.holder);
  if (!lock) return fail(lock.error());
  const Result<Uuid> uuid = open_or_create(files, clock, options.holder);
  if (!uuid) return fail(uuid.error().at("opening the store"));
  return std::make_unique<OpenStore>(files, clock, *uuid,
                                     std::shared_ptr<FileLock>(std::move(*lock)));
}

}  // namespace bf::store
