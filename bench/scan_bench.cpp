// bench/scan_bench.cpp
//
// What reading a sealed store costs, on real candles, warm, one thread. Rates count candles and are of
// CPU time; `memory` and `memcpy` are what the machine does with columns that lie in memory already.
//
//   scan_bench [Google Benchmark's flags]     from the project's root; BF_DATA as in codec_bench
#include <malloc.h>

#include <cstring>

#include "bench/support/bench_store.h"

namespace bf::bench {
namespace {

void sum_of_memory(benchmark::State& state, const std::vector<CandleFile>& files) {
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (const CandleFile& file : files) {
      for (const std::int64_t v : file.rows.column(Column::kClose).values) {
        sum += static_cast<std::uint64_t>(v);
      }
    }
    benchmark::DoNotOptimize(sum);
  }
  count_candles(state, rows_of(files));
}

/// All ten columns copied, a block of each at a time.
void copy_of_memory(benchmark::State& state, const std::vector<CandleFile>& files) {
  constexpr std::size_t kBlock = 2'048;
  std::array<std::array<std::int64_t, kBlock>, kCandleColumnCount> block{};
  for (auto _ : state) {
    for (const CandleFile& file : files) {
      const std::size_t rows = file.rows.row_count();
      for (std::size_t at = 0; at < rows; at += kBlock) {
        for (std::size_t i = 0; i < kCandleColumnCount; ++i) {
          std::memcpy(block[i].data(), file.rows.data[i].values.data() + at,
                      std::min(kBlock, rows - at) * sizeof(std::int64_t));
        }
        benchmark::ClobberMemory();
      }
    }
  }
  count_candles(state, rows_of(files));
}

void sum_of_column(benchmark::State& state, const std::vector<CandleFile>& files,
                   SealedStore& sealed, Column column) {
  store::ScanBatch batch;
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < files.size(); ++i) {
      const auto scan = sealed.snapshot(i).scan({0, kTimeMax}, ColumnSet{column});
      while (value_of(scan->next(batch))) {
        for (const std::int64_t v : batch.rows.column(column).values) {
          sum += static_cast<std::uint64_t>(v);
        }
      }
    }
    benchmark::DoNotOptimize(sum);
  }
  count_candles(state, rows_of(files));
}

void scan_all(benchmark::State& state, const std::vector<CandleFile>& files, SealedStore& sealed) {
  store::ScanBatch batch;
  for (auto _ : state) {
    std::size_t rows = 0;
    for (std::size_t i = 0; i < files.size(); ++i) {
      const auto scan = sealed.snapshot(i).scan({0, kTimeMax}, sealed.columns());
      while (value_of(scan->next(batch))) rows += batch.rows.row_count();
    }
    if (rows != rows_of(files)) stop("a scan lost rows");
  }
  count_candles(state, rows_of(files));
}

/// A day of the first file's series, another one each time.
void one_day(benchmark::State& state, const CandleFile& file, SealedStore& sealed) {
  const std::vector<TimeMs>& times = file.rows.open_time();
  const TimeMs first_day = times.front() / kDayMs * kDayMs + kDayMs;
  const std::int64_t days = (times.back() - first_day) / kDayMs;
  store::ScanBatch batch;
  std::int64_t day = 0;
  std::size_t rows = 0;
  for (auto _ : state) {
    const TimeMs from = first_day + day * kDayMs;
    const auto scan = sealed.snapshot(0).scan({from, from + kDayMs}, sealed.columns());
    while (value_of(scan->next(batch))) rows += batch.rows.row_count();
    day = (day + 1) % days;
  }
  if (rows == 0) stop("a day has no rows");
}

/// The heap that a scan of `range` takes beyond what was there, at most, in KiB.
double heap_of_scan(store::SeriesSnapshot& snapshot, TimeRange range, ColumnSet columns) {
  const std::size_t before = mallinfo2().uordblks;
  std::size_t most = before;
  store::ScanBatch batch;
  const auto scan = snapshot.scan(range, columns);
  while (value_of(scan->next(batch))) most = std::max(most, mallinfo2().uordblks);
  return static_cast<double>(most - before) / 1024;
}

/// What a reader of one day, a month and everything takes.
void memory_of_reader(benchmark::State& state, const CandleFile& file, SealedStore& sealed) {
  const TimeMs from = file.rows.open_time().front();
  for (auto _ : state) {
    const auto heap = [&](TimeMs to) {
      return heap_of_scan(sealed.snapshot(0), {from, to}, sealed.columns());
    };
    state.counters["day_KiB"] = heap(from + kDayMs);
    state.counters["month_KiB"] = heap(from + 30 * kDayMs);
    state.counters["whole_KiB"] = heap(kTimeMax);
  }
}

void register_all(const std::vector<CandleFile>& files, SealedStore& ten, SealedStore& six) {
  bench("memory/sum", [&](benchmark::State& state) { sum_of_memory(state, files); });
  bench("memory/memcpy_ten", [&](benchmark::State& state) { copy_of_memory(state, files); });
  for (std::size_t i = 0; i < kCandleColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    bench("sum/" + std::string(column_name(column)),
          [&, column](benchmark::State& state) { sum_of_column(state, files, ten, column); });
  }
  bench("scan/ten", [&](benchmark::State& state) { scan_all(state, files, ten); });
  bench("scan/six", [&](benchmark::State& state) { scan_all(state, files, six); });
  bench("one_day/ten", [&](benchmark::State& state) { one_day(state, files.front(), ten); });
  bench("reader_memory/ten",
        [&](benchmark::State& state) { memory_of_reader(state, files.front(), ten); });
  bench("one_day/six", [&](benchmark::State& state) { one_day(state, files.front(), six); });
}

}  // namespace
}  // namespace bf::bench

int main(int argc, char** argv) {
  const auto files = bf::bench::bench_files();
  bf::bench::SealedStore ten(files, bf::kCandleColumns);
  bf::bench::SealedStore six(files, bf::kOhlcvColumns);
  bf::bench::register_all(files, ten, six);
  return bf::bench::run_benches(argc, argv);
}
