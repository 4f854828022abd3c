#include "bench/support/bench_store.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "store/row_codec.h"

namespace bf::bench {
namespace {

namespace fs = std::filesystem;
using store::AnsweredRows;

constexpr std::size_t kPageRows = 1'000;

/// Whether row `at` of what was read says the same as row `row` of what was written.
bool same(const CandleBatch& read, std::size_t at, const CandleBatch& from, std::size_t row,
          ColumnSet columns) {
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    if (!columns.contains(column)) continue;
    const int digits = from.data[i].scale - read.data[i].scale;
    std::int64_t scaled = 0;
    const bool quick = digits >= 0 && read.wide.empty() && from.wide.empty() &&
                       scale_up(read.data[i].values[at], digits, scaled);
    const bool equal = quick ? scaled == from.data[i].values[row]
                             : read.text_at(column, at) == from.text_at(column, row);
    if (!equal) return false;
  }
  return true;
}

}  // namespace

void stop(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(1);
}

void expect(const Result<void>& result) {
  if (!result) stop(result.error().message());
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "bf-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) stop("no temporary folder: " + name);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

store::Answer answer_of(const CandleBatch& rows, std::size_t begin, std::size_t end) {
  store::Answer answer;
  answer.exchange = "binance";
  answer.asked = {rows.open_time()[begin], rows.open_time()[end - 1] + kMinuteMs};
  answer.asked_at = answer.asked.to + kDayMs;
  answer.first_row = rows.open_time()[begin];
  answer.last_row = rows.open_time()[end - 1];
  return answer;
}

AnsweredRows page_of(const CandleBatch& rows, ColumnSet columns, std::size_t begin,
                     std::size_t end) {
  AnsweredRows page;
  page.answer = answer_of(rows, begin, end);
  page.rows.columns = columns;
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (!columns.contains(static_cast<Column>(i))) continue;
    const auto values = std::span(rows.data[i].values).subspan(begin, end - begin);
    page.rows.data[i].values.assign(values.begin(), values.end());
    page.rows.data[i].scale = rows.data[i].scale;
  }
  store::collect_exceptions(rows, begin, end, 0, page.rows.wide, page.rows.odd_close_times);
  std::erase_if(page.rows.wide,
                [&](const WideValue& wide) { return !columns.contains(wide.column); });
  return page;
}

BenchStore::BenchStore() : files_(value_of(open_file_system(folder_.path(), /*create=*/true))) {
  store::StoreOptions options;
  options.mode = store::StoreOptions::Mode::kWrite;
  options.allow_network = true;
  store_ = value_of(store::Store::open(*files_, clock_, options));
}

std::uint64_t BenchStore::bytes_of(const Series& series) const {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(path()) / series.path())) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

SealedStore::SealedStore(const std::vector<CandleFile>& files, ColumnSet columns)
    : columns_(columns) {
  for (const CandleFile& file : files) {
    add(file);
    check(file);
  }
}

void SealedStore::add(const CandleFile& file) {
  const auto writer = value_of(store().writer(file.series));
  const std::size_t rows = file.rows.row_count();
  for (std::size_t begin = 0; begin < rows; begin += kPageRows) {
    const AnsweredRows page =
        page_of(file.rows, columns_, begin, std::min(rows, begin + kPageRows));
    expect(writer->append(std::span(&page, 1)));
  }
  expect(writer->sync());
  expect(writer->seal());
  expect(writer->close());
  snapshots_.push_back(value_of(store().read(file.series)));
}

void SealedStore::check(const CandleFile& file) {
  const auto scan = snapshots_.back()->scan({0, kTimeMax}, columns_);
  store::ScanBatch batch;
  std::size_t row = 0;
  while (value_of(scan->next(batch))) {
    for (std::size_t i = 0; i < batch.rows.row_count(); ++i, ++row) {
      if (row >= file.rows.row_count() || !same(batch.rows, i, file.rows, row, columns_)) {
        stop(file.name + ": row " + std::to_string(row) + " is not what was stored");
      }
    }
  }
  if (row != file.rows.row_count()) stop(file.name + ": rows are missing");
}

std::vector<CandleFile> bench_files() {
  const char* const named = std::getenv("BF_DATA");
  return value_of(read_candle_files("fixtures", named != nullptr ? named : "../shared/data"));
}

std::size_t rows_of(const std::vector<CandleFile>& files) {
  std::size_t rows = 0;
  for (const CandleFile& file : files) rows += file.rows.row_count();
  return rows;
}

void count_candles(benchmark::State& state, std::size_t rows) {
  state.counters["candles"] =
      benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kIsIterationInvariantRate);
}

int run_benches(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace bf::bench
