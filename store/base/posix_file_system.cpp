// The FileSystem over the system's calls. No part of a path may be a link: one that is planted inside a
// store leads nowhere, while the root itself may be one.
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "store/base/assert.h"
#include "store/base/file_system.h"
#include "store/base/last_error.h"
#include "store/base/map_guard.h"
#include "store/base/network_file_system.h"
#include "store/base/posix_descriptor.h"
#include "store/base/posix_root.h"
#include "store/base/series.h"

namespace bf {
namespace {

constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
// Without O_NONBLOCK a FIFO planted in the place of a file would hold the open for ever.
constexpr int kFileFlags = O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
// What is read of a lock file's content, which other programs may have written.
constexpr std::size_t kHolderBytesMax = 256;

Result<void> read_exactly(int descriptor, std::span<std::byte> into, std::uint64_t offset,
                          const std::string& what) {
  while (!into.empty()) {
    const ::ssize_t count = retry([&] {
      return ::pread(descriptor, into.data(), into.size(), static_cast<::off_t>(offset));
    });
    if (count < 0) return fail(LastError().at("read " + what));
    if (count == 0) {
      return fail(Code::kCorrupt, "read " + what + ": the file ends at byte " +
                                      std::to_string(offset) + ", " + std::to_string(into.size()) +
                                      " bytes before what was asked for");
    }
    into = into.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<void> write_exactly(int descriptor, std::span<const std::byte> bytes, std::uint64_t offset,
                           const std::string& what) {
  while (!bytes.empty()) {
    const ::ssize_t count = retry([&] {
      return ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<::off_t>(offset));
    });
    if (count < 0) return fail(LastError().at("write " + what));
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<std::uint64_t> size_of(int descriptor, const std::string& what) {
  struct ::stat status{};
  if (retry([&] { return ::fstat(descriptor, &status); }) != 0) {
    return fail(LastError().at("fstat " + what));
  }
  if (!S_ISREG(status.st_mode)) return fail(Code::kIo, "open " + what + ": not a regular file");
  return static_cast<std::uint64_t>(status.st_size);
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::string name)
      : descriptor_(std::move(descriptor)), name_(std::move(name)) {}

  Result<void> pread(std::span<std::byte> into, std::uint64_t offset) const override {
    return read_exactly(descriptor_.get(), into, offset, name_);
  }
  Result<void> pwrite(std::span<const std::byte> bytes, std::uint64_t offset) override {
    return write_exactly(descriptor_.get(), bytes, offset, name_);
  }
  Result<void> reserve(std::uint64_t size) override {
    if (size == 0) return {};
    const int result = retry([&] {
      return ::fallocate(descriptor_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<::off_t>(size));
    });
    if (result == 0 || errno == EOPNOTSUPP || errno == ENOSYS) return {};
    return fail(LastError().at("reserve " + std::to_string(size) + " bytes for " + name_));
  }
  Result<void> sync_data() override {
    if (::fdatasync(descriptor_.get()) == 0) return {};
    return fail(Code::kSyncFailed, LastError().at("fdatasync " + name_).message());
  }
  Result<void> sync() override { return sync_descriptor(descriptor_.get(), name_); }
  Result<std::uint64_t> size() const override { return size_of(descriptor_.get(), name_); }

 private:
  Descriptor descriptor_;
  std::string name_;
};

class PosixMapping final : public Mapping {
 public:
  PosixMapping() = default;  ///< of an empty file, which cannot be mapped
  PosixMapping(const PosixMapping&) = delete;
  PosixMapping& operator=(const PosixMapping&) = delete;
  ~PosixMapping() override {
    if (address_ == nullptr) return;
    unguard_map(ticket_);
    ::munmap(address_, size_);
  }
  void hold(void* address, std::size_t size, std::string_view name) noexcept {
    address_ = address;
    size_ = size;
    ticket_ = guard_map(address, size, name);
  }
  std::span<const std::byte> bytes() const noexcept override {
    return {static_cast<const std::byte*>(address_), size_};
  }

 private:
  void* address_ = nullptr;
  std::size_t size_ = 0;
  std::size_t ticket_ = 0;
};

/// The lock lives with the open file description: closing the descriptor gives it up.
class PosixLock final : public FileLock {
 public:
  explicit PosixLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

/// "pid 4711 on host, boot 1b9d6bcd-...": whose lock it is, where a store is shared or restored.
std::string this_process() {
  std::string out = "pid " + std::to_string(::getpid());
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0) out.append(" on ").append(host.data());
  const Descriptor boot(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  std::array<char, 36> id{};
  if (boot.get() >= 0 && ::read(boot.get(), id.data(), id.size()) == ssize_t{id.size()}) {
    out.append(", boot ").append(id.data(), id.size());
  }
  return out;
}

std::string read_holder(int descriptor) {
  std::array<char, kHolderBytesMax> text{};
  const ::ssize_t count = ::pread(descriptor, text.data(), text.size(), 0);
  if (count <= 0) return "an unknown process";
  std::string_view holder(text.data(), static_cast<std::size_t>(count));
  while (!holder.empty() && holder.back() == '\n') holder.remove_suffix(1);
  return printable(holder);
}

/// What people read in the lock file. The lock holds without it, also on a full disk, so failures
/// here are of no consequence.
void write_holder(int descriptor, std::string_view holder) {
  std::string text(holder);
  text.append(", ").append(this_process()).append("\n");
  if (::ftruncate(descriptor, 0) != 0) return;
  (void)write_exactly(descriptor, std::as_bytes(std::span(text)), 0, "LOCK");
}

class PosixFileSystem final : public FileSystem {
 public:
  PosixFileSystem(Descriptor root, std::string name)
      : root_(std::move(root)), name_(std::move(name)) {}

  Result<std::unique_ptr<File>> open(std::string_view path, Open mode) override {
    const int flags = mode == Open::kRead        ? O_RDONLY
                      : mode == Open::kReadWrite ? O_RDWR
                                                 : O_RDWR | O_CREAT | O_EXCL;
    Result<Descriptor> file = open_file(path, flags);
    if (!file) return fail(file.error());
    return std::make_unique<PosixFile>(std::move(*file), full(path));
  }

  Result<std::unique_ptr<Mapping>> map(std::string_view path, std::uint64_t size) override {
    const std::string name = full(path);
    // All memory is taken before the map: without it, the map would stay for ever.
    auto mapping = std::make_unique<PosixMapping>();
    const Result<Descriptor> file = open_file(path, O_RDONLY);
    if (!file) return fail(file.error());
    const Result<std::uint64_t> actual = size_of(file->get(), name);
    if (!actual) return fail(actual.error());
    if (*actual != size) {
      return fail(Code::kCorrupt, "map " + name + ": it has " + std::to_string(*actual) +
                                      " bytes, not " + std::to_string(size));
    }
    if (size == 0) return mapping;
    const auto length = static_cast<std::size_t>(size);
    void* const address = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, file->get(), 0);
    if (address == MAP_FAILED) return fail(LastError().at("map " + name));
    mapping->hold(address, length, name);
    return mapping;
  }

  Result<void> make_directory(std::string_view path) override {
    const Result<Place> place = parent_of(path);
    if (!place) return fail(place.error());
    const int result = retry(
        [&] { return ::mkdirat(place->directory.get(), place->name.c_str(), kDirectoryMode); });
    if (result == 0) return {};
    const int error = errno;
    if (error == EEXIST && open_directory(path)) return {};
    return fail(errno_error("mkdir " + full(path), error));
  }

  Result<void> rename(std::string_view from, std::string_view to) override {
    return rename_with(from, to, [](const Place& source, const Place& target) {
      return ::renameat(source.directory.get(), source.name.c_str(), target.directory.get(),
                        target.name.c_str());
    });
  }

  Result<void> rename_new(std::string_view from, std::string_view to) override {
    return rename_with(from, to, [](const Place& source, const Place& target) {
      const int a = source.directory.get();
      const int b = target.directory.get();
      const int result =
          ::renameat2(a, source.name.c_str(), b, target.name.c_str(), RENAME_NOREPLACE);
      if (result == 0 || (errno != EINVAL && errno != ENOSYS)) return result;
      // This file system cannot: link() refuses an existing name as well, and a crash between the
      // two calls leaves both names for one file.
      if (::linkat(a, source.name.c_str(), b, target.name.c_str(), 0) != 0) return -1;
      return ::unlinkat(a, source.name.c_str(), 0);
    });
  }

  Result<void> remove(std::string_view path) override {
    const Result<Place> place = parent_of(path);
    if (!place) return fail(place.error());
    const int result =
        retry([&] { return ::unlinkat(place->directory.get(), place->name.c_str(), 0); });
    if (result != 0) return fail(LastError().at("remove " + full(path)));
    return {};
  }

  Result<void> sync_directory(std::string_view path) override {
    const Result<Descriptor> directory = open_directory(path);
    if (!directory) return fail(directory.error());
    return sync_descriptor(directory->get(), full(path));
  }

  Result<std::vector<DirectoryEntry>> list(std::string_view path) override;

  Result<std::unique_ptr<FileLock>> lock(std::string_view path, std::string_view holder) override {
    Result<Descriptor> file = open_file(path, O_RDWR | O_CREAT);
    if (!file) return fail(file.error());
    struct ::flock request{};
    request.l_type = F_WRLCK;
    request.l_whence = SEEK_SET;
    if (retry([&] { return ::fcntl(file->get(), F_OFD_SETLK, &request); }) != 0) {
      if (errno != EAGAIN && errno != EACCES) return fail(LastError().at("lock " + full(path)));
      return fail(Code::kLocked, full(path) + " is held by " + read_holder(file->get()));
    }
    write_holder(file->get(), holder);
    return std::make_unique<PosixLock>(std::move(*file));
  }

  Result<std::uint64_t> free_space() override {
    struct ::statvfs status{};
    if (retry([&] { return ::fstatvfs(root_.get(), &status); }) != 0) {
      return fail(LastError().at("statvfs " + name_));
    }
    return std::uint64_t{status.f_bavail} * status.f_frsize;
  }

  Result<std::string> network_name() override {
    struct ::statfs status{};
    if (retry([&] { return ::fstatfs(root_.get(), &status); }) != 0) {
      return fail(LastError().at("statfs " + name_));
    }
    // The kernel's number has 32 bits; the field's sign is no part of it.
    return std::string(network_file_system_name(static_cast<std::uint32_t>(status.f_type)));
  }

 private:
  /// A name in an open directory.
  struct Place {
    Descriptor directory;
    std::string name;
  };

  [[nodiscard]] std::string full(std::string_view path) const {
    return path.empty() ? name_ : name_ + "/" + std::string(path);
  }

  /// Opens the directory at `path`; "" is the root.
  Result<Descriptor> open_directory(std::string_view path) const {
    return open_beneath(root_.get(), path, kDirectoryFlags, full(path));
  }

  Result<Place> parent_of(std::string_view path) const {
    const std::size_t slash = path.rfind('/');
    const bool nested = slash != std::string_view::npos;
    std::string name(nested ? path.substr(slash + 1) : path);
    BF_ASSERT(!name.empty() && name != "." && name != "..");
    BF_ASSERT(slash != 0);  // an absolute path would leave the root
    Result<Descriptor> directory =
        open_directory(nested ? path.substr(0, slash) : std::string_view());
    if (!directory) return fail(directory.error());
    return Place{std::move(*directory), std::move(name)};
  }

  Result<Descriptor> open_file(std::string_view path, int flags) const {
    BF_ASSERT(!path.empty());
    return open_beneath(root_.get(), path, flags | kFileFlags, full(path));
  }

  template <class Call>
  Result<void> rename_with(std::string_view from, std::string_view to, Call call) const {
    const Result<Place> source = parent_of(from);
    if (!source) return fail(source.error());
    const Result<Place> target = parent_of(to);
    if (!target) return fail(target.error());
    if (retry([&] { return call(*source, *target); }) == 0) return {};
    return fail(LastError().at("rename " + full(from) + " to " + std::string(to)));
  }

  Descriptor root_;
  std::string name_;  ///< of the root, for messages
};

/// Whether the entry is a regular file or a directory; some file systems do not say while they list.
bool classify(int directory, const ::dirent64& entry, bool& is_directory) noexcept {
  unsigned char type = entry.d_type;
  if (type == DT_UNKNOWN) {
    struct ::stat status{};
    if (::fstatat(directory, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
    type = S_ISDIR(status.st_mode) ? DT_DIR : S_ISREG(status.st_mode) ? DT_REG : DT_UNKNOWN;
  }
  is_directory = type == DT_DIR;
  return type == DT_DIR || type == DT_REG;
}

Result<std::vector<DirectoryEntry>> PosixFileSystem::list(std::string_view path) {
  const Result<Descriptor> directory = open_directory(path);
  if (!directory) return fail(directory.error());
  std::vector<DirectoryEntry> entries;
  // The kernel's own records: a stream of the C library costs an allocation and two more calls, and a
  // store has a directory a series.
  alignas(::dirent64) std::array<char, 1U << 15> buffer;
  for (;;) {
    const ::ssize_t size =
        retry([&] { return ::getdents64(directory->get(), buffer.data(), buffer.size()); });
    if (size < 0) return fail(LastError().at("list " + full(path)));
    if (size == 0) break;
    for (::ssize_t at = 0; at < size;) {
      const auto& entry = *reinterpret_cast<const ::dirent64*>(buffer.data() + at);
      at += entry.d_reclen;
      const std::string_view name = entry.d_name;
      bool is_directory = false;
      if (name != "." && name != ".." && classify(directory->get(), entry, is_directory)) {
        entries.push_back(DirectoryEntry{std::string(name), is_directory});
      }
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
  return entries;
}

}  // namespace

Result<std::unique_ptr<FileSystem>> open_file_system(const std::string& root, bool create) {
  std::string path = root;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (path.empty()) return fail(Code::kUsage, "the store's directory has an empty name");
  if (create) {
    const Result<void> made = make_root(path);
    if (!made) return fail(made.error());
  }
  Result<Descriptor> directory = open_at(AT_FDCWD, path.c_str(), kDirectoryFlags, path);
  if (!directory) return fail(directory.error());
  return std::make_unique<PosixFileSystem>(std::move(*directory), std::move(path));
}

}  // namespace bf
