// Turns calls into what an agent does: one put() for each call.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tools/host/call_builder.hpp"
#include "tools/host/call_traits.hpp"
#include "tools/host/encode_call.hpp"
#include "tools/host/kernel_structs.hpp"

namespace ipcsim::host {

class Encoder {
 public:
  Encoder(EncodeContext& context, TaskId task, std::optional<u32> child_slot)
      : context_(context),
        task_(task),
        child_slot_(child_slot),
        build_(context.shared, context.tasks.task(task).slot) {}

  /// As encode_call().
  std::expected<CallInProgress, MachineError> encode(const Call& call);

 private:
  // Reading, writing, splicing. encode_io.cpp
  /// `more`: the arguments behind the vector's length.
  template <class... More>
  void vector_call(i64 nr, Fd fd, const std::vector<UserSegment>& iov, bool filled, More... more) {
    const u64 table = build_.window().reserve(iov.size() * sizeof(KernelIovec));
    std::vector<KernelIovec> entries;
    for (const UserSegment& segment : iov) {
      entries.push_back({build_.window().place(segment, filled), segment.len});
    }
    if (!build_.window().overflowed()) {
      const auto bytes = std::as_bytes(std::span(entries));
      std::copy(bytes.begin(), bytes.end(), build_.memory(table));
    }
    build_.system_call(nr, fd.v, build_.window().agent(table), iov.size(), more...);
  }
  void put(const Pipe2Call& c);
  void put(const ReadCall& c);
  void put(const WriteCall& c);
  void put(const ReadvCall& c);
  void put(const WritevCall& c);
  void put(const Pread64Call& c);
  void put(const Pwrite64Call& c);
  void put(const PreadvCall& c);
  void put(const PwritevCall& c);
  void put(const Preadv2Call& c);
  void put(const Pwritev2Call& c);
  u64 offset(const UserPtr<i64>& pointer);
  void put(const SpliceCall& c);
  void put(const TeeCall& c);
  void put(const SendfileCall& c);
  /// Memory that stays the task's own, with the segment's bytes in it. Returns its address.
  u64 private_memory(const PageSegment& segment);
  static Payload head_of(const Payload& data, u64 bytes);
  void put(const VmspliceCall& c);
  void put(const StoreCall& c);

  // Descriptors. encode_fd.cpp
  void put(const CloseCall& c);
  void put(const DupCall& c);
  void put(const Dup2Call& c);
  void put(const Dup3Call& c);
  [[nodiscard]] KernelOwnerEx host_owner(const OwnerEx& owner) const;
  void put(const FcntlCall& c);
  void put(const IoctlCall& c);
  void put(const CloseRangeCall& c);

  // Waiting for events. encode_events.cpp
  void put(const PollCall& c);
  /// A timeout for the host: the trace's time until the task's deadline, with slack.
  u64 relative(const UserPtr<Timespec>& pointer);
  u64 signal_mask(const SigmaskPtr& pointer);
  void put(const PpollCall& c);
  /// The three sets of select(), one behind the other, and their addresses.
  std::array<u64, 3> fd_sets(i32 nfds, const std::array<const FdSetPtr*, 3>& sets);
  void put(const SelectCall& c);
  void put(const Pselect6Call& c);
  void put(const EpollCreate1Call& c);
  void put(const EpollCtlCall& c);
  u64 epoll_events(OutPtr pointer, i32 maxevents);
  void epoll_wait(i64 nr, Fd epfd, u64 events, i32 maxevents, i32 timeout_ms, u64 mask);
  void put(const EpollWaitCall& c);
  void put(const EpollPwaitCall& c);
  void put(const EpollPwait2Call& c);
  void put(const PauseCall& /*call*/);
  void put(const RtSigsuspendCall& c);

  // Names and attributes of files. encode_file.cpp
  u64 path(const std::string& name);
  void put(const OpenCall& c);
  void put(const MkfifoCall& c);
  void put(const UnlinkCall& c);
  /// A file of /proc/sys/fs/mqueue: that of the task's IPC namespace, which must be the run's own.
  void open_limit(const OpenCall& c);
  void put(const LseekCall& c);
  void put(const FtruncateCall& c);
  void put(const FsyncCall& c);
  void put(const FdatasyncCall& c);
  void put(const FallocateCall& c);
  void put(const Fadvise64Call& c);
  void put(const ReadaheadCall& c);
  void put(const SyncFileRangeCall& c);
  void put(const CopyFileRangeCall& c);
  void put(const MmapCall& c);
  void put(const FlockCall& c);
  void put(const FstatCall& c);
  void put(const StatCall& c);
  void put(const FstatfsCall& c);
  void put(const ReadlinkCall& c);
  void put(const MknodCall& c);
  void put(const MkdirCall& c);
  void put(const RmdirCall& c);
  void put(const MountCall& c);
  void put(const RenameCall& c);
  void put(const LinkCall& c);
  void put(const ChmodCall& c);
  void put(const FchmodCall& c);
  void put(const ChownCall& c);
  void put(const FchownCall& c);
  void put(const SysctlCall& c);
  /// The devices are those of the machine.
  void refuse_devices(const std::string& name);

  // Message queues. encode_mqueue.cpp
  u64 queue_name(const UserPtr<std::string>& name);
  u64 attributes(const UserPtr<MqAttr>& pointer, MqEntry entry);
  u64 deadline(const UserPtr<Timespec>& pointer, MqEntry entry);
  /// Makes ready for the call's entry. False: refused.
  template <class C>
  bool enter(const C& call);
  /// The system call, by its number for 64-bit or 32-bit programs.
  template <class... Args>
  void mq_call(MqEntry entry, i64 nr, i64 ia32_nr, Args... args);
  /// What the C library makes of its function: a system call, or an answer of its own.
  template <class C>
  void put_libc(const C& call);
  void put(const MqOpenCall& c);
  void put(const MqUnlinkCall& c);
  void put(const MqTimedsendCall& c);
  void put(const MqTimedreceiveCall& c);
  void put(const MqGetsetattrCall& c);
  u64 sigevent(const UserPtr<SigEvent>& pointer, MqEntry entry);
  void put(const MqNotifyCall& c);

  // Tasks, signals, ids, limits. encode_process.cpp
  /// Not where priorities are how this machine orders its tasks.
  bool may_set_priority();
  u64 task_number(TaskId who);
  void put(const SetpriorityCall& c);
  void put(const SchedSetschedulerCall& c);
  void put(const UnshareCall& c);
  void clone_call(u64 flags);
  void put(const ForkCall& /*call*/);
  void put(const VforkCall& /*call*/);
  void put(const CloneCall& c);
  void put(const ExecveCall& /*call*/);
  void put(const ExitCall& c);
  void put(const ExitGroupCall& c);
  void put(const KillCall& c);
  void put(const TgkillCall& c);
  void put(const RtSigactionCall& c);
  void put(const RtSigprocmaskCall& c);
  void put(const SetrlimitCall& c);
  void put(const UmaskCall& c);
  void put(const SetuidCall& c);
  void put(const SetgidCall& c);
  void put(const SetreuidCall& c);
  void put(const SetregidCall& c);
  void put(const SetresuidCall& c);
  void put(const SetresgidCall& c);
  void put(const SetfsuidCall& c);
  void put(const SetfsgidCall& c);
  void put(const SetgroupsCall& c);
  void three_ids(i64 nr);
  void put(const GetresuidCall& /*call*/);
  void put(const GetresgidCall& /*call*/);
  void put(const CapsetCall& c);
  /// The host's id of a user or group; -1 stays.
  u32 id(i64 number);
  /// The same for an id that a task is to get.
  u32 new_id(i64 number);

  // User and PID namespaces. encode_user_ns.cpp
  /// Not where tasks have ids that are not the trace's.
  void refuse_user_namespace(bool shared_memory);
  /// Nor where the run has no PID namespace of its own, or too deep inside.
  void refuse_pid_namespace(u64 flags);
  /// The PID namespace of the caller, whose numbers the call takes.
  [[nodiscard]] u32 pid_space() const { return context_.tasks.slot(task_).pid_space; }
  void put(const IdMapCall& c);

  // Sockets. encode_socket.cpp
  void put(const SocketCall& c);
  void put(const RecvfromCall& c);
  void put(const SocketpairCall& c);
  /// The structure of sendmsg() and recvmsg() around a buffer and a piece of memory.
  u64 message(const UserSegment& buf, bool filled, u64 control, u64 control_len);
  void put(const SendmsgCall& c);
  void put(const RecvmsgCall& c);

  EncodeContext& context_;
  TaskId task_;
  std::optional<u32> child_slot_;
  CallBuilder build_;
};

}  // namespace ipcsim::host
