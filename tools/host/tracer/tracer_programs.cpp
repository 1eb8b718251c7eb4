#include "tools/host/tracer/tracer_programs.hpp"

#include <sys/syscall.h>

#include <array>
#include <cstddef>

#include "tools/host/tracer/sleep_programs.hpp"

namespace ipcsim::host {
namespace {

using enum Reg;
using enum Width;

constexpr i16 field(std::size_t offset) { return static_cast<i16>(offset); }

// struct pt_regs of x86-64.
constexpr std::array<i16, kMostArguments> kArgumentRegs{14 * 8, 13 * 8, 12 * 8,
                                                        7 * 8,  9 * 8,  8 * 8};
constexpr i16 kCs = 17 * 8;
constexpr i16 kSp = 19 * 8;
constexpr i32 kUser32Cs = 0x23;     // a 32-bit program's calls have other numbers
constexpr i32 kSigframeMask = 296;  // from the stack pointer at rt_sigreturn() to uc_sigmask

void read_registers(TraceAssembler& t, BpfAssembler::Label failed) {
  BpfAssembler& a = t.code();
  a.load(k64, kR3, kR6, 0);
  t.read_kernel(TraceAssembler::kRegs, 168);
  a.jump_if(BPF_JNE, kR0, 0, failed);
}

i16 reg_at(i16 offset) { return static_cast<i16>(TraceAssembler::kRegs + offset); }

/// Goes to the code of the shape in r1; each ends at `done`.
void dispatch(TraceAssembler& t, bool at_exit) {
  BpfAssembler& a = t.code();
  const std::vector<std::string_view> shapes = call_shapes();
  std::vector<BpfAssembler::Label> labels;
  const auto done = a.label();
  for (u32 i = 0; i < shapes.size(); ++i) {
    labels.push_back(a.label());
    a.jump_if(BPF_JEQ, kR1, static_cast<i32>(i + 1), labels.back());
  }
  a.jump(done);
  for (u32 i = 0; i < shapes.size(); ++i) {
    a.bind(labels[i]);
    if (!at_exit && shapes[i].starts_with('f')) {
      a.load(k64, kR4, kR8, field(offsetof(TracedTask, args)));
      t.identify();
    }
    t.pieces(shapes[i], at_exit);
    if (at_exit && shapes[i].starts_with('I')) {  // which pipe it is that was made
      const auto failed = a.label();
      a.jump_if(BPF_JSLT, kR6, 0, failed);
      a.load(k32, kR4, kR9, field(sizeof(RecordHead) + sizeof(ChunkHead)));
      t.identify();
      a.bind(failed);
    }
    a.jump(done);
  }
  a.bind(done);
}

/// A task that is not traced: with prctl(key) it asks to be the first one.
void take_first(TraceAssembler& t, const TracerMaps& maps, const TracerLayout& layout) {
  BpfAssembler& a = t.code();
  a.load(k64, kR1, kR6, 8);
  a.jump_if(BPF_JNE, kR1, SYS_prctl, t.out());
  read_registers(t, t.out());
  a.load(k64, kR2, kR10, reg_at(kArgumentRegs[0]));
  a.map_value(kR1, maps.control);
  a.load(k64, kR1, kR1, field(offsetof(TracerControl, key)));
  a.jump_if(BPF_JEQ, kR1, 0, t.out());
  a.jump_if(BPF_JNE, kR1, kR2, t.out());
  t.add_task();
  a.jump_if(BPF_JNE, kR0, 0, t.out());
  t.task_field(layout.task.thread_pid);
  t.follow(t.out());
  a.add(kR3, static_cast<i32>(layout.pid.level));
  t.read_kernel(TraceAssembler::kBudget, 4);
  a.load(k32, kR2, kR10, TraceAssembler::kBudget);
  a.map_value(kR1, maps.control);
  a.store(k64, kR1, field(offsetof(TracerControl, level)), kR2);
  t.head(RecordKind::kStart);
  t.task_field(0);
  t.set_number(0);
  t.task_field(layout.task.group_leader);
  t.follow(t.out());
  t.set_number(1);
  t.finish();
}

std::vector<bpf_insn> enter_program(TraceAssembler t, const TracerMaps& maps) {
  BpfAssembler& a = t.code();
  const auto foreign = a.label();
  t.begin(t.out());
  a.move(kR1, 0);
  a.store(k64, kR8, field(offsetof(TracedTask, shape)), kR1);
  a.store(k64, kR8, field(offsetof(TracedTask, missed)), kR1);
  begin_sleeps(t);
  read_registers(t, t.out());
  a.load(k64, kR1, kR10, reg_at(kCs));
  a.jump_if(BPF_JEQ, kR1, kUser32Cs, foreign);
  a.load(k64, kR7, kR6, 8);
  a.jump_if(BPF_JGE, kR7, static_cast<i32>(kMostCallNumbers), foreign);
  a.map_value(kR1, maps.control);
  a.add(kR1, kR7);
  a.load(k8, kR1, kR1, field(offsetof(TracerControl, shape)));
  a.jump_if(BPF_JEQ, kR1, 0, t.out());
  a.store(k64, kR8, field(offsetof(TracedTask, shape)), kR1);
  a.store(k64, kR8, field(offsetof(TracedTask, nr)), kR7);
  for (u32 i = 0; i < kMostArguments; ++i) {
    a.load(k64, kR1, kR10, reg_at(kArgumentRegs[i]));
    a.store(k64, kR8, field(offsetof(TracedTask, args) + 8 * std::size_t{i}), kR1);
  }
  const auto no_sigreturn = a.label();
  a.jump_if(BPF_JNE, kR7, SYS_rt_sigreturn, no_sigreturn);
  a.load(k64, kR1, kR10, reg_at(kSp));
  a.add(kR1, kSigframeMask);
  a.store(k64, kR8, field(offsetof(TracedTask, args)), kR1);
  a.bind(no_sigreturn);
  t.head(RecordKind::kEnter);
  t.grant_payload();
  a.load(k64, kR1, kR8, field(offsetof(TracedTask, nr)));
  a.store(k32, kR9, field(offsetof(RecordHead, nr)), kR1);
  for (u32 i = 0; i < kMostArguments; ++i) {
    a.load(k64, kR1, kR8, field(offsetof(TracedTask, args) + 8 * std::size_t{i}));
    t.set_value(i, kR1);
  }
  a.load(k64, kR1, kR8, field(offsetof(TracedTask, shape)));
  dispatch(t, false);
  const auto hand_over = a.label();
  a.jump(hand_over);
  a.bind(foreign);
  a.map_value(kR1, maps.control);
  a.move(kR2, 1);
  a.add_shared(kR1, field(offsetof(TracerControl, foreign)), kR2);
  a.jump(t.out());
  a.bind(hand_over);
  t.finish();
  return a.finish();
}

/// Apart from the calls of traced tasks: few tasks come here, and none often.
std::vector<bpf_insn> first_task_program(TraceAssembler t, const TracerMaps& maps,
                                         const TracerLayout& layout) {
  BpfAssembler& a = t.code();
  const auto stranger = a.label();
  t.begin(stranger);
  a.jump(t.out());
  a.bind(stranger);
  take_first(t, maps, layout);
  return a.finish();
}

std::vector<bpf_insn> exit_program(TraceAssembler t) {
  BpfAssembler& a = t.code();
  t.begin(t.out());
  a.load(k64, kR1, kR8, field(offsetof(TracedTask, shape)));
  a.jump_if(BPF_JEQ, kR1, 0, t.out());
  a.load(k64, kR6, kR6, 8);
  t.head(RecordKind::kExit);
  t.grant_payload();
  t.set_value(0, kR6);
  record_sleeps(t);
  a.load(k64, kR1, kR8, field(offsetof(TracedTask, nr)));
  a.store(k32, kR9, field(offsetof(RecordHead, nr)), kR1);
  a.load(k64, kR1, kR8, field(offsetof(TracedTask, shape)));
  a.move(kR2, 0);
  a.store(k64, kR8, field(offsetof(TracedTask, shape)), kR2);
  dispatch(t, true);
  t.finish();
  return a.finish();
}

/// sched_process_fork(parent, child): children of traced tasks are traced.
std::vector<bpf_insn> fork_program(TraceAssembler t, const TracerMaps& maps,
                                   const TracerLayout& layout) {
  BpfAssembler& a = t.code();
  const auto added = a.label();
  t.begin(t.out());
  a.load(k64, kR8, kR10, TraceAssembler::kTask);  // the maker
  a.load(k64, kR1, kR6, 8);
  a.store(k64, kR10, TraceAssembler::kTask, kR1);
  t.add_task();
  a.jump_if(BPF_JEQ, kR0, 0, added);
  a.map_value(kR1, maps.control);
  a.move(kR2, 1);
  a.add_shared(kR1, field(offsetof(TracerControl, untracked)), kR2);
  a.jump(t.out());
  a.bind(added);
  t.head(RecordKind::kFork);
  t.set_value(2, kR8);
  t.task_field(0);
  t.set_number(0);
  t.task_field(layout.task.group_leader);
  t.follow(t.out());
  t.set_number(1);
  t.finish();
  return a.finish();
}

/// sched_process_exec(task, old_pid, bprm)
std::vector<bpf_insn> exec_program(TraceAssembler t, const TracerLayout& layout) {
  BpfAssembler& a = t.code();
  t.begin(t.out());
  t.head(RecordKind::kExec);
  a.load(k64, kR1, kR6, 8);
  t.set_value(0, kR1);
  t.task_field(layout.task.pid);
  t.read_kernel(TraceAssembler::kBudget, 4);
  a.load(k32, kR1, kR10, TraceAssembler::kBudget);
  t.set_value(1, kR1);
  t.finish();
  return a.finish();
}

/// sched_switch(preempt, prev, next): a task falls asleep; the last one of a task comes when
/// nothing of it is left to do.
std::vector<bpf_insn> switch_program(TraceAssembler t, const TracerMaps& maps,
                                     const TracerLayout& layout) {
  constexpr i32 kTaskDead = 0x80;
  BpfAssembler& a = t.code();
  t.begin(t.out());
  t.task_field(layout.task.state);
  t.read_kernel(TraceAssembler::kBudget, 4);
  a.load(k32, kR1, kR10, TraceAssembler::kBudget);
  const auto dead = a.label();
  a.jump_if(BPF_JEQ, kR1, kTaskDead, dead);
  note_asleep(t);
  a.jump(t.out());
  a.bind(dead);
  t.head(RecordKind::kDead);
  t.task_field(layout.task.exit_code);
  t.read_kernel(TraceAssembler::kBudget, 4);
  a.load(k32, kR1, kR10, TraceAssembler::kBudget);
  t.set_value(0, kR1);
  a.map(kR1, maps.tasks);
  a.move(kR2, kR10);
  a.add(kR2, TraceAssembler::kTask);
  a.call(BPF_FUNC_map_delete_elem);
  t.finish();
  return a.finish();
}

/// signal_deliver(sig, info, action)
std::vector<bpf_insn> signal_program(TraceAssembler t) {
  constexpr i32 kSiginfoBytes = 48;
  constexpr i32 kLastSpecial = 1;  // SEND_SIG_NOINFO and SEND_SIG_PRIV are no addresses
  BpfAssembler& a = t.code();
  const auto no_info = a.label();
  t.begin(t.out());
  t.head(RecordKind::kSignal);
  a.load(k64, kR1, kR6, 0);
  t.set_value(0, kR1);
  a.load(k64, kR3, kR6, 16);
  t.read_kernel(TraceAssembler::kBudget, 8);
  a.load(k64, kR1, kR10, TraceAssembler::kBudget);
  t.set_value(1, kR1);
  a.load(k64, kR3, kR6, 8);
  a.jump_if(BPF_JLE, kR3, kLastSpecial, no_info);
  a.move(kR1, 0);
  a.store(k32, kR9, field(sizeof(RecordHead)), kR1);
  a.move(kR1, kSiginfoBytes);
  a.store(k32, kR9, field(sizeof(RecordHead) + 4), kR1);
  a.move(kR1, kR9);
  a.add(kR1, static_cast<i32>(sizeof(RecordHead) + sizeof(ChunkHead)));
  a.move(kR2, kSiginfoBytes);
  a.call(BPF_FUNC_probe_read_kernel);
  a.move(kR7, kSiginfoBytes + static_cast<i32>(sizeof(ChunkHead)));
  a.bind(no_info);
  t.finish();
  return a.finish();
}

}  // namespace

std::vector<TracerProgram> tracer_programs(const TracerMaps& maps, const TracerLayout& layout,
                                           const TracerSizes& sizes) {
  const TraceAssembler t(maps, layout, sizes);
  std::vector<TracerProgram> programs;
  programs.push_back({"sched_process_fork", fork_program(t, maps, layout)});
  programs.push_back({"sched_process_exec", exec_program(t, layout)});
  programs.push_back({"sched_switch", switch_program(t, maps, layout)});
  programs.push_back({"sched_waking", waking_program(t)});
  programs.push_back({"signal_deliver", signal_program(t)});
  programs.push_back({"sys_exit", exit_program(t)});
  programs.push_back({"sys_enter", enter_program(t, maps)});
  programs.push_back({"sys_enter", first_task_program(t, maps, layout)});
  return programs;
}

}  // namespace ipcsim::host
