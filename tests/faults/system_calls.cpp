#include "tests/faults/system_calls.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>

namespace bf::test {
namespace {

struct State {
  bool armed = false;
  std::uint64_t number = 0;
  Fault fault = Fault::kEio;
  Times times = Times::kOnce;
  Calls calls = Calls::kAll;
  std::uint64_t counted = 0;
  std::string_view failed;
  bool interrupted = false;  ///< the call before was: this one is its repetition
  int maps = 0;
};
State state;

int number_of(Fault fault) noexcept {
  switch (fault) {
    case Fault::kEio:
      return EIO;
    case Fault::kEnospc:
      return ENOSPC;
    case Fault::kEdquot:
      return EDQUOT;
    case Fault::kEmfile:
      return EMFILE;
    case Fault::kShort:
      return 0;
    case Fault::kEintr:
      return EINTR;
  }
  return 0;
}

/// Counts a call of the armed kind; whether it is one of those that fail.
bool is_due(std::string_view call, bool syncs) noexcept {
  if (!state.armed || (state.calls == Calls::kSyncs && !syncs)) return false;
  if (state.calls == Calls::kOpens && !call.starts_with("openat")) return false;
  ++state.counted;
  const bool due = state.counted == state.number ||
                   (state.counted > state.number && state.times == Times::kForEver);
  if (due && state.failed.empty()) state.failed = call;
  return due;
}

/// Whether the call fails instead of being done; errno says with what.
bool fails(std::string_view call, bool syncs = false) noexcept {
  if (state.fault == Fault::kShort) return false;
  if (state.interrupted) {
    state.interrupted = false;
    return false;
  }
  if (!is_due(call, syncs)) return false;
  state.interrupted = state.fault == Fault::kEintr && !syncs;
  errno = number_of(state.fault);
  return true;
}

/// How much of `size` bytes a read or write does.
std::size_t cut(std::string_view call, std::size_t size) noexcept {
  if (state.fault != Fault::kShort || size < 2 || !is_due(call, false)) return size;
  return size / 2;
}

}  // namespace

std::string_view fault_name(Fault fault) noexcept {
  switch (fault) {
    case Fault::kEio:
      return "EIO";
    case Fault::kEnospc:
      return "ENOSPC";
    case Fault::kEdquot:
      return "EDQUOT";
    case Fault::kEmfile:
      return "EMFILE";
    case Fault::kShort:
      return "Short";
    case Fault::kEintr:
      return "EINTR";
  }
  return "";
}

void fail_call(std::uint64_t number, Fault fault, Times times, Calls calls) {
  const int maps = state.maps;
  state = State();
  state.maps = maps;
  state.armed = true;
  state.number = number;
  state.fault = fault;
  state.times = times;
  state.calls = calls;
}

bool stop_failing() noexcept {
  state.armed = false;
  state.interrupted = false;
  return !state.failed.empty();
}

std::string_view failed_call() noexcept { return state.failed; }
int open_maps() noexcept { return state.maps; }

int open_descriptors() {
  int count = 0;
  ::DIR* const directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return -1;
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  return count;
}

}  // namespace bf::test

using bf::test::cut;
using bf::test::fails;

// What the linker puts in the place of each call, and what it calls the true one.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {

#define BF_FAILING_CALL(type, name, parameters, arguments, syncs) \
  type __real_##name parameters;                                  \
  type __wrap_##name parameters;                                  \
  type __wrap_##name parameters {                                 \
    if (fails(#name, syncs)) return -1;                           \
    return __real_##name arguments;                               \
  }

BF_FAILING_CALL(int, mkdir, (const char* path, ::mode_t mode), (path, mode), false)
BF_FAILING_CALL(int, mkdirat, (int at, const char* path, ::mode_t mode), (at, path, mode), false)
BF_FAILING_CALL(int, renameat, (int a, const char* from, int b, const char* to), (a, from, b, to),
                false)
BF_FAILING_CALL(int, renameat2, (int a, const char* from, int b, const char* to, unsigned flags),
                (a, from, b, to, flags), false)
BF_FAILING_CALL(int, unlinkat, (int at, const char* path, int flags), (at, path, flags), false)
BF_FAILING_CALL(int, fallocate, (int file, int mode, ::off_t from, ::off_t size),
                (file, mode, from, size), false)
BF_FAILING_CALL(int, ftruncate, (int file, ::off_t size), (file, size), false)
BF_FAILING_CALL(int, fdatasync, (int file), (file), true)
BF_FAILING_CALL(int, fsync, (int file), (file), true)
BF_FAILING_CALL(int, fstat, (int file, struct ::stat* status), (file, status), false)
BF_FAILING_CALL(int, fstatfs, (int file, struct ::statfs* status), (file, status), false)
BF_FAILING_CALL(int, fstatvfs, (int file, struct ::statvfs* status), (file, status), false)
BF_FAILING_CALL(::ssize_t, getdents64, (int file, void* into, ::size_t size), (file, into, size),
                false)

int __real_openat(int at, const char* path, int flags, ...);
int __wrap_openat(int at, const char* path, int flags, ...);
int __wrap_openat(int at, const char* path, int flags, ...) {
  if (fails("openat")) return -1;
  std::va_list arguments;
  va_start(arguments, flags);
  const int mode = (flags & O_CREAT) != 0 ? va_arg(arguments, int) : 0;
  va_end(arguments);
  return __real_openat(at, path, flags, mode);
}

/// openat2() is the one call that the store makes by its number.
long __real_syscall(long number, ...);
long __wrap_syscall(long number, long at, const void* path, void* how, std::size_t size);
long __wrap_syscall(long number, long at, const void* path, void* how, std::size_t size) {
  if (fails("openat2")) return -1;
  return __real_syscall(number, at, path, how, size);
}

int __real_fcntl(int file, int command, ...);
int __wrap_fcntl(int file, int command, void* argument);
int __wrap_fcntl(int file, int command, void* argument) {
  if (fails("fcntl")) return -1;
  return __real_fcntl(file, command, argument);
}

::ssize_t __real_pread(int file, void* into, std::size_t size, ::off_t at);
::ssize_t __wrap_pread(int file, void* into, std::size_t size, ::off_t at);
::ssize_t __wrap_pread(int file, void* into, std::size_t size, ::off_t at) {
  if (fails("pread")) return -1;
  return __real_pread(file, into, cut("pread", size), at);
}

::ssize_t __real_pwrite(int file, const void* from, std::size_t size, ::off_t at);
::ssize_t __wrap_pwrite(int file, const void* from, std::size_t size, ::off_t at);
::ssize_t __wrap_pwrite(int file, const void* from, std::size_t size, ::off_t at) {
  // A write that fails may have put down a part of its bytes before.
  if (fails("pwrite")) {
    const int error = errno;
    if (error != EINTR) (void)__real_pwrite(file, from, size / 3, at);
    errno = error;
    return -1;
  }
  return __real_pwrite(file, from, cut("pwrite", size), at);
}

void* __real_mmap(void* at, std::size_t size, int protection, int flags, int file, ::off_t from);
void* __wrap_mmap(void* at, std::size_t size, int protection, int flags, int file, ::off_t from);
void* __wrap_mmap(void* at, std::size_t size, int protection, int flags, int file, ::off_t from) {
  if (fails("mmap")) return MAP_FAILED;
  void* const map = __real_mmap(at, size, protection, flags, file, from);
  if (map != MAP_FAILED) ++bf::test::state.maps;
  return map;
}

int __real_munmap(void* at, std::size_t size);
int __wrap_munmap(void* at, std::size_t size);
int __wrap_munmap(void* at, std::size_t size) {
  --bf::test::state.maps;
  return __real_munmap(at, size);
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
