// bench/codec_bench.cpp
//
// What a sealed candle costs in bytes, and what it costs to encode and check it, on real candles: pages
// of 1,000 rows as REST sends them, sealed by calendar month. Nothing is printed before every row was
// read back and compared with the file that it is from.
//
//   codec_bench [Google Benchmark's flags]     from the project's root
//
// BF_DATA (default ../shared/data) names a folder with binance-spot and binance-um; without it the
// fixtures are used. `ten` is ten columns, `six` is open time and OHLCV.
#include <cstdio>
#include <numeric>

#include "bench/support/bench_store.h"
#include "bench/support/said_row.h"
#include "store/base/interval.h"
#include "store/frame.h"
#include "store/segment_writer.h"
#include "store/snapshot.h"

namespace bf::bench {
namespace {

using store::AnsweredRows;

constexpr std::size_t kPageRows = 1'000;
constexpr std::size_t kFramesMax = 500;

/// Bytes of each column's blocks, without descriptions and checksums.
std::array<std::uint64_t, kCandleColumnCount> column_bytes(SealedStore& sealed,
                                                           const Series& series) {
  std::array<std::uint64_t, kCandleColumnCount> bytes{};
  const auto pinned = value_of(store::pin_series(sealed.files(), series, {}));
  for (const auto& segment : pinned->segments) {
    for (const store::SegmentBlock& block : value_of(segment->blocks())) {
      for (std::size_t i = 0; i < kCandleColumnCount; ++i) {
        if (block.encoded.columns.contains(static_cast<Column>(i))) {
          bytes[i] += block.encoded.blocks[i].size;
        }
      }
    }
  }
  return bytes;
}

/// The sizes of one file, or of all of them.
struct Sizes {
  std::uint64_t rows = 0, six = 0, ten = 0;
  std::array<std::uint64_t, kCandleColumnCount> columns{};

  void add(const Sizes& other) {
    rows += other.rows;
    six += other.six;
    ten += other.ten;
    for (std::size_t i = 0; i < kCandleColumnCount; ++i) columns[i] += other.columns[i];
  }
  void print(const std::string& name) const {
    const auto per_row = [this](std::uint64_t bytes) {
      return static_cast<double>(bytes) / static_cast<double>(rows);
    };
    std::printf("%-34s %9llu %6.3f %6.3f |", name.c_str(), static_cast<unsigned long long>(rows),
                per_row(six), per_row(ten));
    for (const std::uint64_t bytes : columns) std::printf(" %6.2f", 8 * per_row(bytes));
    const std::uint64_t blocks = std::accumulate(columns.begin(), columns.end(), std::uint64_t{0});
    std::printf(" %6.2f\n", 8 * per_row(ten - blocks));
  }
};

void print_sizes(const std::vector<CandleFile>& files, SealedStore& ten, const SealedStore& six) {
  std::printf("bytes a candle: all files of the series; bits a value: columns of the ten\n");
  std::printf("%-34s %9s %6s %6s |", "file", "candles", "six", "ten");
  for (const char* column : {"time", "open", "high", "low", "close", "volume", "quote", "trades",
                             "taker", "takerq", "rest"}) {
    std::printf(" %6s", column);
  }
  std::printf("\n");
  Sizes all;
  for (const CandleFile& file : files) {
    Sizes one;
    one.rows = file.rows.row_count();
    one.six = six.bytes_of(file.series);
    one.ten = ten.bytes_of(file.series);
    one.columns = column_bytes(ten, file.series);
    one.print(file.name);
    all.add(one);
  }
  all.print("all");
  say_row("codec/bytes/six", static_cast<double>(all.six) / static_cast<double>(all.rows),
          "bytes a candle");
  say_row("codec/bytes/ten", static_cast<double>(all.ten) / static_cast<double>(all.rows),
          "bytes a candle");
  std::printf("\n");
  std::fflush(stdout);
}

/// Rows of one calendar month of a file, as a segment holds them.
std::vector<CandleBatch> months_of(const std::vector<CandleFile>& files, ColumnSet columns) {
  std::vector<CandleBatch> months;
  for (const CandleFile& file : files) {
    const std::vector<TimeMs>& times = file.rows.open_time();
    const auto month = [&times](std::size_t i) { return slot_begin(Interval::k1mo, times[i]); };
    std::size_t begin = 0;
    for (std::size_t i = 1; i <= times.size(); ++i) {
      if (i < times.size() && month(i) == month(begin)) continue;
      months.push_back(page_of(file.rows, columns, begin, i).rows);
      begin = i;
    }
  }
  return months;
}

/// Segments from columns in memory, without syncs: encoded and written, and where `verify` says so
/// read back, decoded and compared, as sealing does.
void write_segments(benchmark::State& state, const std::vector<CandleFile>& files,
                    ColumnSet columns, bool verify) {
  const TemporaryFolder folder;
  const auto file_system = value_of(open_file_system(folder.path(), /*create=*/true));
  const std::vector<CandleBatch> months = months_of(files, columns);
  const std::string path = "bench.seg";
  for (auto _ : state) {
    for (const CandleBatch& rows : months) {
      {
        const auto file = value_of(file_system->open(path, FileSystem::Open::kCreateNew));
        store::SegmentWriter writer(*file, {files.front().series, {}, 1, 1, 1, 1},
                                    {answer_of(rows, 0, rows.row_count())});
        expect(writer.add_rows(rows, 0, rows.row_count(), {}));
        value_of(writer.finish());
        if (verify) expect(writer.check_written(*file_system, path));
      }
      expect(file_system->remove(path));
    }
  }
  count_candles(state, rows_of(files));
}

/// Pages of 1,000 rows, as a run commits each of them as a frame.
std::vector<AnsweredRows> frame_pages(const std::vector<CandleFile>& files, ColumnSet columns) {
  std::vector<AnsweredRows> pages;
  for (const CandleFile& file : files) {
    const std::size_t rows = file.rows.row_count();
    for (std::size_t at = 0; at + kPageRows <= rows && pages.size() < kFramesMax; at += kPageRows) {
      pages.push_back(page_of(file.rows, columns, at, at + kPageRows));
    }
  }
  return pages;
}

constexpr store::LogIdentity kLog = {{}, 1};

/// Frames built in memory, not written.
void encode_frames(benchmark::State& state, const std::vector<CandleFile>& files,
                   ColumnSet columns) {
  const std::vector<AnsweredRows> pages = frame_pages(files, columns);
  store::FrameEncoder encoder;
  store::Bytes out;
  for (auto _ : state) {
    for (const AnsweredRows& page : pages) {
      out.clear();
      expect(encoder.encode(std::span(&page, 1), kLog, 1, 0, 0, out));
    }
  }
  count_candles(state, pages.size() * kPageRows);
}

/// Frames decoded from memory, as sealing does.
void decode_frames(benchmark::State& state, const std::vector<CandleFile>& files,
                   ColumnSet columns) {
  const std::vector<AnsweredRows> pages = frame_pages(files, columns);
  store::FrameEncoder encoder;
  std::vector<store::Bytes> frames(pages.size());
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    expect(encoder.encode(std::span(&pages[i], 1), kLog, 1, 0, 0, frames[i]));
    bytes += frames[i].size();
  }
  store::FrameDecoder decoder;
  std::vector<AnsweredRows> read;
  for (auto _ : state) {
    for (const store::Bytes& frame : frames) {
      const auto header = value_of(store::read_frame_header(frame, 0, kLog));
      const auto body = std::span(frame).subspan(sizeof(store::FrameHeader));
      expect(decoder.decode(header, body, columns, read));
    }
  }
  state.counters["bytes"] =
      static_cast<double>(bytes) / static_cast<double>(pages.size() * kPageRows);
  count_candles(state, pages.size() * kPageRows);
}

void register_all(const std::vector<CandleFile>& files) {
  for (const ColumnSet columns : {kCandleColumns, kOhlcvColumns}) {
    const std::string of = columns == kCandleColumns ? "/ten" : "/six";
    bench("segment/encode" + of, [&files, columns](benchmark::State& state) {
      write_segments(state, files, columns, /*verify=*/false);
    });
    bench("segment/encode_and_verify" + of, [&files, columns](benchmark::State& state) {
      write_segments(state, files, columns, /*verify=*/true);
    });
    bench("frame/encode" + of,
          [&files, columns](benchmark::State& state) { encode_frames(state, files, columns); });
    bench("frame/decode" + of,
          [&files, columns](benchmark::State& state) { decode_frames(state, files, columns); });
  }
}

}  // namespace
}  // namespace bf::bench

int main(int argc, char** argv) {
  const auto files = bf::bench::bench_files();
  {
    bf::bench::SealedStore ten(files, bf::kCandleColumns);
    const bf::bench::SealedStore six(files, bf::kOhlcvColumns);
    bf::bench::print_sizes(files, ten, six);
  }
  bf::bench::register_all(files);
  return bf::bench::run_benches(argc, argv);
}
