#include "tools/cli/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <libdeflate.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>

#include "store/base/last_error.h"
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

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* d) const noexcept { libdeflate_free_decompressor(d); }
};

/// What libdeflate is given for a member at first, per byte of it: text of candles packs 3 to 6 times.
constexpr std::size_t kUnpackedFirst = 8;

/// Unpacks all members of a gzip file; how large they are is only known when they fit.
Result<std::string> unpack_gzip(std::string_view packed, std::string_view path,
                                std::size_t bytes_max) {
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  if (decompressor == nullptr) return fail(Code::kNoMemory, "no memory to unpack gzip");
  std::string out;
  std::size_t used = 0;
  std::size_t room = packed.size() * kUnpackedFirst + 4'096;
  while (!packed.empty()) {
    room = std::min(room, bytes_max - used);
    out.resize(used + room);
    std::size_t in = 0;
    std::size_t unpacked = 0;
    const libdeflate_result result = libdeflate_gzip_decompress_ex(
        decompressor.get(), packed.data(), packed.size(), out.data() + used, room, &in, &unpacked);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE && used + room < bytes_max) {
      room *= 2;
      continue;
    }
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      return fail(Code::kLimit, fmt::format("{} unpacks to more than {} bytes: split it",
                                            printable(path), bytes_max));
    }
    if (result != LIBDEFLATE_SUCCESS) {
      return fail(Code::kDataQuality,
                  fmt::format("{}: the gzip is damaged or cut short", printable(path)));
    }
    used += unpacked;
    packed.remove_prefix(in);
  }
  out.resize(used);
  return out;
}

/// How files of other packings begin, and what unpacks them.
struct Packing {
  std::string_view magic;
  std::string_view name;
  std::string_view unpack;
};
constexpr Packing kPackings[] = {
    {std::string_view("\xFD"
                      "7zXZ",
                      5),
     "xz", "xz -dc"},
    {std::string_view("PK\x03\x04", 4), "zip", "unzip -p"},
    {std::string_view("\x28\xB5\x2F\xFD", 4), "zstd", "zstd -dc"},
    {std::string_view("BZh", 3), "bzip2", "bzip2 -dc"},
};

constexpr std::size_t kTarMagicAt = 257;

Result<void> refuse_packed(std::string_view bytes, std::string_view path) {
  for (const Packing& packing : kPackings) {
    if (!bytes.starts_with(packing.magic)) continue;
    return fail(Code::kUsage, fmt::format("{} is packed with {}: {} FILE | ... import - ...",
                                          printable(path), packing.name, packing.unpack));
  }
  if (bytes.starts_with("PAR1") || bytes.starts_with("ARROW1")) {
    return fail(Code::kUsage,
                fmt::format("{} is a Parquet or Feather file: write it as CSV", printable(path)));
  }
  if (bytes.size() > kTarMagicAt && bytes.substr(kTarMagicAt).starts_with("ustar")) {
    return fail(Code::kUsage, fmt::format("{} is a tar archive: tar xOf FILE | ... import - ...",
                                          printable(path)));
  }
  return {};
}

}  // namespace

Result<std::string> read_input(const std::string& path, std::size_t bytes_max) {
  const bool standard = path == "-";
  const std::string_view name = standard ? std::string_view("stdin") : path;
  const int descriptor = standard ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fail(file_error(name, errno));
  Result<std::string> bytes = read_descriptor(descriptor, name, bytes_max);
  if (!standard) ::close(descriptor);
  if (!bytes) return bytes;
  if (bytes->starts_with("\x1F\x8B")) bytes = unpack_gzip(*bytes, name, bytes_max);
  if (!bytes) return bytes;
  const Result<void> plain = refuse_packed(*bytes, name);
  if (!plain) return fail(plain.error());
  return bytes;
}

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
    if (count < 0) return fail(LastError().at(fmt::format("cannot write {}", printable(name))));
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

bool is_private_file(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
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
