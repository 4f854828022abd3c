// bench/open_bench.cpp
//
// What it costs to know what a wide store holds: 547 series with 24 segments each, 70 million candles.
// Opening it and the gap index of every series; listing every gap; `bf-engine plan` over all of it,
// against bf-sim on loopback; a new process that reads one day of one series; and how long a run takes to its
// first request.
//
//   open_bench [Google Benchmark's flags]     from the project's root; BF_DATA as in codec_bench
//
// Times are wall times, with the files in the page cache.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "bench/support/child.h"
#include "bench/support/wide_store.h"

namespace bf::bench {
namespace {

using store::GapIndex;

std::vector<GapIndex> open_all(WideStore& wide) {
  const SystemClock clock;
  const auto files = value_of(open_file_system(wide.path(), /*create=*/false));
  const auto opened = value_of(store::Store::open(*files, clock, {}));
  std::vector<GapIndex> gaps;
  for (const Series& series : value_of(opened->list())) {
    gaps.push_back(value_of(opened->gaps(series)));
  }
  return gaps;
}

void check(WideStore& wide) {
  std::int64_t held = 0;
  const std::vector<GapIndex> gaps = open_all(wide);
  for (const GapIndex& one : gaps) held += one.count(wide.range()).held;
  if (gaps.size() != wide.all().size() || held != wide.rows()) {
    stop("the gap indexes do not say what was stored");
  }
}

void register_store(WideStore& wide) {
  bench("open/list",
        [&wide](benchmark::State& state) {
          for (auto _ : state) benchmark::DoNotOptimize(value_of(wide.store().list()));
        })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
  bench("open/store_and_gap_indexes",
        [&wide](benchmark::State& state) {
          for (auto _ : state) benchmark::DoNotOptimize(open_all(wide));
        })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
  bench("gaps/all",
        [&wide](benchmark::State& state) {
          const std::vector<GapIndex> gaps = open_all(wide);
          for (auto _ : state) {
            std::size_t ranges = 0;
            for (const GapIndex& one : gaps) ranges += one.states(wide.range()).size();
            benchmark::DoNotOptimize(ranges);
          }
        })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

void register_process(WideStore& wide) {
  const std::vector<std::string> read_day = {program_folder() + "/read_day", wide.path(),
                                             wide.all()[wide.all().size() / 2].path(),
                                             std::to_string(wide.range().from)};
  if (run_child(read_day) != 0) stop("read_day found no candle");
  bench("process/read_day",
        [read_day](benchmark::State& state) {
          for (auto _ : state) run_child(read_day);
        })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
  const std::vector<std::string> nothing = {"/bin/true"};
  bench("process/true",
        [nothing](benchmark::State& state) {
          for (auto _ : state) run_child(nothing);
        })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

/// bf-sim with the wide store's symbols, on a free port of loopback.
class Simulator {
 public:
  explicit Simulator(std::size_t symbols)
      : child_({program_folder() + "/bf-sim", "--generate", "1", "--symbols",
                std::to_string(symbols), "--port-file", port_file(), "--no-limits"}) {
    for (int tries = 0; tries < 1'000 && url_.empty(); ++tries) {
      std::string port;
      if (std::ifstream(port_file()) >> port) {
        url_ = "http://127.0.0.1:" + port;
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    }
    if (url_.empty()) stop("bf-sim did not open its port");
  }
  [[nodiscard]] const std::string& url() const noexcept { return url_; }

 private:
  [[nodiscard]] std::string port_file() const { return folder_.path() + "/port"; }

  TemporaryFolder folder_;
  Child child_;
  std::string url_;
};

void register_plan(WideStore& wide, const Simulator& simulator) {
  const std::string range_end = std::to_string(wide.range().to);
  const std::vector<std::string> plan = {program_folder() + "/bf-engine",
                                         "plan",
                                         "--exchange",
                                         "binance",
                                         "--market",
                                         "um",
                                         "--all",
                                         "--from",
                                         std::to_string(wide.range().from),
                                         "--to",
                                         range_end,
                                         "--store",
                                         wide.path(),
                                         "--base-url",
                                         "binance=" + simulator.url(),
                                         "--archive-url",
                                         "binance=" + simulator.url() + "/archive",
                                         "--source",
                                         "rest",
                                         "--quiet"};
  if (run_child(plan) != 3) stop("bf-engine plan did not find work");
  bench("process/plan",
        [plan](benchmark::State& state) {
          for (auto _ : state) run_child(plan);
        })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

/// A port of loopback that takes connections and answers nothing.
class SilentServer {
 public:
  SilentServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, any, size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, any, &size) != 0) {
      stop("cannot listen on loopback");
    }
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~SilentServer() { ::close(listener_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;

  /// Waits until somebody has connected and begun a request.
  void wait_for_request() const {
    const int connection = ::accept(listener_, nullptr, nullptr);
    std::array<char, 4> begun{};
    const ::ssize_t got = ::recv(connection, begun.data(), begun.size(), MSG_WAITALL);
    ::close(connection);
    if (got != 4 || std::string_view(begun.data(), 4) != "GET ") stop("that was no request");
  }
  [[nodiscard]] const std::string& url() const noexcept { return url_; }

 private:
  int listener_;
  std::string url_;
};

/// From the start of `bf-engine run` to its first request, over a copy of the store that nobody has open.
void register_first_request(const WideStore& wide, const TemporaryFolder& folder,
                            const SilentServer& server) {
  const std::string store = folder.path() + "/store";
  if (run_child({program_folder() + "/bf-verify", "snapshot", store, "--store", wide.path()}) !=
      0) {
    stop("the store cannot be copied");
  }
  std::vector<std::string> run = {program_folder() + "/bf-engine", "run", "--store", store};
  const std::vector<std::string> flags = {"--exchange",
                                          "binance",
                                          "--market",
                                          "um",
                                          "--all",
                                          "--days",
                                          "1",
                                          "--state-dir",
                                          folder.path() + "/state",
                                          "--base-url",
                                          "binance=" + server.url(),
                                          "--source",
                                          "rest",
                                          "--quiet"};
  run.insert(run.end(), flags.begin(), flags.end());
  bench("process/first_request",
        [run, &server](benchmark::State& state) {
          for (auto _ : state) {
            const auto began = std::chrono::steady_clock::now();
            const Child child(run);
            server.wait_for_request();
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
            state.SetIterationTime(took.count());
          }
        })
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace bf::bench

int main(int argc, char** argv) {
  using namespace bf::bench;
  const auto files = bench_files();
  WideStore wide(files.front(), {});
  check(wide);
  register_store(wide);
  register_process(wide);
  const TemporaryFolder copy;
  const SilentServer silent;
  register_first_request(wide, copy, silent);
  const Simulator simulator(wide.all().size());
  register_plan(wide, simulator);
  return run_benches(argc, argv);
}
