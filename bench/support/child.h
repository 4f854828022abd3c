// bench/support/child.h
//
// Runs one of the project's programs, as a user would.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace bf::bench {

/// The folder of the running program, where the others lie as well.
[[nodiscard]] std::string program_folder();

/// A program that runs until its owner is gone; then it gets SIGTERM and is waited for.
class Child {
 public:
  /// Ends this program where the other cannot be started. Its output goes nowhere.
  explicit Child(const std::vector<std::string>& arguments);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

 private:
  ::pid_t pid_;
};

/// Runs `arguments`, of which the first is the program's path, without its output, and waits for it.
/// Ends this program where it cannot be started; returns its exit code otherwise.
int run_child(const std::vector<std::string>& arguments);

}  // namespace bf::bench
