// store/series_writer.h
//
// The one writer of a series.
#pragma once

#include <memory>

#include "store/recovery.h"
#include "store/snapshot.h"

namespace bf::store {

/// `files` outlives the writer; `lock` is held as long as it lives; `proof` is told what is durable.
[[nodiscard]] std::unique_ptr<SeriesWriter> make_series_writer(FileSystem& files,
                                                               std::shared_ptr<FileLock> lock,
                                                               const Series& series,
                                                               OpenedSeries opened,
                                                               std::shared_ptr<KnownProof> proof);

}  // namespace bf::store
