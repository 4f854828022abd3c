// Adds up the closes of one series, as doubles, block by block.
//
//   sum_closes STORE SERIES          sum_closes bf-store binance/um/BTCUSDT/candles/1m
#include <cmath>
#include <cstdio>

#include "store/base/clock.h"
#include "store/base/file_system.h"
#include "store/store.h"

int main(int argc, char** argv) {
  const auto failed = [](const bf::Error& error) {
    std::fprintf(stderr, "sum_closes: %s\n", error.message().c_str());
    return 1;
  };
  if (argc != 3) return 2;
  const auto series = bf::parse_series_path(argv[2]);
  if (!series) return failed(series.error());
  const auto files = bf::open_file_system(argv[1], /*create=*/false);
  if (!files) return failed(files.error());
  const bf::SystemClock clock;
  const auto store = bf::store::Store::open(**files, clock, {});
  if (!store) return failed(store.error());
  const auto snapshot = (*store)->read(*series);
  if (!snapshot) return failed(snapshot.error());

  double sum = 0;
  std::size_t rows = 0;
  const auto scan = (*snapshot)->scan({0, bf::kTimeMax}, {bf::Column::kClose});
  for (bf::store::ScanBatch batch;;) {
    const auto more = scan->next(batch);
    if (!more) return failed(more.error());
    if (!*more) break;
    const bf::ColumnValues& closes = batch.rows.column(bf::Column::kClose);
    const double unit = std::pow(10, -closes.scale);
    for (const std::int64_t mantissa : closes.values) sum += static_cast<double>(mantissa) * unit;
    rows += batch.rows.row_count();
  }
  std::printf("%zu %.4f\n", rows, sum);
}
