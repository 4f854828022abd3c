// tests/store/golden_store.h
//
// The stores of tests/golden: what each holds, how it is written, and what it says as text. Together
// they use every feature of the format (docs/format.md). tests/golden/README.md says how they are made
// again.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tests/store/sample_rows.h"

namespace bf::store::test {

struct GoldenStore {
  std::string_view name;
  Result<void> (*write)(SimFileSystem& files);  ///< `series`, in an empty store
  Series series = kSeries;
};
/// That of events.
inline const Series kFundingSeries{{"binance", "um", "BTCUSDT"}, Kind::kFunding, Interval::kEvents};
[[nodiscard]] std::span<const GoldenStore> golden_stores();

/// All rows, as `bf-export - --format csv` writes them.
[[nodiscard]] Result<std::string> csv_of(const SeriesSnapshot& snapshot);
/// All else: sources, conflicts, the states of slots, the content hash. One thing a line.
[[nodiscard]] Result<std::string> report_of(const SeriesSnapshot& snapshot);

}  // namespace bf::store::test
