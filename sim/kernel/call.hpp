// The system calls under study, as values: what a trace says, a machine runs, and an importer
// makes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "model/base/one_of.hpp"
#include "model/base/payload.hpp"
#include "model/base/result.hpp"
#include "sim/kernel/call_creds.hpp"
#include "sim/kernel/call_events.hpp"
#include "sim/kernel/call_files.hpp"
#include "sim/kernel/call_mqueue.hpp"
#include "sim/kernel/call_notify.hpp"
#include "sim/kernel/call_sched.hpp"
#include "sim/kernel/call_splice.hpp"
#include "sim/kernel/call_tasks.hpp"
#include "sim/kernel/call_vfs.hpp"

namespace ipcsim {

/// The calls under study.
struct CallTypes
    : TypeList<Pipe2Call, ReadCall, WriteCall, ReadvCall, WritevCall, Pread64Call, Pwrite64Call,
               PreadvCall, PwritevCall, Preadv2Call, Pwritev2Call, CloseCall, DupCall, Dup2Call,
               Dup3Call, FcntlCall, IoctlCall, PollCall, OpenCall, MkfifoCall, UnlinkCall,
               MqOpenCall, MqUnlinkCall, MqTimedsendCall, MqTimedreceiveCall, MqGetsetattrCall,
               ForkCall, VforkCall, CloneCall, ExecveCall, ExitCall, ExitGroupCall, KillCall,
               TgkillCall, RtSigactionCall, RtSigprocmaskCall, SetrlimitCall, SpliceCall, TeeCall,
               SendfileCall, VmspliceCall, StoreCall, LseekCall, FtruncateCall, FsyncCall,
               FdatasyncCall, FallocateCall, Fadvise64Call, ReadaheadCall, SyncFileRangeCall,
               CopyFileRangeCall, MmapCall, FlockCall, FstatCall, StatCall, FstatfsCall,
               ReadlinkCall, MknodCall, MkdirCall, RmdirCall, RenameCall, LinkCall, ChmodCall,
               FchmodCall, ChownCall, FchownCall, CloseRangeCall, SysctlCall, UmaskCall, SetuidCall,
               SetgidCall, SetreuidCall, SetregidCall, SetresuidCall, SetresgidCall, SetfsuidCall,
               SetfsgidCall, SetgroupsCall, GetresuidCall, GetresgidCall, CapsetCall,
               SocketpairCall, SendmsgCall, RecvmsgCall, PpollCall, SelectCall, Pselect6Call,
               EpollCreate1Call, EpollCtlCall, EpollWaitCall, EpollPwaitCall, EpollPwait2Call,
               PauseCall, RtSigsuspendCall, MqNotifyCall, SocketCall, RecvfromCall, SetpriorityCall,
               SchedSetschedulerCall, UnshareCall, MountCall, IdMapCall> {};

/// Any call under study.
using Call = OneOf<CallTypes>;

/// The calls' names, by index.
inline constexpr auto kCallNames =
    CallTypes::each([]<class C>(std::type_identity<C> /*type*/) { return C::kName; });

/// "mq_timedsend"
[[nodiscard]] inline std::string_view call_name(const Call& call) {
  return kCallNames[call.index()];
}
/// The task that a fork(), vfork() or clone() makes when it succeeds.
[[nodiscard]] std::optional<TaskId> child_of(const Call& call);

// What a call hands out besides its return value. The JSON key is the parameter's name.

/// pipe2(): `pipefd`.
struct PipeFds {
  Fd read;
  Fd write;
  bool operator==(const PipeFds&) const = default;
};
/// read(), readv() and their kin, recvfrom(), vmsplice() from a pipe: `buf`, the bytes of all
/// buffers in order.
struct ReadBytes {
  Payload buf;
  bool operator==(const ReadBytes&) const = default;
};
/// mq_timedreceive(): `msg_ptr`, `msg_prio` (absent when the pointer was NULL).
struct ReceivedMessage {
  Payload msg;
  std::optional<u32> msg_prio;
  bool operator==(const ReceivedMessage&) const = default;
};
/// ioctl(FIONREAD): `arg`.
struct IntOut {
  i32 value = 0;
  bool operator==(const IntOut&) const = default;
};
/// poll(): `revents`, one a descriptor.
struct Revents {
  std::vector<PollEvents> revents;
  bool operator==(const Revents&) const = default;
};
/// splice(), sendfile(): where the pointers that were given say to go on.
struct Offsets {
  std::optional<i64> off_in = std::nullopt;
  std::optional<i64> off_out = std::nullopt;
  std::optional<i64> offset = std::nullopt;
  [[nodiscard]] bool any() const { return off_in || off_out || offset; }
  bool operator==(const Offsets&) const = default;
};
/// fstat(), stat(): what of `struct stat` does not depend on the machine. `ino` numbers files in
/// the order in which they were told; `changed` says which times differ from what was told last.
struct StatOut {
  u32 ino = 0;
  u32 mode = 0;
  u32 nlink = 0;
  u32 uid = 0;
  u32 gid = 0;
  u64 size = 0;
  u64 blksize = 0;
  u64 blocks = 0;
  StatTimes changed;
  bool operator==(const StatOut&) const = default;
};
/// fstatfs(): `f_type`, `f_bsize`.
struct StatfsOut {
  u64 type = 0;
  u64 bsize = 0;
  bool operator==(const StatfsOut&) const = default;
};
/// getresuid(), getresgid().
struct IdsOut {
  u32 real = 0;
  u32 effective = 0;
  u32 saved = 0;
  bool operator==(const IdsOut&) const = default;
};
/// sysctl: `value`, in force afterwards.
struct ValueOut {
  u64 value = 0;
  bool operator==(const ValueOut&) const = default;
};
/// socketpair(): `sv`.
struct SocketFds {
  Fd first;
  Fd second;
  bool operator==(const SocketFds&) const = default;
};
/// recvmsg(): `buf`, and `rights`, the descriptors that came.
struct ReceivedRights {
  Payload buf;
  std::vector<Fd> rights;
  bool operator==(const ReceivedRights&) const = default;
};
/// select(): the ready descriptors of each set that was given, ascending.
struct SelectedFds {
  std::optional<std::vector<Fd>> readfds;
  std::optional<std::vector<Fd>> writefds;
  std::optional<std::vector<Fd>> exceptfds;
  bool operator==(const SelectedFds&) const = default;
};
/// epoll_wait(): `events`, in the order of the instance's ready list.
struct EpollEventList {
  std::vector<EpollEvent> events;
  bool operator==(const EpollEventList&) const = default;
};
struct OutputTypes : TypeList<std::monostate, PipeFds, ReadBytes, ReceivedMessage, MqAttr, IntOut,
                              Revents, SelectedFds, EpollEventList, OwnerEx, StatOut, StatfsOut,
                              IdsOut, ValueOut, SocketFds, ReceivedRights, Offsets> {};
/// What a call wrote to its caller's memory, if anything.
using Output = OneOf<OutputTypes>;

/// What a call returned.
struct SysResult {
  i64 ret = 0;  ///< -1 when `error` is not kOk
  Errno error = Errno::kOk;
  Output out;

  [[nodiscard]] static SysResult success(i64 value, Output output = {}) {
    return {value, Errno::kOk, std::move(output)};
  }
  [[nodiscard]] static SysResult failure(Errno e) { return {-1, e, {}}; }
  bool operator==(const SysResult&) const = default;
};

/// How a task's call ended, in the order in which a machine saw calls end.
struct Completion {
  enum class Kind : u8 {
    kReturned,     ///< `result` says what the program saw
    kDied,         ///< the task is gone: `signal` killed it, or 0: its process ended
    kNotModelled,  ///< the machine has no answer: `reason`
  };
  TaskId task;
  Kind kind = Kind::kReturned;
  SysResult result;
  Signal signal;
  /// kDied: the call had returned `result` when the signal was taken, before the program saw it. A
  /// tracer shows such a result.
  bool returned_first = false;
  std::string reason;
  bool operator==(const Completion&) const = default;
};

/// A task asleep in a call.
struct Sleeper {
  TaskId task;
  std::string_view call;  ///< a `kName`
  bool operator==(const Sleeper&) const = default;
};

/// "read(3, 100)": the call as one line for people.
[[nodiscard]] std::string to_text(const Call& call);
/// "5", "-1 EAGAIN", "0 pipefd=[3,4]".
[[nodiscard]] std::string to_text(const SysResult& result);
[[nodiscard]] std::string to_text(const Completion& completion);

}  // namespace ipcsim
