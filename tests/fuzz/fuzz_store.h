// tests/fuzz/fuzz_store.h
//
// What the fuzz targets share: a store in memory with one series, whose files are replaced by what the
// fuzzer made, and everything that a program does with a store. An error is fine, whatever it says; a
// crash, a failed assertion or memory without a bound is a finding.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "store/base/clock.h"
#include "store/base/series.h"
#include "store/bytes.h"
#include "store/manifest.h"
#include "tests/support/sim_file_system.h"

namespace bf::store::fuzz {

using bf::test::SimFileSystem;

/// The series of tests/golden.
inline const Series kSeries{{"binance", "um", "BTCUSDT"}, Kind::kCandles, Interval::k1m};

/// A store with an empty kSeries, and its manifest.
struct World {
  SimFileSystem files;
  Manifest manifest;
  ManualClock clock;

  World();
  /// Replaces a file of the series.
  void put(std::string_view name, std::span<const std::byte> bytes);
  /// Replaces MANIFEST by `manifest`.
  void put_manifest();
};

/// Opens for reading, verifies, reads all rows, conflicts, states, statistics and the content hash.
/// Stops the process where verify() found nothing and reading fails all the same.
/// The content hash, or 0 where the series is damaged.
std::uint64_t read_all(World& world);
/// Opens for writing, which recovers the log; seals, compacts, closes. Whether all of it was done.
bool write_all(World& world);

/// Inputs made of pieces: so the fuzzer may lengthen one without moving the others.
[[nodiscard]] std::vector<Bytes> split(std::span<const std::byte> input);
[[nodiscard]] Bytes join(std::span<const Bytes> pieces);

}  // namespace bf::store::fuzz
