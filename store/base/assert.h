// store/base/assert.h
//
// BF_ASSERT guards against our own bugs alone and stays on in every build: what a peer, a disk or a
// user can cause is a Result, never an assertion.
#pragma once

namespace bf {
/// Prints `condition`, `file` and `line` to stderr and ends the process by abort().
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;
}  // namespace bf

#define BF_ASSERT(condition)                    \
  (__builtin_expect(!!(condition), 1) ? void(0) \
                                      : ::bf::assertion_failed(#condition, __FILE__, __LINE__))
