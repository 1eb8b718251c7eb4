// The system calls: one run() a call, which runs one lock-held section of it.
#pragma once

#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

// Each runs the next section of `call`, which task `id` is in: the first one when
// Task::progress is empty, otherwise the one after the sleep that progress describes. On
// Section::End::kReturned the progress is the caller's to clear.

Section run(KernelState& k, TaskId id, const Pipe2Call& call);
Section run(KernelState& k, TaskId id, const ReadCall& call);
Section run(KernelState& k, TaskId id, const WriteCall& call);
Section run(KernelState& k, TaskId id, const ReadvCall& call);
Section run(KernelState& k, TaskId id, const WritevCall& call);
Section run(KernelState& k, TaskId id, const Pread64Call& call);
Section run(KernelState& k, TaskId id, const Pwrite64Call& call);
Section run(KernelState& k, TaskId id, const PreadvCall& call);
Section run(KernelState& k, TaskId id, const PwritevCall& call);
Section run(KernelState& k, TaskId id, const Preadv2Call& call);
Section run(KernelState& k, TaskId id, const Pwritev2Call& call);
Section run(KernelState& k, TaskId id, const CloseCall& call);
Section run(KernelState& k, TaskId id, const DupCall& call);
Section run(KernelState& k, TaskId id, const Dup2Call& call);
Section run(KernelState& k, TaskId id, const Dup3Call& call);
Section run(KernelState& k, TaskId id, const FcntlCall& call);
Section run(KernelState& k, TaskId id, const IoctlCall& call);
Section run(KernelState& k, TaskId id, const PollCall& call);
Section run(KernelState& k, TaskId id, const PpollCall& call);
Section run(KernelState& k, TaskId id, const SelectCall& call);
Section run(KernelState& k, TaskId id, const Pselect6Call& call);
Section run(KernelState& k, TaskId id, const EpollCreate1Call& call);
Section run(KernelState& k, TaskId id, const EpollCtlCall& call);
Section run(KernelState& k, TaskId id, const EpollWaitCall& call);
Section run(KernelState& k, TaskId id, const EpollPwaitCall& call);
Section run(KernelState& k, TaskId id, const EpollPwait2Call& call);
Section run(KernelState& k, TaskId id, const PauseCall& call);
Section run(KernelState& k, TaskId id, const RtSigsuspendCall& call);
Section run(KernelState& k, TaskId id, const OpenCall& call);
Section run(KernelState& k, TaskId id, const MkfifoCall& call);
Section run(KernelState& k, TaskId id, const UnlinkCall& call);
Section run(KernelState& k, TaskId id, const MqOpenCall& call);
Section run(KernelState& k, TaskId id, const MqUnlinkCall& call);
Section run(KernelState& k, TaskId id, const MqTimedsendCall& call);
Section run(KernelState& k, TaskId id, const MqTimedreceiveCall& call);
Section run(KernelState& k, TaskId id, const MqGetsetattrCall& call);
Section run(KernelState& k, TaskId id, const ForkCall& call);
Section run(KernelState& k, TaskId id, const VforkCall& call);
Section run(KernelState& k, TaskId id, const CloneCall& call);
Section run(KernelState& k, TaskId id, const ExecveCall& call);
Section run(KernelState& k, TaskId id, const ExitCall& call);
Section run(KernelState& k, TaskId id, const ExitGroupCall& call);
Section run(KernelState& k, TaskId id, const KillCall& call);
Section run(KernelState& k, TaskId id, const TgkillCall& call);
Section run(KernelState& k, TaskId id, const RtSigactionCall& call);
Section run(KernelState& k, TaskId id, const RtSigprocmaskCall& call);
Section run(KernelState& k, TaskId id, const SetrlimitCall& call);
Section run(KernelState& k, TaskId id, const SpliceCall& call);
Section run(KernelState& k, TaskId id, const TeeCall& call);
Section run(KernelState& k, TaskId id, const SendfileCall& call);
Section run(KernelState& k, TaskId id, const VmspliceCall& call);
Section run(KernelState& k, TaskId id, const StoreCall& call);
Section run(KernelState& k, TaskId id, const LseekCall& call);
Section run(KernelState& k, TaskId id, const FtruncateCall& call);
Section run(KernelState& k, TaskId id, const FsyncCall& call);
Section run(KernelState& k, TaskId id, const FdatasyncCall& call);
Section run(KernelState& k, TaskId id, const FallocateCall& call);
Section run(KernelState& k, TaskId id, const Fadvise64Call& call);
Section run(KernelState& k, TaskId id, const ReadaheadCall& call);
Section run(KernelState& k, TaskId id, const SyncFileRangeCall& call);
Section run(KernelState& k, TaskId id, const CopyFileRangeCall& call);
Section run(KernelState& k, TaskId id, const MmapCall& call);
Section run(KernelState& k, TaskId id, const FlockCall& call);
Section run(KernelState& k, TaskId id, const FstatCall& call);
Section run(KernelState& k, TaskId id, const StatCall& call);
Section run(KernelState& k, TaskId id, const FstatfsCall& call);
Section run(KernelState& k, TaskId id, const ReadlinkCall& call);
Section run(KernelState& k, TaskId id, const MknodCall& call);
Section run(KernelState& k, TaskId id, const MkdirCall& call);
Section run(KernelState& k, TaskId id, const RmdirCall& call);
Section run(KernelState& k, TaskId id, const MountCall& call);
Section run(KernelState& k, TaskId id, const IdMapCall& call);
Section run(KernelState& k, TaskId id, const RenameCall& call);
Section run(KernelState& k, TaskId id, const LinkCall& call);
Section run(KernelState& k, TaskId id, const ChmodCall& call);
Section run(KernelState& k, TaskId id, const FchmodCall& call);
Section run(KernelState& k, TaskId id, const ChownCall& call);
Section run(KernelState& k, TaskId id, const FchownCall& call);
Section run(KernelState& k, TaskId id, const CloseRangeCall& call);
Section run(KernelState& k, TaskId id, const SysctlCall& call);
Section run(KernelState& k, TaskId id, const UmaskCall& call);
Section run(KernelState& k, TaskId id, const SetuidCall& call);
Section run(KernelState& k, TaskId id, const SetgidCall& call);
Section run(KernelState& k, TaskId id, const SetreuidCall& call);
Section run(KernelState& k, TaskId id, const SetregidCall& call);
Section run(KernelState& k, TaskId id, const SetresuidCall& call);
Section run(KernelState& k, TaskId id, const SetresgidCall& call);
Section run(KernelState& k, TaskId id, const SetfsuidCall& call);
Section run(KernelState& k, TaskId id, const SetfsgidCall& call);
Section run(KernelState& k, TaskId id, const SetgroupsCall& call);
Section run(KernelState& k, TaskId id, const GetresuidCall& call);
Section run(KernelState& k, TaskId id, const GetresgidCall& call);
Section run(KernelState& k, TaskId id, const CapsetCall& call);
Section run(KernelState& k, TaskId id, const SocketpairCall& call);
Section run(KernelState& k, TaskId id, const SendmsgCall& call);
Section run(KernelState& k, TaskId id, const RecvmsgCall& call);
Section run(KernelState& k, TaskId id, const MqNotifyCall& call);
Section run(KernelState& k, TaskId id, const SocketCall& call);
Section run(KernelState& k, TaskId id, const RecvfromCall& call);
Section run(KernelState& k, TaskId id, const SetpriorityCall& call);
Section run(KernelState& k, TaskId id, const SchedSetschedulerCall& call);
Section run(KernelState& k, TaskId id, const UnshareCall& call);

/// Ends a sleeping call's waits and drops what it holds, before its result is given or it is
/// started again.
void end_progress(KernelState& k, TaskId id);

/// The thread ends: its descriptors go, and its process with the last one. Linux kernel/exit.c:
/// do_exit(). `answer`: what its call had come to, if it was over, when a signal killed it on the
/// way to user space: a result, or that the model has none.
void exit_task(KernelState& k, TaskId id, std::optional<Completion> answer = {});

/// A process that ends releases its files one after the other, each under locks of its own, the
/// newest first. Releases a pipe's file that nobody else has, if that is not all that is left to
/// do. Linux kernel/task_work.c: task_work_run().
bool release_newest_pipe(KernelState& k, TaskId id);

/// The call as it starts again: without the bytes that were stored to named pages before it began.
[[nodiscard]] VmspliceCall restarted(VmspliceCall call);

/// Reports the threads that an execve() has replaced, those that were in a call.
void report_replaced_threads(KernelState& k, ProcessId id);
/// The child has its own memory now, or none: the parent of a vfork() goes on.
void complete_vfork(KernelState& k, TaskId id);
/// One task less has the memory.
void put_memory(KernelState& k, MmId mm);

}  // namespace ipcsim
