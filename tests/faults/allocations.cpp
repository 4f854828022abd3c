#include "tests/faults/allocations.h"

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

struct State {
  bool armed = false;
  bool failed = false;
  bool for_ever = false;
  std::uint64_t number = 0;
  std::uint64_t counted = 0;
  std::int64_t live = 0;
};
constinit State state;

bool fails() noexcept {
  if (!state.armed) return false;
  ++state.counted;
  const bool due =
      state.counted == state.number || (state.for_ever && state.counted > state.number);
  state.failed = state.failed || due;
  return due;
}

void* allocate(std::size_t size, std::size_t alignment) noexcept {
  while (fails()) {
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) return nullptr;
    handler();
  }
  const std::size_t whole = (size + alignment - 1) / alignment * alignment;
  void* const memory = alignment <= alignof(std::max_align_t)
                           ? std::malloc(size == 0 ? 1 : size)
                           : std::aligned_alloc(alignment, whole);
  if (memory != nullptr) ++state.live;
  errno =
      ENOMEM;  // as malloc may, also where it succeeds: who wants a call's errno keeps it before
  return memory;
}

void* allocate_or_throw(std::size_t size, std::size_t alignment = 1) {
  void* const memory = allocate(size, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void release(void* memory) noexcept {
  if (memory != nullptr) --state.live;
  std::free(memory);
}

}  // namespace

namespace bf::test {

void fail_allocation(std::uint64_t number, Times times) noexcept {
  state.armed = true;
  state.failed = false;
  state.for_ever = times == Times::kForEver;
  state.number = number;
  state.counted = 0;
}
bool stop_failing_allocations() noexcept {
  state.armed = false;
  return state.failed;
}
std::uint64_t counted_allocations() noexcept { return state.counted; }
std::int64_t live_allocations() noexcept { return state.live; }

}  // namespace bf::test

void* operator new(std::size_t size) { return allocate_or_throw(size); }
void* operator new[](std::size_t size) { return allocate_or_throw(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size, 1); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { release(memory); }

// The one library of the store that allocates by itself: the state of a checksum that is fed in pieces.
// NOLINTBEGIN(bugprone-reserved-identifier)
struct XXH3_state_s;
extern "C" {
XXH3_state_s* __real_XXH3_createState();
XXH3_state_s* __wrap_XXH3_createState();
XXH3_state_s* __wrap_XXH3_createState() { return fails() ? nullptr : __real_XXH3_createState(); }
}
// NOLINTEND(bugprone-reserved-identifier)
