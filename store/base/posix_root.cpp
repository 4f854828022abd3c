#include "store/base/posix_root.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "store/base/last_error.h"
#include "store/base/posix_descriptor.h"

namespace bf {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

Result<void> sync_parent(const std::string& path) {
  const std::string parent = parent_of(path);
  const Result<Descriptor> directory =
      open_at(AT_FDCWD, parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, parent);
  if (!directory) return fail(directory.error());
  return sync_descriptor(directory->get(), parent);
}

/// Of a directory that is there. Once anything is in it, whoever put it there has come past this.
Result<void> sync_parent_if_empty(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_empty(path, error) || error) return {};
  // Where others keep the parent to themselves, they made the directory.
  if (::access(parent_of(path).c_str(), R_OK) != 0) return {};
  return sync_parent(path);
}

}  // namespace

Result<void> make_root(const std::string& path) {
  struct ::stat status{};
  if (::stat(path.c_str(), &status) == 0) return sync_parent_if_empty(path);
  if (const std::size_t slash = path.find_last_of('/'); slash != 0 && slash != std::string::npos) {
    const Result<void> above = make_root(path.substr(0, slash));
    if (!above) return above;
  }
  if (retry([&] { return ::mkdir(path.c_str(), kDirectoryMode); }) != 0 && errno != EEXIST) {
    return fail(LastError().at("mkdir " + path));
  }
  return sync_parent(path);
}

}  // namespace bf
