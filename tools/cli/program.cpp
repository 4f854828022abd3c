#include "tools/cli/program.h"

#include <string>
#include <system_error>

#include "store/base/map_guard.h"
#include "store/base/memory_guard.h"

namespace bf::cli {
namespace {

Exit parse_and_dispatch(const Program& program, int argc, const char* const* argv,
                        const std::function<Exit(const Invocation& invocation)>& dispatch) {
  const auto invocation = parse_command_line(program, argc, argv, process_environment());
  if (!invocation) {
    print_error(program.name, invocation.error().message());
    return backfill::exit_of(invocation.error().code());
  }
  if (!invocation->text) return dispatch(*invocation);
  std::string text = *invocation->text;
  if (!text.ends_with('\n')) text.push_back('\n');
  const Result<void> printed = write_stdout(text);
  return printed ? Exit::kComplete : Exit::kStorage;
}

}  // namespace

const char* const kExitCodesText =
    "Each flag is a key of --config FILE too, and a variable: --max-weight is BF_MAX_WEIGHT.\n"
    "\n"
    "Exit codes; where several hold, the first of 1, 6, 130/143, 2, 5, 4, 3:\n"
    "  0  every wanted slot is held or absent   4  data-quality findings\n"
    "  1  internal error                        5  temporary: banned, network, exchange down\n"
    "  2  usage, configuration, unknown symbol  6  storage: disk full, lock, damage\n"
    "  3  wanted slots are missing              130, 143  stopped by a signal\n";

int run_program(const Program& program, int argc, const char* const* argv,
                const std::function<Exit(const Invocation& invocation)>& dispatch) {
  install_map_guard();
  install_memory_guard(program.name);
  try {
    return static_cast<int>(parse_and_dispatch(program, argc, argv, dispatch));
  } catch (const std::system_error& error) {  // std::thread's: before any work was begun
    print_error(program.name,
                std::string("cannot start a thread: ") + error.what() + "; see ulimit -u and -v");
    return static_cast<int>(Exit::kInternal);
  }
}

Exit with_narrator(std::string_view program, const OutputFlags& flags,
                   const std::function<Result<Exit>(Narrator&)>& work) {
  const auto narrator = Narrator::open(program, flags);
  if (!narrator) {
    print_error(program, narrator.error().message());
    return backfill::exit_of(narrator.error().code());
  }
  const Result<Exit> exit = work(**narrator);
  if (exit) return *exit;
  (*narrator)->error(exit.error().message());
  return backfill::exit_of(exit.error().code());
}

}  // namespace bf::cli
