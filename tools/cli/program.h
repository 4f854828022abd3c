// tools/cli/program.h
//
// What every program does around its work: parse, open the narration, turn errors into messages and
// exit codes.
#pragma once

#include <functional>

#include "engine/backfill/report.h"
#include "tools/cli/command_line.h"
#include "tools/cli/output.h"

namespace bf::cli {

using backfill::Exit;

/// Parses, prints --help and --version, else calls `dispatch` with what was asked for. Running out of
/// memory is a message and exit 1 (store/base/memory_guard.h).
[[nodiscard]] int run_program(const Program& program, int argc, const char* const* argv,
                              const std::function<Exit(const Invocation& invocation)>& dispatch);

/// Calls `work` with the narration that `flags` ask for. Its error is said, and returned as the exit
/// code that it stands for.
[[nodiscard]] Exit with_narrator(std::string_view program, const OutputFlags& flags,
                                 const std::function<Result<Exit>(Narrator&)>& work);

/// What the exit codes mean, for --help.
extern const char* const kExitCodesText;

}  // namespace bf::cli
