// tests/store/bit_rot_test.cpp
//
// Goal: no rotten bit is ever read as data, and none goes unnoticed by a scrub. Method: a store with every
// kind of file; each bit of it flipped alone (a sample of them, all with BF_ROT_STRIDE=1); then all rows
// and states are read, and the files examined.
#include <gtest/gtest.h>

#include <cstdlib>

#include "store/checksum.h"
#include "store/log.h"
#include "store/manifest.h"
#include "store/scrub.h"
#include "tests/store/damaged_store.h"

namespace bf::store::test {
namespace {

const ManualClock kClock;
constexpr auto kWhole = static_cast<std::uint64_t>(-1);

/// Every so manyth bit is flipped: a prime, so that all bits of a byte take their turns.
std::uint64_t stride() {
  const char* const given = std::getenv("BF_ROT_STRIDE");
  return given == nullptr ? 11 : std::max(1ULL, std::strtoull(given, nullptr, 10));
}

/// All that a reader is told of the series, in one number.
Result<std::uint64_t> fingerprint(FileSystem& files) {
  const auto store = Store::open(files, kClock, {});
  if (!store) return fail(store.error());
  const auto snapshot = (*store)->read(kSeries);
  if (!snapshot) return fail(snapshot.error());
  const auto scan = (*snapshot)->scan({0, kTimeMax}, kAllColumns);
  std::uint64_t hash = 0;
  for (ScanBatch batch;;) {
    const Result<bool> more = scan->next(batch);
    if (!more) return fail(more.error());
    if (!*more) break;
    for (const ColumnValues& column : batch.rows.data) {
      hash = digest(std::as_bytes(std::span(column.values)), hash + column.values.size());
      hash += static_cast<std::uint64_t>(column.scale);
    }
  }
  for (const StateRange& range : (*snapshot)->gaps().states({kTimeMin, kTimeMax})) {
    hash = digest(bytes_of(range.range), hash + static_cast<std::uint64_t>(range.state));
  }
  return hash;
}

class BitRot : public DamagedStore {
 protected:
  /// Flips bits of one file, one at a time; returns how many. Those from byte `silent_from` on may go
  /// unnoticed.
  std::uint64_t rot(const std::string& path, std::uint64_t silent_from) {
    const std::uint64_t bits = 8 * bytes_at(path).size();
    std::uint64_t flips = 0;
    for (std::uint64_t bit = next_; bit < bits && !HasFailure(); bit += stride(), ++flips) {
      SimFileSystem files(truth_.disk);
      files.disk().flip_bit(files.disk().find(path), bit / 8, bit % 8);
      const Result<std::uint64_t> read = fingerprint(files);
      EXPECT_TRUE(!read || *read == truth_hash_)
          << path << ": bit " << bit << " was read as if it were right";
      EXPECT_TRUE(bit / 8 >= silent_from || is_found(files))
          << path << ": bit " << bit << " went unnoticed";
      next_ = bit + stride() - bits;  // of the next file
    }
    return flips;
  }
  [[nodiscard]] static bool is_found(SimFileSystem& files) {
    const auto root = scrub_root(files);
    if (!root || !root->findings.empty()) return true;
    const auto series = examine_series(files, kSeries);
    return !series || !series->findings.empty();
  }

 private:
  SimFileSystem whole_{truth_.disk};
  std::uint64_t truth_hash_ = fingerprint(whole_).value();
  std::uint64_t next_ = 0;
};

TEST_F(BitRot, IsNeverReadAsDataAndNeverUnnoticed) {
  SimFileSystem files(truth_.disk);
  const Manifest manifest = read_manifest(files, kSeries).value();
  std::uint64_t flips = rot("STORE", kWhole);
  const std::vector<DirectoryEntry> entries = files.list(kSeries.path()).value();
  for (const DirectoryEntry& entry : entries) {
    // Behind what the manifest proves lies the frame that proved it, which says nothing else.
    const bool log = entry.name == log_name(manifest.log_epoch);
    flips += rot(path_of(entry.name), log ? manifest.log_proven : kWhole);
  }
  EXPECT_GT(flips, 1'000U);
  RecordProperty("flips", static_cast<int>(flips));
}

}  // namespace
}  // namespace bf::store::test
