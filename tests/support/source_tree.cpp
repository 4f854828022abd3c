#include "tests/support/source_tree.h"

#include <fstream>
#include <sstream>

namespace bf::test {

// BF_SOURCE_DIR is defined for this file alone: the others then compile to the same objects in every
// clone, and a compiler cache serves them all.
std::string source_path(std::string_view relative) {
  return std::string(BF_SOURCE_DIR) + "/" + std::string(relative);
}

std::string read_source_file(std::string_view relative) {
  std::ifstream file(source_path(relative), std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace bf::test
