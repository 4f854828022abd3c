#include "store/base/memory_guard.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <new>

namespace bf {
namespace {

constexpr std::size_t kNameBytesMax = 32;
constexpr std::string_view kWhat =
    ": error: out of memory; what was committed is kept: run again, with more memory or less at "
    "once\n";

/// Made beforehand: there is no memory to make it later.
std::array<char, kNameBytesMax + kWhat.size()> message;
std::size_t message_bytes = 0;
std::atomic_flag ending;

void end_process() noexcept {
  // Another thread that comes here as well waits for the end that the first one is about to make.
  while (ending.test_and_set()) (void)::pause();
  const ::ssize_t written = ::write(STDERR_FILENO, message.data(), message_bytes);
  (void)written;  // there is nowhere else to say it
  ::_exit(kNoMemoryExit);
}

}  // namespace

void install_memory_guard(std::string_view program) noexcept {
  const std::size_t name_bytes = std::min(program.size(), kNameBytesMax);
  std::memcpy(message.data(), program.data(), name_bytes);
  std::memcpy(message.data() + name_bytes, kWhat.data(), kWhat.size());
  message_bytes = name_bytes + kWhat.size();
  std::set_new_handler(end_process);
}

void throw_no_memory() {
  if (const std::new_handler handler = std::get_new_handler(); handler != nullptr) handler();
  throw std::bad_alloc();
}

}  // namespace bf
