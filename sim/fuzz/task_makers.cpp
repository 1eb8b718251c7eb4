// Processes, threads and signals.
#include <array>

#include "sim/fuzz/makers.hpp"

namespace ipcsim {
namespace {

constexpr u64 kThread =
    kCloneVm | kCloneFs | kCloneFiles | kCloneSighand | kCloneThread | kCloneSysvsem;
/// A real-time signal, which has no default but to kill.
constexpr Signal kSigrtmin2{34};
constexpr Signal kSigusr2{12};

TaskId new_number(const Scene& s) { return TaskId{static_cast<u32>(s.k.tasks.size()) + 1}; }

std::optional<Call> make_fork(const Scene& s) {
  const TaskId child = new_number(s);
  switch (s.chance.below(8)) {
    case 0:
    case 1:
      return CloneCall{.flags = CloneFlags{kThread}, .child = child};
    case 2:
      return CloneCall{.flags = CloneFlags{kCloneFiles}, .child = child};
    case 3:
      return s.chance.one_in(3) ? Call(VforkCall{.child = child}) : Call(ForkCall{.child = child});
    default:
      return ForkCall{.child = child};
  }
}

std::optional<Call> make_execve(const Scene& /*scene*/) {
  return ExecveCall{.pathname = "/bin/true"};
}

std::optional<Call> make_exit(const Scene& s) {
  if (s.chance.one_in(3)) {
    return ExitGroupCall{.status = 0};
  }
  return ExitCall{.status = 0};
}

/// A signal that the process of `to` lives through, if there is one; SIGKILL hardly ever.
Signal signal_for(const Scene& s, TaskId to) {
  if (s.chance.one_in(30)) {
    return s.chance.one_of({kSigkill, kSigalrm, kSigpipe, kSigrtmin2});
  }
  if (s.chance.one_in(12)) {
    return s.chance.one_of({kSigstop, kSigtstp, kSigcont, kSigcont});
  }
  std::vector<Signal> harmless{kSigchld, kSigwinch, kSigurg, kSigcont, Signal{0}};
  if (s.k.exists(to)) {
    const Process& process = s.k.processes[s.k.task(to).process.v];
    for (u32 number = 1; number <= kMostSignal; ++number) {
      if (process.handled.has(Signal{number}) || process.ignored.has(Signal{number})) {
        harmless.insert(harmless.end(), 3, Signal{number});
      }
    }
  }
  return s.chance.one_of(harmless);
}

std::optional<Call> make_kill(const Scene& s) {
  const TaskId to = s.other_task();
  const TaskId leader = s.k.exists(to) ? s.k.processes[s.k.task(to).process.v].leader : to;
  const Signal signal = signal_for(s, to);
  if (s.chance.one_in(2)) {
    return KillCall{.pid = s.bad() ? to : leader, .sig = s.bad() ? Signal{65} : signal};
  }
  return TgkillCall{.tgid = s.bad() ? to : leader, .tid = to, .sig = s.bad() ? Signal{65} : signal};
}

std::optional<Call> make_sigaction(const Scene& s) {
  const Signal signal =
      s.bad()
          ? s.chance.one_of({kSigkill, Signal{0}, Signal{65}, kSigchld, kSigalrm})
          : s.chance.one_of({kSigusr1, kSigusr1, kSigusr2, kSigpipe, kSigpipe, kSigio, kSigrtmin2});
  return RtSigactionCall{.signum = signal,
                         .handler = s.chance.one_of({Disposition::kHandler, Disposition::kHandler,
                                                     Disposition::kHandler, Disposition::kIgnore,
                                                     Disposition::kDefault}),
                         .sa_flags = SaFlags{(s.chance.one_in(2) ? kSaRestart : 0) |
                                             (s.chance.one_in(8) ? kSaNodefer : 0) |
                                             (s.chance.one_in(12) ? kSaResethand : 0)}};
}

std::optional<Call> make_sigprocmask(const Scene& s) {
  return RtSigprocmaskCall{
      .how = s.chance.one_of({MaskHow::kBlock, MaskHow::kUnblock, MaskHow::kSetmask}),
      .set = {s.chance.one_of({kSigusr1, kSigusr2, kSigpipe, kSigrtmin2, kSigkill})}};
}

std::optional<Call> make_setrlimit(const Scene& s) {
  return s.chance.one_in(2)
             ? SetrlimitCall{.resource = Resource{kRlimitNofile},
                             .rlim_cur = s.chance.between(6, 30)}
             : SetrlimitCall{.resource = Resource{kRlimitMsgqueue},
                             .rlim_cur = s.chance.one_of<u64>({0, 1'000, 20'000, 819'200})};
}

constexpr std::array kTaskMakers{
    Maker{"fork", MakerGroup::kTask, 5, true, make_fork},
    Maker{"execve", MakerGroup::kTask, 1, false, make_execve},
    Maker{"exit", MakerGroup::kTask, 2, false, make_exit},
    Maker{"setrlimit", MakerGroup::kTask, 1, false, make_setrlimit},
    Maker{"kill", MakerGroup::kSignal, 8, false, make_kill},
    Maker{"rt_sigaction", MakerGroup::kSignal, 5, false, make_sigaction},
    Maker{"rt_sigprocmask", MakerGroup::kSignal, 4, false, make_sigprocmask},
};

}  // namespace

std::span<const Maker> task_makers() { return kTaskMakers; }

}  // namespace ipcsim
