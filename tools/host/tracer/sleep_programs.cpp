#include "tools/host/tracer/sleep_programs.hpp"

#include <cstddef>

namespace ipcsim::host {
namespace {

using enum Reg;
using enum Width;

constexpr i16 field(std::size_t offset) { return static_cast<i16>(offset); }

/// slept_ns += now - asleep_since_ns, which becomes 0. The entry is in r8, and asleep.
void end_sleep(TraceAssembler& t) {
  BpfAssembler& a = t.code();
  a.call(BPF_FUNC_ktime_get_ns);
  a.load(k64, kR1, kR8, field(offsetof(TracedTask, asleep_since_ns)));
  a.subtract(kR0, kR1);
  a.load(k64, kR2, kR8, field(offsetof(TracedTask, slept_ns)));
  a.add(kR2, kR0);
  a.store(k64, kR8, field(offsetof(TracedTask, slept_ns)), kR2);
  a.move(kR1, 0);
  a.store(k64, kR8, field(offsetof(TracedTask, asleep_since_ns)), kR1);
}

}  // namespace

void note_asleep(TraceAssembler& t) {
  constexpr i32 kTaskInterruptible = 1;
  BpfAssembler& a = t.code();
  const auto awake = a.label();
  a.mask(kR1, kTaskInterruptible);
  a.jump_if(BPF_JEQ, kR1, 0, awake);
  a.load(k64, kR2, kR6, 0);  // preempted before it could sleep
  a.jump_if(BPF_JNE, kR2, 0, awake);
  a.load(k64, kR1, kR8, field(offsetof(TracedTask, shape)));
  a.jump_if(BPF_JEQ, kR1, 0, awake);
  a.call(BPF_FUNC_ktime_get_ns);
  a.store(k64, kR8, field(offsetof(TracedTask, asleep_since_ns)), kR0);
  a.load(k64, kR1, kR8, field(offsetof(TracedTask, sleeps)));
  a.add(kR1, 1);
  a.store(k64, kR8, field(offsetof(TracedTask, sleeps)), kR1);
  a.bind(awake);
}

void begin_sleeps(TraceAssembler& t) {
  BpfAssembler& a = t.code();
  a.move(kR1, 0);
  for (const std::size_t at : {offsetof(TracedTask, asleep_since_ns), offsetof(TracedTask, sleeps),
                               offsetof(TracedTask, slept_ns), offsetof(TracedTask, waker)}) {
    a.store(k64, kR8, field(at), kR1);
  }
}

void record_sleeps(TraceAssembler& t) {
  BpfAssembler& a = t.code();
  const auto awake = a.label();
  a.load(k64, kR1, kR8, field(offsetof(TracedTask, asleep_since_ns)));
  a.jump_if(BPF_JEQ, kR1, 0, awake);
  end_sleep(t);  // it was woken while it was about to sleep
  a.bind(awake);
  u32 index = 1;
  for (const std::size_t at : {offsetof(TracedTask, sleeps), offsetof(TracedTask, slept_ns),
                               offsetof(TracedTask, waker)}) {
    a.load(k64, kR1, kR8, field(at));
    t.set_value(index++, kR1);
  }
}

std::vector<bpf_insn> waking_program(TraceAssembler t) {
  BpfAssembler& a = t.code();
  const auto no_waker = a.label();
  const auto find = [&](BpfAssembler::Label missing) {
    t.find_task();
    a.jump_if(BPF_JEQ, kR0, 0, missing);
  };
  a.load(k64, kR1, kR1, 0);
  a.store(k64, kR10, TraceAssembler::kTask, kR1);
  find(t.out());
  a.move(kR8, kR0);
  a.load(k64, kR1, kR8, field(offsetof(TracedTask, asleep_since_ns)));
  a.jump_if(BPF_JEQ, kR1, 0, t.out());
  end_sleep(t);
  a.move(kR1, 0);
  a.store(k64, kR8, field(offsetof(TracedTask, waker)), kR1);
  a.call(BPF_FUNC_get_current_task);
  a.store(k64, kR10, TraceAssembler::kTask, kR0);
  find(no_waker);
  a.load(k64, kR1, kR0, field(offsetof(TracedTask, shape)));
  a.jump_if(BPF_JEQ, kR1, 0, no_waker);
  a.load(k64, kR1, kR10, TraceAssembler::kTask);
  a.store(k64, kR8, field(offsetof(TracedTask, waker)), kR1);
  a.bind(no_waker);
  a.bind(t.out());
  a.move(kR0, 0);
  a.leave();
  return a.finish();
}

}  // namespace ipcsim::host
