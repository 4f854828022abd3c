#include "store/base/posix_descriptor.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <algorithm>
#include <atomic>

#include "store/base/assert.h"
#include "store/base/last_error.h"

namespace bf {
namespace {

constexpr ::mode_t kFileMode = 0640;
constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;

/// Set when the kernel, or a filter before it, turned out not to know openat2().
std::atomic<bool> openat2_is_missing = false;

/// Paths are put together by ourselves from escaped names, so no other can come from outside.
bool stays_inside(std::string_view path) {
  for (;;) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == path.size()) return true;
    path.remove_prefix(slash + 1);
  }
}

Result<Descriptor> above_stderr(Descriptor opened, const std::string& what) {
  if (opened.get() < 0) return fail(LastError().at("open " + what));
  if (opened.get() > STDERR_FILENO) return opened;
  Descriptor moved(::fcntl(opened.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (moved.get() < 0) return fail(LastError().at("dup " + what));
  return moved;
}

/// The whole path in one call, of which the kernel refuses every link.
Descriptor open_whole(int root, const std::string& path, int flags) {
  struct ::open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.mode = (flags & O_CREAT) != 0 ? kFileMode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return Descriptor(static_cast<int>(
      retry([&] { return ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof(how)); })));
}

/// Part by part, for kernels before 5.6 and for sandboxes that refuse what they do not know.
Result<Descriptor> open_by_parts(int root, std::string_view path, int flags,
                                 const std::string& what) {
  Descriptor directory;
  for (;;) {
    const int from = directory.get() < 0 ? root : directory.get();
    const std::size_t slash = path.find('/');
    const std::string part(path.substr(0, slash));
    if (slash == std::string_view::npos) {
      return open_at(from, part.c_str(), flags | O_NOFOLLOW, what);
    }
    Result<Descriptor> next = open_at(from, part.c_str(), kDirectoryFlags, what);
    if (!next) return next;
    directory = std::move(*next);
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

Result<void> sync_descriptor(int descriptor, const std::string& what) {
  if (::fsync(descriptor) == 0) return {};
  return fail(Code::kSyncFailed, LastError().at("fsync " + what).message());
}

Result<Descriptor> open_at(int directory, const char* name, int flags, const std::string& what) {
  return above_stderr(
      Descriptor(retry([&] { return ::openat(directory, name, flags, kFileMode); })), what);
}

Result<Descriptor> open_beneath(int root, std::string_view path, int flags,
                                const std::string& what) {
  if (path.empty()) return open_at(root, ".", flags, what);
  BF_ASSERT(stays_inside(path));
  if (!openat2_is_missing.load(std::memory_order_relaxed)) {
    Descriptor opened = open_whole(root, std::string(path), flags);
    // EAGAIN: something was renamed meanwhile, so that the kernel cannot tell where the path led.
    const bool unknown = opened.get() < 0 && (errno == ENOSYS || errno == EPERM || errno == EAGAIN);
    if (!unknown) return above_stderr(std::move(opened), what);
    if (errno == ENOSYS) openat2_is_missing.store(true, std::memory_order_relaxed);
  }
  return open_by_parts(root, path, flags, what);
}

}  // namespace bf
