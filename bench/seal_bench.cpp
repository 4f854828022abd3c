// bench/seal_bench.cpp
//
// Sealing a month of one series, 43,200 candles with ten columns, on a real disk: the whole, and each of
// its syncs, in the order of the crash protocol. Medians of many months.
//
//   seal_bench     from the project's root; BF_DATA as in codec_bench; the store goes to $TMPDIR
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>

#include "bench/support/bench_store.h"
#include "bench/support/said_row.h"
#include "bench/support/timed_files.h"

namespace bf::bench {
namespace {

constexpr std::size_t kMonthRows = 43'200;
constexpr std::size_t kPageRows = 1'000;
constexpr int kSeals = 25;

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// A month of real rows, all of one calendar month.
const CandleFile& month_of(const std::vector<CandleFile>& files) {
  for (const CandleFile& file : files) {
    const std::vector<TimeMs>& times = file.rows.open_time();
    const bool whole = times.size() >= kMonthRows;
    if (whole && span_of(Interval::k1m, times[0]).contains(times[kMonthRows - 1])) return file;
  }
  stop("no file begins with a whole month");
}

struct Seals {
  std::vector<double> whole;  ///< us
  /// By the sync's place in the protocol.
  std::map<std::size_t, std::pair<std::string, std::vector<double>>> syncs;
};

/// "0001.seg.tmp" -> "a segment": the same in every series.
std::string kind_of(const std::string& file) {
  if (file == "directory") return "the directory";
  if (file.find(".seg") != std::string::npos) return "the segment";
  return file.find(".log") != std::string::npos ? "the new log" : "the manifest";
}

void seal_one(store::Store& store, TimedFileSystem& files, const CandleFile& month, int number,
              Seals& seals) {
  const Series series{{"binance", "um", "S" + std::to_string(number)}};
  const auto writer = value_of(store.writer(series));
  for (std::size_t at = 0; at < kMonthRows; at += kPageRows) {
    const std::size_t end = std::min(at + kPageRows, kMonthRows);
    const store::AnsweredRows page = page_of(month.rows, kCandleColumns, at, end);
    expect(writer->append(std::span(&page, 1)));
  }
  expect(writer->sync());
  static_cast<void>(files.take_syncs());
  const auto began = std::chrono::steady_clock::now();
  expect(writer->seal());
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - began;
  seals.whole.push_back(took.count());
  const std::vector<TimedSync> syncs = files.take_syncs();
  for (std::size_t i = 0; i < syncs.size(); ++i) {
    auto& [what, times] = seals.syncs[i];
    what = kind_of(syncs[i].what);
    times.push_back(syncs[i].microseconds);
  }
  expect(writer->close());
}

int run() {
  const std::vector<CandleFile> files = bench_files();
  const CandleFile& month = month_of(files);
  const TemporaryFolder folder;
  TimedFileSystem timed(value_of(open_file_system(folder.path(), /*create=*/true)));
  const SystemClock clock;
  store::StoreOptions options;
  options.mode = store::StoreOptions::Mode::kWrite;
  const auto store = value_of(store::Store::open(timed, clock, options));
  Seals seals;
  for (int number = 0; number < kSeals; ++number) seal_one(*store, timed, month, number, seals);

  std::printf("a month of %zu candles sealed, median of %d\n", kMonthRows, kSeals);
  double syncs = 0;
  for (const auto& [place, sync] : seals.syncs) {
    const double us = median(sync.second);
    std::printf("  sync %zu, %-14s %8.0f us\n", place + 1, sync.first.c_str(), us);
    syncs += us;
  }
  std::printf("  all syncs              %8.0f us\n", syncs);
  std::printf("  the whole seal         %8.0f us\n", median(seals.whole));
  say_row("seal/syncs", syncs / 1e3, "ms");
  say_row("seal/whole", median(seals.whole) / 1e3, "ms");
  return 0;
}

}  // namespace
}  // namespace bf::bench

int main() { return bf::bench::run(); }
