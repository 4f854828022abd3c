// store/examine.h
//
// One series examined file by file: what is whole, what is damaged, and which slots have lost their
// rows. Where read() and verify() stop at the first fault, this goes on to the last. It reads only, and
// beside a writer: what the writer replaced meanwhile is looked at again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "store/base/range_set.h"
#include "store/log.h"
#include "store/manifest.h"
#include "store/segment.h"

namespace bf::store {

/// A damaged thing.
struct Finding {
  std::string file;  ///< relative to the store
  std::string what;
  RangeSet lost;              ///< slots whose rows nothing else has
  bool lost_is_known = true;  ///< false: rows may be lost, and nobody can tell which
};

struct ExaminedSegment {
  SegmentEntry entry;
  std::shared_ptr<const Segment> whole;  ///< null when it is damaged
  std::string damage;                    ///< empty when it is whole
  bool is_there = true;
  RangeSet held;              ///< slots of its rows; of a damaged one at least these
  bool held_is_known = true;  ///< false: of a damaged one not even the range is known
};

struct ExaminedLog {
  std::uint32_t epoch = 0;
  std::string damage;  ///< empty when it is whole
  bool is_there = true;
  Bytes bytes;  ///< empty when they cannot be read
  LogScan scan;
};

struct Examined {
  explicit Examined(Series of) : series(std::move(of)) {}

  Series series;
  /// The live one; where it is lost or damaged, what the files say that it was (Remains::manifest),
  /// with the segments that are whole.
  Manifest manifest;
  std::string manifest_damage;  ///< empty when it is whole
  bool manifest_is_there = true;
  std::vector<ExaminedSegment> segments;  ///< by id
  std::vector<ExaminedLog> logs;          ///< the live one; without a manifest all
  RangeSet lost;                          ///< of all findings
  bool gap_cache_damaged = false;

  std::vector<Finding> findings;
  std::vector<Finding> notes;  ///< no damage: what a writer left that was cut short, and strangers
  std::uint64_t files = 0;     ///< that were read
  std::uint64_t bytes = 0;
};

/// Reads every byte of the series. Memory: the log, and a few blocks.
/// Errors: kIo when a file cannot be opened, for whatever reason; kFormat when one is intact and not
///         known to this build; kCorrupt when a manifest is intact and contradicts itself or its place;
///         kLimit when a writer replaced files faster than they were read.
[[nodiscard]] Result<Examined> examine_series(FileSystem& files, const Series& series);

}  // namespace bf::store
