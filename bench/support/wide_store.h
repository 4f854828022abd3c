// bench/support/wide_store.h
//
// A store as wide as a market: many series, each with a segment a month.
#pragma once

#include <vector>

#include "bench/support/bench_store.h"

namespace bf::bench {

struct WideStoreOptions {
  std::size_t series = 547;  ///< binance/um/S000USDT and on, as bf-sim --generate names them
  int months = 24;           ///< from 2024-01 on
  std::size_t rows = 5'340;  ///< of each month, from its first minute: 70 million in all
};

/// Rows of the first file, moved to the months' beginnings; sealed, and closed.
class WideStore : public BenchStore {
 public:
  WideStore(const CandleFile& file, const WideStoreOptions& options);
  [[nodiscard]] const std::vector<Series>& all() const noexcept { return all_; }
  /// All months.
  [[nodiscard]] TimeRange range() const noexcept { return range_; }
  [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }

 private:
  void fill(const Series& series, const CandleFile& file, const WideStoreOptions& options);

  std::vector<Series> all_;
  TimeRange range_;
  std::int64_t rows_ = 0;
};

}  // namespace bf::bench
