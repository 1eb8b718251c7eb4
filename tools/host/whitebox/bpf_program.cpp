#include "tools/host/whitebox/bpf_program.hpp"

#include <cstddef>

#include "model/base/check.hpp"

namespace ipcsim::host {

void BpfAssembler::emit(u8 code, Reg to, Reg from, i16 offset, i32 value) {
  bpf_insn insn{};
  insn.code = code;
  insn.dst_reg = static_cast<u8>(to) & 0xfU;
  insn.src_reg = static_cast<u8>(from) & 0xfU;
  insn.off = offset;
  insn.imm = value;
  code_.push_back(insn);
}

void BpfAssembler::load(Width width, Reg to, Reg from, i16 offset) {
  emit(static_cast<u8>(BPF_LDX | BPF_MEM | static_cast<u8>(width)), to, from, offset, 0);
}

void BpfAssembler::store(Width width, Reg to, i16 offset, Reg from) {
  emit(static_cast<u8>(BPF_STX | BPF_MEM | static_cast<u8>(width)), to, from, offset, 0);
}

void BpfAssembler::add_shared(Reg to, i16 offset, Reg from) {
  emit(static_cast<u8>(BPF_STX | BPF_ATOMIC | BPF_DW), to, from, offset, BPF_ADD);
}

void BpfAssembler::map(Reg to, int map_fd) {
  emit(BPF_LD | BPF_DW | BPF_IMM, to, Reg{BPF_PSEUDO_MAP_FD}, 0, map_fd);
  emit(0, Reg::kR0, Reg::kR0, 0, 0);
}

void BpfAssembler::map_value(Reg to, int map_fd) {
  emit(BPF_LD | BPF_DW | BPF_IMM, to, Reg{BPF_PSEUDO_MAP_VALUE}, 0, map_fd);
  emit(0, Reg::kR0, Reg::kR0, 0, 0);  // the second half: an offset in the value
}

void BpfAssembler::call(i32 function) { emit(BPF_JMP | BPF_CALL, Reg::kR0, Reg::kR0, 0, function); }

void BpfAssembler::leave() { emit(BPF_JMP | BPF_EXIT, Reg::kR0, Reg::kR0, 0, 0); }

BpfAssembler::Label BpfAssembler::label() {
  labels_.push_back(-1);
  return static_cast<Label>(labels_.size() - 1);
}

void BpfAssembler::emit_jump(u8 code, Reg left, Reg right, i32 value, Label to) {
  jumps_.push_back({.at = code_.size(), .to = to});
  emit(code, left, right, 0, value);
}

void BpfAssembler::jump(Label to) { emit_jump(BPF_JMP | BPF_JA, Reg::kR0, Reg::kR0, 0, to); }

void BpfAssembler::jump_if(u8 op, Reg left, Reg right, Label to) {
  emit_jump(static_cast<u8>(BPF_JMP | BPF_X | op), left, right, 0, to);
}

void BpfAssembler::jump_if(u8 op, Reg left, i32 right, Label to) {
  emit_jump(static_cast<u8>(BPF_JMP | BPF_K | op), left, Reg::kR0, right, to);
}

void BpfAssembler::jump_if_32(u8 op, Reg left, i32 right, Label to) {
  emit_jump(static_cast<u8>(BPF_JMP32 | BPF_K | op), left, Reg::kR0, right, to);
}

std::vector<bpf_insn> BpfAssembler::finish() {
  for (const Jump& jump : jumps_) {
    const i32 target = labels_[jump.to];
    IPCSIM_CHECK(target >= 0);
    code_[jump.at].off = static_cast<i16>(target - static_cast<i32>(jump.at) - 1);
  }
  return std::move(code_);
}

std::vector<bpf_insn> peek_program(int map_fd) {
  using enum Reg;
  using enum Width;
  // The verifier must see that every address lies in the map: an offset is cut to a multiple of 8
  // below kPeekDataBytes, and a length compared with kPeekPieceBytes.
  constexpr i32 kOffsetBits = static_cast<i32>(kPeekDataBytes - 8);
  static_assert((kPeekDataBytes & (kPeekDataBytes - 1)) == 0);
  constexpr auto kData = static_cast<i32>(offsetof(PeekArea, data));
  constexpr auto kRequests = static_cast<i32>(offsetof(PeekArea, requests));
  constexpr auto field = [](std::size_t offset) { return static_cast<i16>(offset); };

  BpfAssembler a;
  const auto next = a.label();
  const auto absolute = a.label();
  const auto end = a.label();
  a.map_value(kR9, map_fd);
  a.move(kR6, kR9);
  a.add(kR6, kData);
  a.call(BPF_FUNC_get_current_task);
  a.store(k64, kR6, 0, kR0);
  a.move(kR8, 0);  // the request's number
  a.move(kR7, kR9);
  a.add(kR7, kRequests);  // the request
  a.bind(next);
  a.jump_if(BPF_JGE, kR8, static_cast<i32>(kMostPeeks), end);
  a.load(k32, kR1, kR9, field(offsetof(PeekArea, count)));
  a.jump_if(BPF_JGE, kR8, kR1, end);
  a.load(k64, kR3, kR7, field(offsetof(PeekRequest, address)));
  a.load(k32, kR1, kR7, field(offsetof(PeekRequest, base)));
  a.jump_if_32(BPF_JEQ, kR1, -1, absolute);
  a.mask(kR1, kOffsetBits);
  a.move(kR2, kR6);
  a.add(kR2, kR1);
  a.load(k64, kR1, kR2, 0);
  a.add(kR3, kR1);
  a.bind(absolute);
  a.load(k32, kR2, kR7, field(offsetof(PeekRequest, bytes)));
  a.jump_if(BPF_JGT, kR2, static_cast<i32>(kPeekPieceBytes), end);
  a.load(k32, kR4, kR7, field(offsetof(PeekRequest, to)));
  a.mask(kR4, kOffsetBits);
  a.move(kR1, kR6);
  a.add(kR1, kR4);
  a.call(BPF_FUNC_probe_read_kernel);
  a.store(k32, kR7, field(offsetof(PeekRequest, error)), kR0);
  a.add(kR7, static_cast<i32>(sizeof(PeekRequest)));
  a.add(kR8, 1);
  a.jump(next);
  a.bind(end);
  a.move(kR0, 0);
  a.leave();
  return a.finish();
}

}  // namespace ipcsim::host
