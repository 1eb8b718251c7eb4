#include "sim/kernel/pid_namespace.hpp"

#include "sim/kernel/signals.hpp"

namespace ipcsim {
namespace {

constexpr u32 kDeepestLevel = 32;

PidNamespace& pid_namespace(KernelState& k, PidNsId ns) { return k.pid_namespaces[ns.v - 1]; }

const PidNamespace& pid_namespace(const KernelState& k, PidNsId ns) {
  return k.pid_namespaces[ns.v - 1];
}

/// True when `ns` is `above` or lies below it.
bool lies_within(const KernelState& k, PidNsId ns, PidNsId above) {
  while (ns != above && ns != kInitPidNs) {
    ns = pid_namespace(k, ns).parent;
  }
  return ns == above;
}

}  // namespace

bool has_number_for(const KernelState& k, TaskId task, TaskId other) {
  return lies_within(k, k.process_of(other).pid_ns, k.process_of(task).pid_ns);
}

TaskId sender_number(const KernelState& k, TaskId sender, TaskId receiver) {
  return has_number_for(k, receiver, sender) ? k.process_of(sender).leader : kNoTask;
}

PidNsId pid_ns_for_children(const KernelState& k, TaskId id) {
  return k.task(id).rare().pid_ns_for_children.value_or(k.process_of(id).pid_ns);
}

bool pid_namespace_ended(const KernelState& k, PidNsId ns) {
  return ns != kInitPidNs && pid_namespace(k, ns).ended;
}

Result<PidNsId> make_pid_namespace(KernelState& k, TaskId maker) {
  const PidNsId parent = k.process_of(maker).pid_ns;
  if (pid_ns_for_children(k, maker) != parent) {
    return fail(Errno::kEINVAL);
  }
  const u32 level = parent == kInitPidNs ? 1 : pid_namespace(k, parent).level + 1;
  if (level > kDeepestLevel) {
    return fail(Errno::kENOSPC);
  }
  k.pid_namespaces.push_back({.parent = parent, .level = level, .init = {}});
  return PidNsId{static_cast<u32>(k.pid_namespaces.size())};
}

void join_pid_namespace(KernelState& k, ProcessId process) {
  const PidNsId ns = k.processes[process.v].pid_ns;
  if (ns != kInitPidNs && pid_namespace(k, ns).init == ProcessId{}) {
    pid_namespace(k, ns).init = process;
    k.processes[process.v].unkillable = true;
  }
}

void zap_pid_ns_processes(KernelState& k, ProcessId ended) {
  if (!k.processes[ended.v].unkillable) {
    return;
  }
  const PidNsId ns = k.processes[ended.v].pid_ns;
  pid_namespace(k, ns).ended = true;
  // Whoever is made later has a higher number, here as there.
  for (const Process& process : k.processes) {
    if (process.live_threads > 0 && !process.exiting && lies_within(k, process.pid_ns, ns)) {
      send_signal_to_process(k, process.leader, SignalInfo::of(kSigkill, kSiKernel));
    }
  }
}

}  // namespace ipcsim
