// A small assembler for BPF, and the program that reads kernel memory.
#pragma once

#include <linux/bpf.h>

#include <string_view>
#include <vector>

#include "model/base/types.hpp"

namespace ipcsim::host {

/// Registers of BPF. r0 is a function's result, r1 to r5 are its arguments and lost by a call, r6
/// to r9 stay, r10 is the end of the stack's 512 bytes.
enum class Reg : u8 { kR0, kR1, kR2, kR3, kR4, kR5, kR6, kR7, kR8, kR9, kR10 };

/// Width of a load or store.
enum class Width : u8 { k8 = BPF_B, k16 = BPF_H, k32 = BPF_W, k64 = BPF_DW };

/// Collects instructions; jumps go to labels.
class BpfAssembler {
 public:
  using Label = u32;

  void move(Reg to, Reg from) { alu(BPF_MOV | BPF_X, to, from, 0); }
  void move(Reg to, i32 value) { alu(BPF_MOV | BPF_K, to, Reg::kR0, value); }
  void add(Reg to, Reg from) { alu(BPF_ADD | BPF_X, to, from, 0); }
  void add(Reg to, i32 value) { alu(BPF_ADD | BPF_K, to, Reg::kR0, value); }
  void subtract(Reg to, Reg from) { alu(BPF_SUB | BPF_X, to, from, 0); }
  void multiply(Reg to, i32 value) { alu(BPF_MUL | BPF_K, to, Reg::kR0, value); }
  void shift_right(Reg to, i32 bits) { alu(BPF_RSH | BPF_K, to, Reg::kR0, bits); }
  void mask(Reg to, i32 bits) { alu(BPF_AND | BPF_K, to, Reg::kR0, bits); }
  /// to = *(from + offset)
  void load(Width width, Reg to, Reg from, i16 offset);
  /// *(to + offset) = from
  void store(Width width, Reg to, i16 offset, Reg from);
  /// *(to + offset) += from, at once for all processors; 64 bits.
  void add_shared(Reg to, i16 offset, Reg from);
  /// to = the address of the first value of the map
  void map_value(Reg to, int map_fd);
  /// to = the map, for functions that take one
  void map(Reg to, int map_fd);
  void call(i32 function);
  void leave();

  [[nodiscard]] Label label();
  /// The label is here.
  void bind(Label label) { labels_[label] = static_cast<i32>(code_.size()); }
  void jump(Label to);
  /// Jumps when `left OP right`; OP is BPF_JGE, BPF_JGT, BPF_JEQ and the like, BPF_JSGT and the
  /// like for signed numbers.
  void jump_if(u8 op, Reg left, Reg right, Label to);
  void jump_if(u8 op, Reg left, i32 right, Label to);
  /// The same with the lower 32 bits of `left`.
  void jump_if_32(u8 op, Reg left, i32 right, Label to);

  /// The program, with all jumps filled in. REQUIRES: every label that is jumped to is bound.
  [[nodiscard]] std::vector<bpf_insn> finish();

 private:
  struct Jump {
    std::size_t at = 0;
    Label to = 0;
  };
  void emit(u8 code, Reg to, Reg from, i16 offset, i32 value);
  void alu(u8 op, Reg to, Reg from, i32 value) {
    emit(static_cast<u8>(BPF_ALU64 | op), to, from, 0, value);
  }
  void emit_jump(u8 code, Reg left, Reg right, i32 value, Label to);

  std::vector<bpf_insn> code_;
  std::vector<i32> labels_;
  std::vector<Jump> jumps_;
};

/// One piece of kernel memory that is wanted. It is shared with the program.
struct PeekRequest {
  u64 address = 0;
  u32 base = 0;   ///< where in the data a number is that is added to `address`; kNoBase: none
  u32 bytes = 0;  ///< at most kPeekPieceBytes
  u32 to = 0;     ///< where in the data the bytes go; a multiple of 8
  i32 error = 0;  ///< left by the program: negative when the memory cannot be read
};
inline constexpr u32 kNoBase = 0xffff'ffffU;
inline constexpr u32 kMostPeeks = 512;
inline constexpr u32 kPeekPieceBytes = 0x4000;
inline constexpr u32 kPeekDataBytes = 0x4'0000;

/// What the coordinator and the program share: the value of the program's map.
struct PeekArea {
  u32 count = 0;  ///< requests
  u32 unused = 0;
  PeekRequest requests[kMostPeeks];
  /// data[0..7] is the address of the calling thread's task_struct. A piece may reach beyond
  /// kPeekDataBytes.
  std::byte data[kPeekDataBytes + kPeekPieceBytes];
};

/// The program: carries out the requests in order. `map_fd`: an array map with one PeekArea.
[[nodiscard]] std::vector<bpf_insn> peek_program(int map_fd);

}  // namespace ipcsim::host
