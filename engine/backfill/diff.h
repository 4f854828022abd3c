// engine/backfill/diff.h
//
// Held candles against another source: the exchange itself asked once more, its archive, or another
// exchange's instrument of the same canonical symbol. Nothing is written.
#pragma once

#include <string>
#include <vector>

#include "engine/backfill/report.h"
#include "engine/backfill/row_diff.h"
#include "engine/backfill/run.h"
#include "store/store.h"

namespace bf::backfill {

/// What to compare of one series.
struct DiffTarget {
  Series series;
  TimeRange range;
  std::string
      canonical;  ///< of the instrument; "" where it is not known: no other exchange is found
  std::string multiplier = "1";
  double tick = 0;  ///< of its prices; 0: unknown
  const store::SeriesSnapshot* held = nullptr;
};

struct SeriesDiff {
  Series series;
  std::string other;  ///< what it was compared with: "okx/swap/BTC-USDT-SWAP rest"; "" for nothing
  TimeRange range;
  RowDifferences rows;
  std::vector<Failure> failures;  ///< of what could not be compared
};

struct DiffReport {
  std::vector<SeriesDiff> series;
  std::vector<Failure> failures;
  bool cancelled = false;
  std::int64_t requests = 0;
};

/// Compares each target with `against`: "rest" and "archive" of its own exchange, or another exchange or
/// market ("okx", "okx/swap"). Of `options` those that say how the network is used hold; the services'
/// store, files and ledger may be null.
/// Errors: none of its own: what fails is in the report.
[[nodiscard]] async::Task<DiffReport> run_diff(Services& services, RunOptions options,
                                               std::string against, std::vector<DiffTarget> targets,
                                               async::CancelToken cancel);

}  // namespace bf::backfill
