// store/remains.h
//
// What the files of a series tell when its manifest is lost or damaged. Segments describe themselves:
// each header has the series' UUID, each trailer the rows and their range, each coverage part what was
// superseded. Logs know no UUID, but their frames prove that they are of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/base/file_system.h"
#include "store/manifest.h"

namespace bf::store {

/// A segment file, as it describes itself.
struct FoundSegment {
  SegmentEntry entry;      ///< without a description the id and the size alone
  bool described = false;  ///< its trailer is intact and of this series; the header may not be
};

struct Remains {
  /// Without segments. Nothing that is there has the ids behind its own: next_segment is free, and
  /// log_epoch is the highest that was used. The UUID is zero where no file tells it.
  Manifest manifest;
  std::vector<FoundSegment> segments;     ///< by id
  std::vector<std::uint32_t> log_epochs;  ///< rising; of logs that are not empty
};

/// Whether the file begins with an intact header of a segment `id`, of whatever series and version.
[[nodiscard]] bool segment_header_intact(const File& file, std::uint32_t id);

/// Looks at all files of the series. Errors: kIo; kFormat where a file is intact and of a newer version.
[[nodiscard]] Result<Remains> find_remains(FileSystem& files, const Series& series);

}  // namespace bf::store
