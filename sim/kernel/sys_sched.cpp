// Priorities: setpriority(), sched_setscheduler(). Linux kernel/sys.c, kernel/sched/syscalls.c.
#include <algorithm>

#include "model/mqueue/mq_ops.hpp"
#include "sim/kernel/pid_namespace.hpp"
#include "sim/kernel/syscalls.hpp"
#include "sim/kernel/user_namespace.hpp"

namespace ipcsim {
namespace {

constexpr i32 kMinNice = -20;
constexpr i32 kMaxNice = 19;
constexpr i32 kMaxRtPriority = 99;
constexpr i32 kNiceZero = 120;

bool is_realtime(u32 policy) { return policy == kSchedFifo || policy == kSchedRr; }

/// The effective priority follows from the rest. Who sleeps in a queue keeps the place, but
/// newcomers see the new value. Linux kernel/sched/syscalls.c: effective_prio().
void update_prio(KernelState& k, TaskId id) {
  Task& task = k.task(id);
  const Sched& sched = task.rare().sched;
  task.prio =
      is_realtime(sched.policy) ? kMaxRtPriority - sched.rt_priority : kNiceZero + sched.nice;
  k.mqueues.each([&](MqueueId queue, const MqueueObject& /*object*/) {
    wq_set_prio(k.mqueues[queue].inode, WaiterId{id.v}, task.prio);
  });
}

/// Linux kernel/sys.c: set_one_prio_perm(), kernel/sched/syscalls.c: check_same_owner().
bool is_owner(const KernelState& k, TaskId id, TaskId target) {
  const u32 caller = k.cred(id).uid.effective;
  const Ids& owner = k.cred(target).uid;
  return caller == owner.effective || caller == owner.real;
}

}  // namespace

/// Errors, in the order tested: EINVAL (which), ESRCH, EPERM, EACCES (a lower value without
/// CAP_SYS_NICE). Linux kernel/sys.c: sys_setpriority(), set_one_prio().
Section run(KernelState& k, TaskId id, const SetpriorityCall& call) {
  constexpr u32 kPrioUser = 2;
  if (call.which.v > kPrioUser) {
    return Section::failed(Errno::kEINVAL);
  }
  if (call.which.v != kPrioProcess) {
    return Section::not_modelled("the priority of a process group or user");
  }
  const TaskId target = call.who == kNoTask ? id : call.who;
  if (!k.exists(target) || !has_number_for(k, id, target)) {
    return Section::failed(Errno::kESRCH);
  }
  const bool capable = k.cred(id).machine_caps().has(Cap::kSysNice);
  if (!is_owner(k, id, target) &&
      !ns_capable(k, k.cred(id), k.cred(target).user_ns, Cap::kSysNice)) {
    return Section::failed(Errno::kEPERM);
  }
  const i32 nice = std::clamp(call.prio, kMinNice, kMaxNice);
  Task& task = k.task(target);
  if (nice < task.rare().sched.nice && !capable) {
    return Section::failed(Errno::kEACCES);
  }
  task.make_rare().sched.nice = nice;
  update_prio(k, target);
  return Section::returned(0);
}

/// Errors, in the order tested: ESRCH, EINVAL (policy, priority), EPERM.
/// Linux kernel/sched/syscalls.c: do_sched_setscheduler(), __sched_setscheduler().
Section run(KernelState& k, TaskId id, const SchedSetschedulerCall& call) {
  const TaskId target = call.pid == kNoTask ? id : call.pid;
  if (!k.exists(target) || !has_number_for(k, id, target)) {
    return Section::failed(Errno::kESRCH);
  }
  const bool known =
      is_realtime(call.policy.v) || call.policy.v == kSchedOther || call.policy.v == kSchedBatch;
  if (!known) {
    return Section::not_modelled("this scheduling policy");
  }
  if (call.sched_priority < 0 || call.sched_priority > kMaxRtPriority ||
      is_realtime(call.policy.v) != (call.sched_priority != 0)) {
    return Section::failed(Errno::kEINVAL);
  }
  Task& task = k.task(target);
  const Sched& before = task.rare().sched;
  const bool more = is_realtime(call.policy.v) &&
                    (call.policy.v != before.policy || call.sched_priority > before.rt_priority);
  if (!k.cred(id).machine_caps().has(Cap::kSysNice) && (more || !is_owner(k, id, target))) {
    return Section::failed(Errno::kEPERM);
  }
  task.make_rare().sched.policy = call.policy.v;
  task.make_rare().sched.rt_priority = call.sched_priority;
  update_prio(k, target);
  return Section::returned(0);
}

}  // namespace ipcsim
