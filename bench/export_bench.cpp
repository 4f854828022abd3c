// bench/export_bench.cpp
//
// bf-export to CSV, the whole program from its start to the file on the disk, on real candles: ten
// columns, and open time with OHLCV.
//
//   export_bench [Google Benchmark's flags]     from the project's root; BF_DATA as in codec_bench
//   export_bench --keep=FILE                    writes all series to FILE, with all columns, and ends
//
// The file's lines are counted before anything is printed. Rates are of wall time.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "bench/support/bench_store.h"
#include "bench/support/child.h"

namespace bf::bench {
namespace {

std::size_t lines_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::size_t lines = 0;
  std::vector<char> buffer(1U << 20);
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) ||
         file.gcount() > 0) {
    lines +=
        static_cast<std::size_t>(std::count(buffer.begin(), buffer.begin() + file.gcount(), '\n'));
  }
  return lines;
}

class Export {
 public:
  Export(const std::vector<CandleFile>& files, SealedStore& sealed) : rows_(rows_of(files)) {
    program_ = {program_folder() + "/bf-export", target(), "--store", sealed.path(), "--force"};
    for (const char* const flag : {"--quiet", "--columns"}) program_.emplace_back(flag);
    program_.emplace_back(
        "open_time,open,high,low,close,volume,quote_volume,trades,"
        "taker_buy_base,taker_buy_quote");
  }
  void only_ohlcv() { program_.back() = "open_time,open,high,low,close,volume"; }
  void check() {
    run();
    if (lines_of(target()) != rows_ + 1) stop("the export has not as many lines as the store rows");
  }
  void run() {
    const int code = run_child(program_);
    // 3: the files leave minutes out, which are missing.
    if (code != 0 && code != 3) stop("bf-export ended with exit code " + std::to_string(code));
  }
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }

 private:
  [[nodiscard]] std::string target() const { return folder_.path() + "/export.csv"; }

  TemporaryFolder folder_;
  std::size_t rows_;
  std::vector<std::string> program_;
};

void register_export(const std::string& name, Export& exported) {
  exported.check();
  bench(name, [&exported](benchmark::State& state) {
    for (auto _ : state) exported.run();
    count_candles(state, exported.rows());
  })->UseRealTime();
}

}  // namespace
}  // namespace bf::bench

int main(int argc, char** argv) {
  using namespace bf::bench;
  const auto files = bench_files();
  SealedStore sealed(files, bf::kCandleColumns);
  const std::string first = argc > 1 ? argv[1] : "";
  if (const std::string flag = "--keep="; first.starts_with(flag)) {
    const int code = run_child({program_folder() + "/bf-export", first.substr(flag.size()),
                                "--store", sealed.path(), "--quiet"});
    return code == 3 ? 0 : code;
  }
  Export ten(files, sealed);
  Export six(files, sealed);
  six.only_ohlcv();
  register_export("export/ten", ten);
  register_export("export/six", six);
  return run_benches(argc, argv);
}
