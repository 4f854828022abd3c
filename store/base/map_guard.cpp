#include "store/base/map_guard.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstring>

namespace bf {
namespace {

constexpr std::size_t kNameBytesMax = 256;

/// A live mapping. A writer takes `used` first and sets `begin` last: the handler reads no half entry.
struct Entry {
  std::atomic<bool> used = false;
  std::atomic<std::uintptr_t> begin = 0;  // 0: not to be read
  std::atomic<std::uintptr_t> end = 0;
  std::array<char, kNameBytesMax> name{};
};
static_assert(std::atomic<std::uintptr_t>::is_always_lock_free);

// Of static storage, so that the handler needs no memory.
std::array<Entry, kGuardedMapsMax> entries;

void put(std::string_view text) noexcept {
  while (!text.empty()) {
    const ::ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void put_number(std::uintptr_t number) noexcept {
  std::array<char, 20> digits{};
  std::size_t at = digits.size();
  do {
    digits[--at] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  put({digits.data() + at, digits.size() - at});
}

// Async-signal-safe calls alone: write, _exit, signal, raise.
void on_bus_error(int /*signal*/, ::siginfo_t* info, void* /*context*/) noexcept {
  const auto at = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (const Entry& entry : entries) {
    const std::uintptr_t begin = entry.begin.load(std::memory_order_acquire);
    if (begin == 0 || at < begin || at >= entry.end.load(std::memory_order_relaxed)) continue;
    put(entry.name.data());
    put(": damaged or unreadable at offset ");
    put_number(at - begin);
    put("; the disk failed or the file was cut short: run bf-verify check\n");
    ::_exit(kDamagedMapExit);
  }
  // Not ours: the instruction is run again when this returns, and meets the default action.
  (void)::signal(SIGBUS, SIG_DFL);
}

}  // namespace

void install_map_guard() noexcept {
  struct ::sigaction action{};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  (void)::sigaction(SIGBUS, &action, nullptr);
}

std::size_t guard_map(const void* address, std::size_t size, std::string_view name) noexcept {
  for (std::size_t ticket = 0; ticket < entries.size(); ++ticket) {
    Entry& entry = entries[ticket];
    if (entry.used.exchange(true, std::memory_order_acquire)) continue;
    const std::size_t length = std::min(name.size(), kNameBytesMax - 1);
    std::memcpy(entry.name.data(), name.data(), length);
    entry.name[length] = '\0';
    const auto begin = reinterpret_cast<std::uintptr_t>(address);
    entry.end.store(begin + size, std::memory_order_relaxed);
    entry.begin.store(begin, std::memory_order_release);
    return ticket;
  }
  return entries.size();
}

void unguard_map(std::size_t ticket) noexcept {
  if (ticket >= entries.size()) return;
  entries[ticket].begin.store(0, std::memory_order_relaxed);
  entries[ticket].used.store(false, std::memory_order_release);
}

}  // namespace bf
