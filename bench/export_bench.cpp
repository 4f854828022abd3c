// bench/export_bench.cpp
//
// bf-export to CSV, the whole program from its start to the file on the disk, on real candles: ten
// columns, and open time with OHLCV. Each run makes a new file; that of the run before is removed while
// the clock stands. Beside it what the disk takes for the same bytes: written and synced, nothing else.
//
//   export_bench [Google Benchmark's flags]     from the project's root; BF_DATA as in codec_bench
//   export_bench --keep=FILE                    writes all series to FILE, with all columns, and ends
//
// The file's lines are counted before anything is printed. Rates are of wall time; "cpu" is what all
// threads of a run took, in seconds. On a machine that does other work, let the cases take turns:
// --benchmark_enable_random_interleaving=true.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "bench/support/bench_store.h"
#include "bench/support/child.h"

namespace bf::bench {
namespace {

constexpr std::size_t kBlockBytes = 1U << 19;

std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Of this process, or of those that it has waited for; seconds.
double cpu_of(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
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
    bytes_ = read_all(target());
    const auto lines = static_cast<std::size_t>(std::count(bytes_.begin(), bytes_.end(), '\n'));
    if (lines != rows_ + 1) stop("the export has not as many lines as the store rows");
  }
  void run() {
    const int code = run_child(program_);
    // 3: the files leave minutes out, which are missing.
    if (code != 0 && code != 3) stop("bf-export ended with exit code " + std::to_string(code));
  }
  /// Writes and syncs the bytes of the export. Requires: check() was called.
  void run_disk_alone() const {
    const int file = ::open(target().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) stop("cannot make " + target());
    for (std::size_t at = 0; at < bytes_.size(); at += kBlockBytes) {
      const std::size_t size = std::min(kBlockBytes, bytes_.size() - at);
      if (::write(file, bytes_.data() + at, size) != static_cast<::ssize_t>(size)) {
        stop("cannot write " + target());
      }
    }
    if (::fsync(file) != 0) stop("cannot sync " + target());
    ::close(file);
  }
  void remove() const { std::filesystem::remove(target()); }
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }

 private:
  [[nodiscard]] std::string target() const { return folder_.path() + "/export.csv"; }

  TemporaryFolder folder_;
  std::size_t rows_;
  std::vector<std::string> program_;
  std::string bytes_;
};

template <class Run>
void register_case(const std::string& name, const Export& exported, int who, const Run& run) {
  bench(name, [&exported, who, run](benchmark::State& state) {
    double cpu = 0;
    for (auto _ : state) {
      state.PauseTiming();
      exported.remove();
      const double before = cpu_of(who);
      state.ResumeTiming();
      run();
      cpu += cpu_of(who) - before;
    }
    count_candles(state, exported.rows());
    state.counters["cpu"] = benchmark::Counter(cpu, benchmark::Counter::kAvgIterations);
  })->UseRealTime();
}

void register_export(const std::string& columns, Export& exported) {
  exported.check();
  register_case("export/" + columns, exported, RUSAGE_CHILDREN, [&exported] { exported.run(); });
  register_case("disk/" + columns, exported, RUSAGE_SELF,
                [&exported] { exported.run_disk_alone(); });
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
  register_export("ten", ten);
  register_export("six", six);
  return run_benches(argc, argv);
}
