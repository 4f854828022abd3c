// bench/append_bench.cpp
//
// Durable appends: frames of 1,000 rows, ten columns, over 500 series, on a real disk. `commit/N` has N
// frames of a series acknowledged by one fdatasync, as a run has them that waited for it together.
//
//   append_bench [Google Benchmark's flags]     from the project's root; BF_DATA as in codec_bench
//
// The store goes to $TMPDIR. Rates are of wall time. Rows are counted before anything is printed.
#include "bench/support/bench_store.h"

namespace bf::bench {
namespace {

using store::AnsweredRows;
using store::SeriesWriter;

constexpr std::size_t kPageRows = 1'000;
constexpr std::size_t kSeries = 500;
constexpr std::size_t kFrames = 8;  ///< of each series in a pass

/// Pages of real rows, for each series the next ones of some file.
class Pages {
 public:
  explicit Pages(const std::vector<CandleFile>& files) {
    for (const CandleFile& file : files) {
      const std::size_t rows = file.rows.row_count();
      for (std::size_t at = 0; at + kFrames * kPageRows <= rows; at += kFrames * kPageRows) {
        std::vector<AnsweredRows> pages;
        for (std::size_t i = 0; i < kFrames; ++i) {
          pages.push_back(
              page_of(file.rows, kCandleColumns, at + i * kPageRows, at + (i + 1) * kPageRows));
        }
        pages_.push_back(std::move(pages));
      }
    }
    if (pages_.empty()) stop("no file has 8,000 rows");
  }
  [[nodiscard]] std::span<const AnsweredRows> of(std::size_t series) const {
    return pages_[series % pages_.size()];
  }

 private:
  std::vector<std::vector<AnsweredRows>> pages_;
};

/// A new store and the writers of its series.
struct Logs {
  BenchStore bench;
  std::vector<std::unique_ptr<SeriesWriter>> writers;

  Logs() {
    for (std::size_t i = 0; i < kSeries; ++i) {
      const Series series{
          {"binance", "um", "S" + std::to_string(i)}, Kind::kCandles, Interval::k1m};
      writers.push_back(value_of(bench.store().writer(series)));
    }
  }
  /// Appends all pages, `group` frames a commit: series by series, as a run's workers come by.
  void fill(const Pages& pages, std::size_t group) {
    for (std::size_t at = 0; at < kFrames; at += group) {
      for (std::size_t i = 0; i < kSeries; ++i) {
        const auto frames = pages.of(i).subspan(at, group);
        for (const AnsweredRows& frame : frames) expect(writers[i]->append(std::span(&frame, 1)));
        expect(writers[i]->sync());
      }
    }
  }
  void check() const {
    std::int64_t held = 0;
    for (const auto& writer : writers) held += writer->gaps().count({0, kTimeMax}).held;
    if (held < static_cast<std::int64_t>(kSeries * kFrames * kPageRows)) {
      stop("not everything was acknowledged");
    }
  }
};

void commit(benchmark::State& state, Logs& logs, const Pages& pages, std::size_t group) {
  for (auto _ : state) logs.fill(pages, group);
  logs.check();
  count_candles(state, kSeries * kFrames * kPageRows);
}

}  // namespace
}  // namespace bf::bench

int main(int argc, char** argv) {
  using namespace bf::bench;
  const Pages pages(bench_files());
  Logs logs;
  for (const std::size_t group : {1U, 4U, 8U}) {
    bench("commit/" + std::to_string(group),
          [&logs, &pages, group](benchmark::State& state) { commit(state, logs, pages, group); })
        ->UseRealTime()
        ->Iterations(1)
        ->Repetitions(3);
  }
  return run_benches(argc, argv);
}
