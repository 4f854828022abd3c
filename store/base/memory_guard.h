// store/base/memory_guard.h
//
// What a program does when memory runs out: it ends at once, with a message and exit code 1, wherever it
// was. To go on it would have to unwind coroutines, join tasks and wake those that wait, and all of that
// takes memory. For the store it is a kill like any other, so nothing that was acknowledged is lost.
//
// Threads: any.
#pragma once

#include <string_view>

namespace bf {

/// The exit code of an internal error.
inline constexpr int kNoMemoryExit = 1;

/// Installs it as operator new's handler, for the life of the process. For programs: a library's caller
/// gets std::bad_alloc, as far as a task can end with it (engine/async/task.h).
void install_memory_guard(std::string_view program) noexcept;

/// For an allocation of a C library that failed: does what operator new does then.
[[noreturn]] void throw_no_memory();

}  // namespace bf
