// tests/support/source_tree.h
//
// Where the project's own files are: tests read the fixtures and the documents of the tree that they
// were built from.
#pragma once

#include <string>
#include <string_view>

namespace bf::test {

/// The path of `relative` in the source tree.
[[nodiscard]] std::string source_path(std::string_view relative);
/// All bytes of that file; empty where it cannot be read.
[[nodiscard]] std::string read_source_file(std::string_view relative);

}  // namespace bf::test
