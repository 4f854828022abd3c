// tests/kill/life.h
//
// One process's life of the standard run, on real files: it goes through the script, and says on stdout
// what it has acknowledged, a line each, before it goes on. What was said must be there after a kill.
//
//   acknowledged SERIES COUNT   the first COUNT commits of series SERIES are durable
//   kept SERIES COMMIT          the repair left that commit whole
//   whole SERIES COMMIT         that commit, which the damage took, is durable again
//   listed COUNT                the ledger knows COUNT instruments
//   banned UNTIL                the ban file keeps a ban until then, wall ms
//   hash SERIES HASH            what the series says in the end
#pragma once

#include <array>
#include <set>
#include <string>

#include "tests/kill/script.h"

namespace bf::store::crash {

/// What lives before this one said.
struct Said {
  std::array<std::size_t, kSeriesCount> acknowledged{};
  std::array<std::set<std::size_t>, kSeriesCount> whole;
  std::size_t listed = 0;
  TimeMs banned_until = 0;
};
/// Of the lines in the file at `path`; what a kill cut off behind the last whole line was not said.
[[nodiscard]] Said read_said(const std::string& path);

/// Where a run has its files.
struct Places {
  std::string store;
  std::string state;  ///< of the ban file
};

/// Prints what each series says in the end.
[[nodiscard]] Finding say_hashes(FileSystem& files);
/// Goes through the script, from wherever a killed life left it, and prints the hashes.
[[nodiscard]] Finding fill(const Places& places);
/// Damages a filled store: STORE, the ledger, a manifest, a segment and a log.
[[nodiscard]] Finding damage(const Places& places);
/// Repairs the store, commits again what was lost with the damage, and prints the hashes.
[[nodiscard]] Finding repair(const Places& places, const Said& said);
/// What a killed life of fill() left holds all that was said, and else nothing but a prefix of the commits.
[[nodiscard]] Finding check(const Places& places, const Said& said);

}  // namespace bf::store::crash
