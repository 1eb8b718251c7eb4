// What the tracer's programs have in common: finding the task, filling a record, handing it over.
#pragma once

#include <vector>

#include "tools/host/tracer/call_table.hpp"
#include "tools/host/tracer/trace_records.hpp"
#include "tools/host/tracer/tracer_layout.hpp"
#include "tools/host/whitebox/bpf_program.hpp"

namespace ipcsim::host {

/// The maps that the programs share.
struct TracerMaps {
  int tasks = -1;    ///< hash: address of a task_struct -> TracedTask
  int control = -1;  ///< array of one TracerControl
  int scratch = -1;  ///< array: by processor, room for one record
  int ring = -1;     ///< ring buffer of records
};

struct TracerSizes {
  u32 payload_bytes = 1024;         ///< recorded of each call's payload; at most kMostPayloadBytes
  u32 ring_bytes = u32{64} << 20U;  ///< a power of two
};
inline constexpr u32 kMostPayloadBytes = 0xe000;

/// Bytes of one value of `TracerMaps::scratch`: a head, and chunks as far as the verifier can
/// imagine them.
inline constexpr u32 kScratchBytes = sizeof(RecordHead) + 8 + 0x2'0000;

/// Writes one program. Registers, from begin() on: r6 the context, or in the program of sys_exit
/// the call's result; r7 bytes of chunks so far; r8 the task's TracedTask; r9 the record.
class TraceAssembler {
 public:
  TraceAssembler(const TracerMaps& maps, const TracerLayout& layout, const TracerSizes& sizes)
      : maps_(maps), layout_(layout), sizes_(sizes) {}

  BpfAssembler& code() { return a_; }
  [[nodiscard]] BpfAssembler::Label out() const { return out_; }

  /// r0 = the entry of the task whose address is at stack kTask, or 0.
  void find_task();
  /// Looks up the current task; goes to `stranger` if it is not traced.
  void begin(BpfAssembler::Label stranger);
  /// Makes room for a record of this kind: time and task, which is at stack kTask. No chunks.
  void head(RecordKind kind);
  /// Decides how much payload this call's record gets: none while the ring is filling up, so that
  /// the calls themselves are not lost.
  void grant_payload();
  /// value[index] = from
  void set_value(u32 index, Reg from);
  /// Fills in the inode of the descriptor whose number is in r4.
  void identify();
  /// The pieces of a call: those of its beginning, or of its end with what was missed.
  void pieces(std::string_view args, bool at_exit);
  /// Hands the record over, and ends the program.
  void finish();

  /// r3 = the 8 bytes of kernel memory at r3; goes to `failed` if there are none.
  void follow(BpfAssembler::Label failed);
  /// `bytes` of kernel memory at r3 to the stack; r0 tells.
  void read_kernel(i16 stack, i32 bytes);
  /// Traces the task whose address is at stack kTask; r0 is 0 when that worked. Uses the stack from
  /// kRegs on, so the registers are read no more.
  void add_task();
  /// value[index] = the number that the task at r3 has at the tracer's level.
  void set_number(u32 index);
  /// r3 = the task's address + field.
  void task_field(u32 offset);

  // Places on the stack.
  static constexpr i16 kTask = -8;
  static constexpr i16 kRegs = -176;  ///< 168 bytes of struct pt_regs
  static constexpr i16 kTemporary = -184;
  static constexpr i16 kBudget = -192;  ///< of payload
  static constexpr i16 kParent = -200;  ///< where a chunk is that others are found by
  static constexpr i16 kCount = -208;
  static constexpr i16 kPayload = -216;  ///< of this call at most

 private:
  void chunk(u32 tag, bool string, BpfAssembler::Label failed);
  void piece(const Piece& piece, u32 tag, bool at_exit);
  void vector(const Piece& piece, u32 tag, bool at_exit, BpfAssembler::Label done);
  void inner(u32 tag, u32 pointer_at, u32 bytes, BpfAssembler::Label done);
  void message_control(u32 tag, BpfAssembler::Label done);
  void argument(Reg to, u8 index);
  void cap(Reg reg, u32 most);
  void parent_address(Reg to);

  TracerMaps maps_;
  TracerLayout layout_;
  TracerSizes sizes_;
  BpfAssembler a_;
  BpfAssembler::Label out_ = a_.label();
  bool entry_ = false;  ///< a piece that cannot be read is to be tried again
};

}  // namespace ipcsim::host
