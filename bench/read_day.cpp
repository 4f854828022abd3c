// bench/read_day.cpp
//
// A program that does nothing but read: opens a store, scans one day of one series, prints how many
// candles it has and their closes' sum. What open_bench starts to measure a new process.
//
//   read_day STORE SERIES DAY        read_day bf-store binance/um/BTCUSDT/candles/1m 1704067200000
#include <cstdio>
#include <cstdlib>

#include "store/base/clock.h"
#include "store/base/file_system.h"
#include "store/store.h"

namespace {

using bf::Result;
using bf::Series;

int failed(const bf::Error& error) {
  std::fprintf(stderr, "read_day: %s\n", error.message().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: read_day STORE SERIES DAY\n");
    return 2;
  }
  const Result<Series> series = bf::parse_series_path(argv[2]);
  if (!series) return failed(series.error());
  const auto files = bf::open_file_system(argv[1], /*create=*/false);
  if (!files) return failed(files.error());
  const bf::SystemClock clock;
  const auto store = bf::store::Store::open(**files, clock, {});
  if (!store) return failed(store.error());
  const auto snapshot = (*store)->read(*series);
  if (!snapshot) return failed(snapshot.error());
  const bf::TimeMs day = std::atoll(argv[3]);
  const auto scan = (*snapshot)->scan({day, day + bf::kDayMs}, {bf::Column::kClose});
  bf::store::ScanBatch batch;
  std::size_t rows = 0;
  std::int64_t sum = 0;
  for (;;) {
    const Result<bool> more = scan->next(batch);
    if (!more) return failed(more.error());
    if (!*more) break;
    rows += batch.rows.row_count();
    for (const std::int64_t close : batch.rows.column(bf::Column::kClose).values) sum += close;
  }
  std::printf("%zu candles, closes add up to %lld\n", rows, static_cast<long long>(sum));
  return rows == 0 ? 3 : 0;
}
