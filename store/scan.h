// store/scan.h
//
// Scans over a pinned series.
#pragma once

#include <memory>
#include <vector>

#include "store/merge.h"
#include "store/snapshot.h"
#include "store/store.h"

namespace bf::store {

/// The scan shares `pinned`, which so outlives it.
[[nodiscard]] std::unique_ptr<Scan> make_scan(std::shared_ptr<const PinnedSeries> pinned,
                                              TimeRange range, ColumnSet columns,
                                              ScanOptions options);

}  // namespace bf::store
