#include "store/store.h"

#include <algorithm>
#include <map>

#include "store/recovery.h"
#include "store/series_list.h"
#include "store/series_writer.h"
#include "store/snapshot.h"
#include "store/store_file.h"

namespace bf::store {
namespace {

class OpenStore final : public Store {
 public:
  OpenStore(FileSystem& files, const Clock& clock, Uuid uuid, std::shared_ptr<FileLock> lock)
      : files_(files), clock_(clock), uuid_(uuid), lock_(std::move(lock)) {}

  Result<std::vector<Series>> list() const override {
    return list_series(files_, SeriesWith::kManifest);
  }

  Result<std::unique_ptr<SeriesWriter>> writer(const Series& series) override {
    if (!lock_) {
      return fail(Code::kUsage, series.name() + ": the store is open for reading alone");
    }
    if (const Result<void> valid = validate(series); !valid) return fail(valid.error());
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
  const Result<std::vector<Series>> series = list_series(files, SeriesWith::kManifest);
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
