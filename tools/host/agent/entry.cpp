#include "tools/host/agent/entry.hpp"

#include <cstddef>

#if defined(__x86_64__)

asm(R"(
  .text
  .globl _start
_start:
  xorl %ebp, %ebp
  movq %rsp, %rdi
  andq $-16, %rsp
  call ipcsim_agent_main
  ud2

  .globl ipcsim_clone_on_stack
ipcsim_clone_on_stack:
  andq $-16, %rsi
  subq $16, %rsi
  movq %rcx, 0(%rsi)
  movq %r8, 8(%rsi)
  xorl %r10d, %r10d
  xorl %r8d, %r8d
  movl $56, %eax
  syscall
  testq %rax, %rax
  jnz 1f
  xorl %ebp, %ebp
  popq %rax
  popq %rdi
  call *%rax
  ud2
1:
  ret

  .globl ipcsim_exit_without_stack
ipcsim_exit_without_stack:
  movl %edx, %ebx
  movl $11, %eax
  syscall
  movl %ebx, %edi
  movl $60, %eax
  syscall
  ud2

  .globl ipcsim_signal_return
ipcsim_signal_return:
  movl $15, %eax
  syscall
  ud2

  .section .note.GNU-stack,"",@progbits
  .text
)");

#elif defined(__aarch64__)

asm(R"(
  .text
  .globl _start
_start:
  mov x29, xzr
  mov x30, xzr
  mov x0, sp
  bl ipcsim_agent_main
  brk #0

  .globl ipcsim_clone_on_stack
ipcsim_clone_on_stack:
  and x1, x1, #-16
  sub x1, x1, #16
  stp x3, x4, [x1]
  mov x3, xzr
  mov x4, xzr
  mov x8, #220
  svc #0
  cbnz x0, 1f
  mov x29, xzr
  mov x30, xzr
  ldp x9, x0, [sp], #16
  blr x9
  brk #0
1:
  ret

  .globl ipcsim_exit_without_stack
ipcsim_exit_without_stack:
  mov w19, w2
  mov x8, #215
  svc #0
  mov w0, w19
  mov x8, #93
  svc #0
  brk #0

  .globl ipcsim_signal_return
ipcsim_signal_return:
  mov x8, #139
  svc #0
  brk #0

  .section .note.GNU-stack,"",%progbits
  .text
)");

#endif

// The compiler calls these by itself, also in a program without a library. Written so that it does
// not see what they are and call them again.
extern "C" {

void* memcpy(void* to, const void* from, std::size_t count) {
  auto* out = static_cast<volatile unsigned char*>(to);
  const auto* in = static_cast<const unsigned char*>(from);
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = in[i];
  }
  return to;
}

void* memset(void* to, int value, std::size_t count) {
  auto* out = static_cast<volatile unsigned char*>(to);
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = static_cast<unsigned char>(value);
  }
  return to;
}

}  // extern "C"
