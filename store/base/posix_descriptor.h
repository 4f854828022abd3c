// store/base/posix_descriptor.h
//
// Descriptors of files and directories below one root, which no link leads out of.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "store/base/result.h"

namespace bf {

/// Repeats `call` while a signal interrupts it.
template <class Call>
auto retry(Call call) noexcept {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// An open descriptor, closed with it. What close() reports is of no use: bytes that matter were
/// synced before.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const noexcept { return number_; }

 private:
  int number_ = -1;
};

/// Of directories that are made.
inline constexpr ::mode_t kDirectoryMode = 0750;

/// fsync(), never repeated: after a failure the pages are marked clean, and a second call would succeed.
/// Errors: kSyncFailed.
[[nodiscard]] Result<void> sync_descriptor(int descriptor, const std::string& what);

/// openat() of one name in `directory`; `what` is for messages. Never returns 0, 1 or 2: what a library
/// prints to "stderr" must not land in the store. Errors: kNotFound, kIo.
[[nodiscard]] Result<Descriptor> open_at(int directory, const char* name, int flags,
                                         const std::string& what);

/// Opens `path` (parts with '/' between, none of them "." or "..") below `root` without following a link
/// in any part; "" is the root itself. Errors: as open_at().
[[nodiscard]] Result<Descriptor> open_beneath(int root, std::string_view path, int flags,
                                              const std::string& what);

}  // namespace bf
