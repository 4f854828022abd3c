// tests/faults/allocations.h
//
// This program's operator new, which may be told to fail, and which counts what is not given back: so a
// leak shows in every build, with LeakSanitizer or without.
//
// Threads: one.
#pragma once

#include <cstdint>

#include "tests/faults/system_calls.h"

namespace bf::test {

/// The allocation `number` from here on, counted from 1, throws std::bad_alloc, or all from there on.
void fail_allocation(std::uint64_t number, Times times) noexcept;
/// No allocation fails any more. Whether one did.
bool stop_failing_allocations() noexcept;
/// Allocations that were asked for since fail_allocation().
[[nodiscard]] std::uint64_t counted_allocations() noexcept;
/// Allocations that were not given back yet.
[[nodiscard]] std::int64_t live_allocations() noexcept;

}  // namespace bf::test
