// The standard run as a program, to be killed (tests/programs/kill_points_test.py).
//
//   standard_run fill STORE STATE           goes through the script, or on with it
//   standard_run resume STORE STATE SAID    checks what a killed life left, then fills
//   standard_run damage STORE STATE
//   standard_run repair STORE STATE SAID    repairs, checks, and commits again what was lost
//
// SAID is the stdout of the lives before. Exit 0, or 1 with what is wrong on stderr.
#include <cstdio>
#include <string_view>

#include "tests/kill/life.h"

namespace {

using namespace bf::store::crash;

Finding run(std::string_view command, const Places& places, const char* said) {
  if (command == "fill" && said == nullptr) return fill(places);
  if (command == "damage" && said == nullptr) return damage(places);
  if (command == "repair" && said != nullptr) return repair(places, read_said(said));
  if (command != "resume" || said == nullptr) return "usage: see tests/kill/main.cpp";
  Finding finding = check(places, read_said(said));
  return finding.empty() ? fill(places) : finding;
}

}  // namespace

int main(int argc, char** argv) {
  const Finding finding =
      argc < 4 || argc > 5 ? Finding("usage: see tests/kill/main.cpp")
                           : run(argv[1], Places{argv[2], argv[3]}, argc == 5 ? argv[4] : nullptr);
  if (finding.empty()) return 0;
  std::fprintf(stderr, "%s\n", finding.c_str());
  return 1;
}
