// System calls without a C library: no errno, no thread-local storage, no cancellation points.
#pragma once

#include <type_traits>

#include "model/base/types.hpp"

/// For code that runs where a sanitizer's run time cannot: in a process that shares memory with its
/// suspended parent.
#if defined(__clang__)
#define IPCSIM_NO_SANITIZE __attribute__((no_sanitize("all")))
#else
#define IPCSIM_NO_SANITIZE \
  __attribute__((no_sanitize_address, no_sanitize_undefined, no_sanitize_thread))
#endif

namespace ipcsim::host {

/// The six argument registers of a system call.
struct RawArgs {
  u64 v[6] = {};
};

#if defined(__x86_64__)

[[gnu::always_inline]] IPCSIM_NO_SANITIZE inline i64 raw_syscall(i64 nr, const RawArgs& args) {
  register u64 r10 asm("r10") = args.v[3];
  register u64 r8 asm("r8") = args.v[4];
  register u64 r9 asm("r9") = args.v[5];
  i64 result = nr;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(args.v[0]), "S"(args.v[1]), "d"(args.v[2]), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

/// The entry of 32-bit programs, with their numbers of system calls; registers have 32 bits, of
/// five arguments.
[[gnu::always_inline]] IPCSIM_NO_SANITIZE inline i64 raw_ia32_syscall(i64 nr, const RawArgs& args) {
  i64 result = nr;
  asm volatile("int $0x80"
               : "+a"(result)
               : "b"(args.v[0]), "c"(args.v[1]), "d"(args.v[2]), "S"(args.v[3]), "D"(args.v[4])
               : "r8", "r9", "r10", "r11", "memory");
  return static_cast<i32>(result);
}

#elif defined(__aarch64__)

[[gnu::always_inline]] IPCSIM_NO_SANITIZE inline i64 raw_syscall(i64 nr, const RawArgs& args) {
  register u64 x0 asm("x0") = args.v[0];
  register u64 x1 asm("x1") = args.v[1];
  register u64 x2 asm("x2") = args.v[2];
  register u64 x3 asm("x3") = args.v[3];
  register u64 x4 asm("x4") = args.v[4];
  register u64 x5 asm("x5") = args.v[5];
  register i64 x8 asm("x8") = nr;
  asm volatile("svc #0"
               : "+r"(x0)
               : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8)
               : "memory");
  return static_cast<i64>(x0);
}

[[gnu::always_inline]] IPCSIM_NO_SANITIZE inline i64 raw_ia32_syscall(i64 /*nr*/,
                                                                      const RawArgs& /*args*/) {
  constexpr i64 kNoSuchCall = 38;
  return -kNoSuchCall;
}

#else
#error "The host machine needs the system call instruction of this processor in raw_syscall.hpp"
#endif

/// An integer, an enumerator or a pointer as a register holds it.
template <class T>
[[gnu::always_inline]] IPCSIM_NO_SANITIZE inline u64 to_register(T value) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<u64>(value);
  } else if constexpr (std::is_null_pointer_v<T>) {
    return 0;
  } else {
    return static_cast<u64>(value);
  }
}

/// raw_call(__NR_close, fd): the result, or a negated error number.
template <class... Args>
[[gnu::always_inline]] IPCSIM_NO_SANITIZE inline i64 raw_call(i64 nr, Args... args) {
  return raw_syscall(nr, RawArgs{{to_register(args)...}});
}

/// True for the results that are negated error numbers.
[[nodiscard]] constexpr bool is_raw_error(i64 result) { return result < 0 && result >= -4095; }

}  // namespace ipcsim::host
