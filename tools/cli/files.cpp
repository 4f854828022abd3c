#include "tools/cli/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "store/base/series.h"

namespace bf::cli {
namespace {

Error file_error(std::string_view path, int number) {
  return errno_error(fmt::format("cannot read {}", printable(path)), number);
}

Result<std::string> read_descriptor(int descriptor, std::string_view path, std::size_t bytes_max) {
  std::string text;
  char buffer[1 << 14];
  for (;;) {
    const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(file_error(path, errno));
    if (count == 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > bytes_max) {
      return fail(Code::kLimit,
                  fmt::format("{} is longer than {} bytes", printable(path), bytes_max));
    }
  }
}

}  // namespace

Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fail(file_error(path, errno));
  Result<std::string> text = read_descriptor(descriptor, path, bytes_max);
  ::close(descriptor);
  return text;
}

Result<void> write_all(int descriptor, std::string_view bytes, std::string_view name) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(errno_error(fmt::format("cannot write {}", printable(name)), errno));
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> make_folders_of(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (parent.empty()) return {};
  std::error_code problem;
  std::filesystem::create_directories(parent, problem);
  if (!problem) return {};
  return fail(errno_error(fmt::format("cannot make the folder {}", printable(parent.string())),
                          problem.value()));
}

bool is_directory(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool exists(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0;
}

}  // namespace bf::cli
