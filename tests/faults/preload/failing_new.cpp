// A library that is loaded before a program's own: its operator new, which fails from the allocation
// BF_FAIL_ALLOCATION on, counted from 1 over all threads from when the program has a handler for it.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <new>

namespace {

std::uint64_t first_to_fail() noexcept {
  const char* const asked = std::getenv("BF_FAIL_ALLOCATION");
  return asked == nullptr ? std::numeric_limits<std::uint64_t>::max()
                          : std::strtoull(asked, nullptr, 10);
}

bool fails(std::new_handler handler) noexcept {
  if (handler == nullptr) return false;
  static const std::uint64_t first = first_to_fail();
  static std::atomic<std::uint64_t> counted = 0;
  return ++counted >= first;
}

void* allocate(std::size_t size, std::size_t alignment) {
  const std::new_handler handler = std::get_new_handler();
  while (fails(handler)) handler();
  const std::size_t whole = (size + alignment - 1) / alignment * alignment;
  void* const memory = alignment <= alignof(std::max_align_t)
                           ? std::malloc(size == 0 ? 1 : size)
                           : std::aligned_alloc(alignment, whole);
  if (memory == nullptr) std::abort();  // the machine's own memory: no part of the test
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size, 1); }
void* operator new[](std::size_t size) { return allocate(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
