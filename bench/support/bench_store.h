// bench/support/bench_store.h
//
// Stores for the benches, made from real candles in a temporary folder, and checked against them before
// anything is measured.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/support/candle_files.h"
#include "store/base/clock.h"
#include "store/store.h"

namespace bf::bench {

/// A finding that makes every figure worthless: says it and ends the program.
[[noreturn]] void stop(const std::string& what);
template <class T>
T value_of(Result<T> result) {
  if (!result) stop(result.error().message());
  return std::move(*result);
}
void expect(const Result<void>& result);

/// A folder below $TMPDIR that is gone with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

/// The columns of a candle, which are the first ones.
inline constexpr std::size_t kCandleColumnCount = 10;
static_assert(kCandleColumns == ColumnSet::from_bits((1U << kCandleColumnCount) - 1));

/// What Binance REST would say of rows [begin, end), a day after the last.
[[nodiscard]] store::Answer answer_of(const CandleBatch& rows, std::size_t begin, std::size_t end);
/// Rows [begin, end) of `rows`, with these columns, as a page of their own.
[[nodiscard]] store::AnsweredRows page_of(const CandleBatch& rows, ColumnSet columns,
                                          std::size_t begin, std::size_t end);

/// A store in a folder of its own that one process writes.
class BenchStore {
 public:
  BenchStore();
  [[nodiscard]] store::Store& store() noexcept { return *store_; }
  [[nodiscard]] FileSystem& files() noexcept { return *files_; }
  [[nodiscard]] const std::string& path() const noexcept { return folder_.path(); }
  /// Bytes of every file in the series' directory.
  [[nodiscard]] std::uint64_t bytes_of(const Series& series) const;

 private:
  TemporaryFolder folder_;
  SystemClock clock_;
  std::unique_ptr<FileSystem> files_;
  std::unique_ptr<store::Store> store_;
};

/// All files with the same columns, appended in pages of 1,000 rows and sealed by calendar month.
class SealedStore : public BenchStore {
 public:
  SealedStore(const std::vector<CandleFile>& files, ColumnSet columns);
  [[nodiscard]] store::SeriesSnapshot& snapshot(std::size_t file) { return *snapshots_[file]; }
  [[nodiscard]] ColumnSet columns() const noexcept { return columns_; }

 private:
  void add(const CandleFile& file);
  void check(const CandleFile& file);

  ColumnSet columns_;
  std::vector<std::unique_ptr<store::SeriesSnapshot>> snapshots_;
};

/// BF_DATA, or ../shared/data, or the fixtures. Ends the program where there are none.
[[nodiscard]] std::vector<CandleFile> bench_files();
[[nodiscard]] std::size_t rows_of(const std::vector<CandleFile>& files);
/// Reports `rows` a pass as "candles" a second.
void count_candles(benchmark::State& state, std::size_t rows);

/// Registers a bench that is run seven times and reported as median, mean and deviation.
template <class Run>
benchmark::internal::Benchmark* bench(const std::string& name, const Run& run) {
  return benchmark::RegisterBenchmark(name.c_str(), run)
      ->Repetitions(7)
      ->ReportAggregatesOnly()
      ->Unit(benchmark::kMicrosecond);
}
/// Parses Google Benchmark's flags and runs what was registered; the program's exit code.
int run_benches(int argc, char** argv);

}  // namespace bf::bench
