// store/base/map_guard.h
//
// A mapped file whose disk fails, or that another program cut short, raises SIGBUS where it is read.
// With the guard installed such a read ends the program with a message that names the file and the
// offset, and with exit code 6. Any other SIGBUS does what it did before.
//
// Threads: any. Maps beyond kGuardedMapsMax at once are not named: their SIGBUS has its default action.
#pragma once

#include <cstddef>
#include <string_view>

namespace bf {

inline constexpr std::size_t kGuardedMapsMax = 4096;
/// The exit code of a damaged store.
inline constexpr int kDamagedMapExit = 6;

/// Installs the handler, for the life of the process. For programs; a library leaves signals alone.
void install_map_guard() noexcept;

/// Notes that [address, address + size) maps the file `name`. Returns a ticket for unguard_map().
[[nodiscard]] std::size_t guard_map(const void* address, std::size_t size,
                                    std::string_view name) noexcept;
/// To be called before the memory is unmapped.
void unguard_map(std::size_t ticket) noexcept;

}  // namespace bf
