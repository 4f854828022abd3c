#include "tests/fuzz/fuzz_store.h"

#include <algorithm>
#include <array>

#include "store/atomic_file.h"
#include "store/base/assert.h"
#include "store/store.h"

namespace bf::store::fuzz {
namespace {

constexpr std::array kDelimiter = {std::byte{'|'}, std::byte{'B'}, std::byte{'F'}, std::byte{'|'}};
/// More pieces than this say nothing new.
constexpr std::size_t kPiecesMax = 64;

StoreOptions writing() {
  StoreOptions options;
  options.mode = StoreOptions::Mode::kWrite;
  return options;
}

/// Making a store costs more than a run of a target: each begins with a copy of one disk.
const bf::test::SimDisk& empty_store() {
  static const bf::test::SimDisk disk = [] {
    SimFileSystem files;
    const ManualClock clock;
    const auto store = Store::open(files, clock, writing());
    BF_ASSERT(store);
    const auto writer = (*store)->writer(kSeries);
    BF_ASSERT(writer);
    BF_ASSERT((*writer)->close());
    return files.disk();
  }();
  return disk;
}

Result<void> scan_all(const SeriesSnapshot& snapshot) {
  ScanOptions options;
  options.provenance = true;
  options.live = true;
  const std::unique_ptr<Scan> scan = snapshot.scan({0, kTimeMax}, kAllColumns, options);
  ScanBatch batch;
  TimeMs last = -1;
  for (;;) {
    const Result<bool> more = scan->next(batch);
    if (!more) return fail(more.error());
    if (!*more) return {};
    for (const TimeMs time : batch.rows.open_time()) {
      BF_ASSERT(last < time);
      last = time;
    }
  }
}

}  // namespace

World::World() : files(empty_store()) {
  const Result<Manifest> read = read_manifest(files, kSeries);
  BF_ASSERT(read);
  manifest = *read;
}

void World::put(std::string_view name, std::span<const std::byte> bytes) {
  const std::string path = join_path(kSeries.path(), name);
  BF_ASSERT(remove_if_there(files, path));
  const auto file = files.open(path, FileSystem::Open::kCreateNew);
  BF_ASSERT(file);
  BF_ASSERT((*file)->pwrite(bytes, 0));
}

void World::put_manifest() { put(kManifestName, encode_manifest(manifest, kSeries)); }

std::uint64_t read_all(World& world) {
  const auto store = Store::open(world.files, world.clock, {});
  BF_ASSERT(store);
  static_cast<void>((*store)->list());
  static_cast<void>((*store)->gaps(kSeries));
  const auto snapshot = (*store)->read(kSeries);
  if (!snapshot) return 0;
  // Reading comes first: it must bear what verify() would have refused.
  const Result<void> scanned = scan_all(**snapshot);
  const auto stats = (*snapshot)->stats();
  const auto conflicts = (*snapshot)->conflicts();
  const Result<std::uint64_t> hash = (*snapshot)->content_hash();
  static_cast<void>((*snapshot)->gaps().count({0, kTimeMax}));
  if (!(*snapshot)->verify()) return 0;
  BF_ASSERT(scanned);
  BF_ASSERT(stats);
  BF_ASSERT(conflicts);
  BF_ASSERT(hash);
  return *hash;
}

bool write_all(World& world) {
  const auto store = Store::open(world.files, world.clock, writing());
  if (!store) return false;
  const auto writer = (*store)->writer(kSeries);
  if (!writer) return false;
  static_cast<void>((*writer)->gaps().count({0, kTimeMax}));
  const bool compacted = (*writer)->compact().has_value();
  return (*writer)->close() && compacted;
}

std::vector<Bytes> split(std::span<const std::byte> input) {
  std::vector<Bytes> pieces;
  while (pieces.size() < kPiecesMax) {
    const auto end = std::ranges::search(input, kDelimiter);
    pieces.emplace_back(input.begin(), end.begin());
    if (end.empty()) break;
    input = std::span(end.end(), input.end());
  }
  return pieces;
}

Bytes join(std::span<const Bytes> pieces) {
  Bytes out;
  for (const Bytes& piece : pieces) {
    if (&piece != pieces.data()) append_bytes(out, kDelimiter);
    append_bytes(out, piece);
  }
  return out;
}

}  // namespace bf::store::fuzz
