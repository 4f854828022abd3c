// bench/support/child.h
//
// Runs one of the project's programs, as a user would.
#pragma once

#include <string>
#include <vector>

namespace bf::bench {

/// The folder of the running program, where the others lie as well.
[[nodiscard]] std::string program_folder();

/// Runs `arguments`, of which the first is the program's path, without its output, and waits for it.
/// Ends this program where it cannot be started; returns its exit code otherwise.
int run_child(const std::vector<std::string>& arguments);

}  // namespace bf::bench
