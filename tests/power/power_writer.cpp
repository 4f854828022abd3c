// tests/power/power_writer.cpp
//
// The store on a real file system whose power is lost (real_power_test.py).
//
//   power_writer run STORE MARKS SEED [--without-log-sync]
//       the random run of that seed (crash_world.h); each acknowledgement is written to the file MARKS,
//       "SERIES COMMITS\n", before the run goes on
//   power_writer check STORE SEED ACKNOWLEDGED ACKNOWLEDGED ACKNOWLEDGED
//       recovers what is there and holds it against the same run: at least so many commits of each
//       series, and nothing else; then runs to the end, and compares the content hashes
//
// Exit 0; 1 with the violation; 2 when it could not be run.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

#include "tests/power/crash_states.h"
#include "tests/store/weakened_files.h"

namespace {

using namespace bf::store::crash;

int failed(const std::string& what, int code = 2) {
  std::fprintf(stderr, "power_writer: %s\n", what.c_str());
  return code;
}

int run(const char* store, const char* marks_path, std::uint64_t seed, Deletion deletion) {
  const auto files = bf::open_file_system(store, /*create=*/true);
  if (!files) return failed(files.error().message());
  const int marks = open(marks_path, O_WRONLY | O_CLOEXEC);
  if (marks < 0) return failed("cannot open the marks");
  const std::unique_ptr<bf::FileSystem> seen = weaken(**files, deletion);
  Oracle oracle;
  Workload workload(*seen, oracle);
  bool marked = true;
  workload.on_acknowledged = [&](std::size_t series, std::size_t commits) {
    const std::string line = std::to_string(series) + " " + std::to_string(commits) + "\n";
    marked = marked && write(marks, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  };
  const bool done = workload.some(seed);
  close(marks);
  return done && marked ? 0 : failed("the run failed");
}

int check(const char* store, std::uint64_t seed, char** acknowledged) {
  // The same run without a disk tells what was ever handed to the store.
  bf::test::SimFileSystem nowhere;
  Oracle oracle;
  if (!Workload(nowhere, oracle).some(seed)) return failed("the run failed on the simulated disk");
  for (std::size_t i = 0; i < kSeriesCount; ++i) {
    oracle.series[i].acknowledged = std::strtoull(acknowledged[i], nullptr, 10);
  }
  const auto files = bf::open_file_system(store, /*create=*/true);
  if (!files) return failed(files.error().message());
  Finding finding = check_store(**files, oracle);
  ExpectedHashes expected;
  if (finding.empty()) finding = check_run_again(**files, oracle, expected);
  return finding.empty() ? 0 : failed("VIOLATION: " + finding, 1);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "run" && (argc == 5 || argc == 6)) {
    const bool weak = argc == 6 && std::string_view(argv[5]) == "--without-log-sync";
    return run(argv[2], argv[3], std::strtoull(argv[4], nullptr, 10),
               weak ? Deletion::kLogSync : Deletion::kNone);
  }
  if (command == "check" && argc == 4 + static_cast<int>(kSeriesCount)) {
    return check(argv[2], std::strtoull(argv[3], nullptr, 10), argv + 4);
  }
  return failed("usage: run STORE MARKS SEED | check STORE SEED ACKNOWLEDGED...");
}
