// tests/power/sim_power_states.cpp
//
// Goal: no power loss in the store's code, at any operation, breaks a promise. Method: worlds of
// crash_states.h, seed after seed, on several processes, until enough different states were tried.
//
//   sim_power_states [STATES=500000] [PROCESSES=2] [FIRST_WORLD=1] [--without-log-sync]
//
// Prints what was tried; exit 1 with the first violation of each process, and the world that shows it:
// `sim_power_states 1 1 WORLD` tries that one again. --without-log-sync leaves the fdatasync of a commit
// out, which must be noticed.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "tests/power/crash_states.h"

namespace {

using bf::store::crash::Deletion;
using bf::store::crash::Finding;
using bf::store::crash::StateCounts;
using bf::store::crash::World;

constexpr std::uint64_t kProcessesMax = 64;

/// What a process did, in memory that its parent sees also when it dies.
struct Share {
  StateCounts counts;
  std::uint64_t world = 0;  ///< that it is in
};

std::uint64_t argument(int argc, char** argv, int at, std::uint64_t usual) {
  return argc > at ? std::strtoull(argv[at], nullptr, 10) : usual;
}

int work(Share& share, std::uint64_t states, std::uint64_t first, std::uint64_t step,
         Deletion deletion) {
  for (share.world = first; share.counts.all() < states; share.world += step) {
    const Finding finding = World(share.world, share.counts, deletion).run();
    if (finding.empty()) continue;
    std::fprintf(stderr, "VIOLATION: %s\n", finding.c_str());
    return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Deletion deletion = Deletion::kNone;
  if (argc > 1 && std::string_view(argv[argc - 1]) == "--without-log-sync") {
    deletion = Deletion::kLogSync;
    --argc;
  }
  const std::uint64_t states = argument(argc, argv, 1, 500'000);
  const std::uint64_t processes = argument(argc, argv, 2, 2);
  const std::uint64_t first = argument(argc, argv, 3, 1);
  if (states == 0 || processes == 0 || processes > kProcessesMax) {
    std::fprintf(stderr, "usage: sim_power_states [STATES] [PROCESSES] [FIRST_WORLD]\n");
    return 2;
  }
  void* const memory = mmap(nullptr, sizeof(Share) * processes, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 2;
  Share* const shares = new (memory) Share[processes];
  std::vector<pid_t> children;
  for (std::uint64_t i = 0; i < processes; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      _exit(work(shares[i], (states + processes - 1) / processes, first + i, processes, deletion));
    }
    if (child < 0) return 2;
    children.push_back(child);
  }
  StateCounts all;
  int failed = 0;
  for (std::uint64_t i = 0; i < processes; ++i) {
    int status = 0;
    if (waitpid(children[i], &status, 0) != children[i] || status != 0) {
      ++failed;
      std::fprintf(stderr, "process %d ended with status %d in world %llu\n", children[i], status,
                   static_cast<unsigned long long>(shares[i].world));
    }
    const StateCounts& counts = shares[i].counts;
    all.in_run += counts.in_run;
    all.in_recovery += counts.in_recovery;
    all.in_repair += counts.in_repair;
    all.rerun += counts.rerun;
    all.repeated += counts.repeated;
    all.worlds += counts.worlds;
  }
  const auto number = [](std::uint64_t count) { return static_cast<unsigned long long>(count); };
  std::printf(
      "%llu different states of %llu worlds: %llu in the run, %llu in recovery, %llu in repair;\n"
      "%llu of them run to the end again; %llu more were equal to one tried; violations %d\n",
      number(all.all()), number(all.worlds), number(all.in_run), number(all.in_recovery),
      number(all.in_repair), number(all.rerun), number(all.repeated), failed);
  return failed == 0 && all.all() >= states ? 0 : 1;
}
