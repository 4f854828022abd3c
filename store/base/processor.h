// store/base/processor.h
//
// Loops that are compiled more than once: for every processor, and for those with newer instructions,
// where a bench shows that these pay 1.3 times or more. All say the same to the last bit: whole numbers
// are exact, and floating-point operations are rounded one by one (-ffp-contract=off).
//
//   BF_INLINE      a loop's body, compiled as whoever calls it
//   BF_MODERN      a function that may use what modern_processor() says is there: AVX-512 and BMI2, as
//                  servers have since 2017 and desktops of AMD since 2022
//   BF_LANES       the same with AVX2 and BMI2: has_lanes(), since 2013
//   BF_BIT_LOOPS   the same with BMI2 alone: has_bit_loops(), since 2013
//
// best_lanes<&loop>() and best_bits<&loop>() choose among a loop's compilations; the loop is BF_INLINE:
//
//   static const auto find = best_lanes<&find_loop>();
//   find(values, out);
#pragma once

#include <cstddef>
#include <cstdint>

#define BF_INLINE [[gnu::always_inline]] inline

#if defined(__x86_64__)
#define BF_MODERN [[gnu::target("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,bmi,bmi2,lzcnt")]]
#define BF_BIT_LOOPS [[gnu::target("bmi,bmi2,lzcnt")]]
#define BF_LANES [[gnu::target("avx2,bmi,bmi2,lzcnt")]]
#else
#define BF_MODERN
#define BF_BIT_LOOPS
#define BF_LANES
#endif

namespace bf {

/// How many of `values` lie before the first that begins at a multiple of `bytes`: wide stores that lie
/// across two lines of the cache cost twice.
template <class T>
[[nodiscard]] BF_INLINE std::size_t misaligned(const T* values, std::size_t bytes) noexcept {
  const auto past = reinterpret_cast<std::uintptr_t>(values) % bytes;
  return past == 0 ? 0 : (bytes - past) / sizeof(T);
}

/// Whether functions marked BF_BIT_LOOPS may be called.
[[nodiscard]] inline bool has_bit_loops() noexcept {
#if defined(__x86_64__)
  return __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("bmi2") != 0 &&
         __builtin_cpu_supports("lzcnt") != 0;
#else
  return false;
#endif
}

/// Whether functions marked BF_LANES may be called.
[[nodiscard]] inline bool has_lanes() noexcept {
#if defined(__x86_64__)
  return has_bit_loops() && __builtin_cpu_supports("avx2") != 0;
#else
  return false;
#endif
}

/// Whether functions marked BF_MODERN may be called.
[[nodiscard]] inline bool modern_processor() noexcept {
#if defined(__x86_64__)
  return has_bit_loops() && __builtin_cpu_supports("avx512f") != 0 &&
         __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512cd") != 0 &&
         __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
#else
  return false;
#endif
}

/// A function's compilations.
template <auto kLoop, class = decltype(kLoop)>
struct Compiled;
template <auto kLoop, class Result, class... Args>
struct Compiled<kLoop, Result (*)(Args...)> {
  using Function = Result (*)(Args...);
  static Result anywhere(Args... args) { return kLoop(args...); }
  BF_BIT_LOOPS static Result bits(Args... args) { return kLoop(args...); }
  BF_LANES static Result lanes(Args... args) { return kLoop(args...); }
  BF_MODERN static Result modern(Args... args) { return kLoop(args...); }
};

/// For loops over values side by side: the widest vectors that there are.
template <auto kLoop>
[[nodiscard]] auto best_lanes() noexcept -> Compiled<kLoop>::Function {
  using Loop = Compiled<kLoop>;
  return modern_processor() ? &Loop::modern : has_lanes() ? &Loop::lanes : &Loop::anywhere;
}

/// For loops over bits, one after the other: shifts that are one operation each.
template <auto kLoop>
[[nodiscard]] auto best_bits() noexcept -> Compiled<kLoop>::Function {
  using Loop = Compiled<kLoop>;
  return has_bit_loops() ? &Loop::bits : &Loop::anywhere;
}

}  // namespace bf
