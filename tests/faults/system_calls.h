// tests/faults/system_calls.h
//
// The system calls of the store, each of which may be made to fail. The linker hands every call of
// this program's own code to the functions in system_calls.cpp (--wrap), so what runs is the shipped
// file system, and what it makes of a short write or an interruption is part of the test.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <string_view>

namespace bf::test {

enum class Fault : std::uint8_t {
  kEio,
  kEnospc,
  kEdquot,
  kEmfile,
  kShort,  ///< a read or write does half of what it was asked for; other calls are not counted
  kEintr,
};
[[nodiscard]] std::string_view fault_name(Fault fault) noexcept;

enum class Times : std::uint8_t {
  kOnce,
  /// From the call on, all of them. A call that is interrupted, or cut short, for ever would be one that
  /// never ends: each is interrupted once before it is done, and each cut to half of what is left.
  kForEver,
};

/// Which calls are counted: all, those that sync, or those that open.
enum class Calls : std::uint8_t { kAll, kSyncs, kOpens };

/// The call `number` from here on, counted from 1, fails.
void fail_call(std::uint64_t number, Fault fault, Times times, Calls calls = Calls::kAll);
/// No call fails any more. Whether one did.
bool stop_failing() noexcept;
/// The call that failed first: "pwrite".
[[nodiscard]] std::string_view failed_call() noexcept;

/// Maps that were made and not given back.
[[nodiscard]] int open_maps() noexcept;
/// Descriptors that this process has open.
[[nodiscard]] int open_descriptors();

}  // namespace bf::test
