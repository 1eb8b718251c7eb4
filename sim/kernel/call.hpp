// The system calls under study, as values: what a trace says, a machine runs, and an importer makes.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/base/payload.hpp"
#include "model/base/result.hpp"
#include "model/base/types.hpp"
#include "model/base/user_memory.hpp"
#include "sim/kernel/constants.hpp"

namespace ipcsim {

/// A pointer to something that the kernel reads: NULL, a bad address, or a value.
template <class T>
struct UserPtr {
  enum class Kind : u8 { kNull, kBad, kValue };
  Kind kind = Kind::kNull;
  T value{};

  [[nodiscard]] static UserPtr of(T v) { return {Kind::kValue, std::move(v)}; }
  [[nodiscard]] static UserPtr bad() { return {Kind::kBad, {}}; }
  [[nodiscard]] bool is_null() const { return kind == Kind::kNull; }
  [[nodiscard]] bool is_bad() const { return kind == Kind::kBad; }
  bool operator==(const UserPtr&) const = default;
};

/// A pointer to something that the kernel writes.
enum class OutPtr : u8 { kValid, kNull, kBad };

/// struct timespec. Both fields are signed, as user space has them.
struct Timespec {
  i64 tv_sec = 0;
  i64 tv_nsec = 0;
  bool operator==(const Timespec&) const = default;
};

/// struct mq_attr without the reserved words.
struct MqAttr {
  i64 mq_flags = 0;
  i64 mq_maxmsg = 0;
  i64 mq_msgsize = 0;
  i64 mq_curmsgs = 0;
  bool operator==(const MqAttr&) const = default;
};

/// struct pollfd as the kernel reads it.
struct PollFd {
  Fd fd;
  PollEvents events;
  bool operator==(const PollFd&) const = default;
};

/// What a task does with a signal.
enum class Disposition : u8 { kDefault, kIgnore, kHandler };

// One struct a call. `kName` is the call's name; each_field() visits the parameters under the names
// of the manual page, so that reading, writing and printing are written once. A visitor has
//   field(name, value)                           an ordinary parameter
//   in_buffer(pointer_name, length_name, seg)    bytes that the kernel reads
//   out_buffer(pointer_name, length_name, seg)   room that the kernel fills
//   in_iov(name, segments), out_iov(name, segments)
// A parameter with its default value may be left out of a trace.

struct Pipe2Call {
  static constexpr std::string_view kName = "pipe2";
  OpenFlags flags;
  OutPtr pipefd = OutPtr::kValid;
  static void each_field(auto& self, auto&& v) {
    v.field("pipefd", self.pipefd);
    v.field("flags", self.flags);
  }
  bool operator==(const Pipe2Call&) const = default;
};

struct ReadCall {
  static constexpr std::string_view kName = "read";
  Fd fd;
  UserSegment buf;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.out_buffer("buf", "count", self.buf);
  }
  bool operator==(const ReadCall&) const = default;
};

struct WriteCall {
  static constexpr std::string_view kName = "write";
  Fd fd;
  UserSegment buf;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.in_buffer("buf", "count", self.buf);
  }
  bool operator==(const WriteCall&) const = default;
};

struct ReadvCall {
  static constexpr std::string_view kName = "readv";
  Fd fd;
  std::vector<UserSegment> iov;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.out_iov("iov", self.iov);
  }
  bool operator==(const ReadvCall&) const = default;
};

struct WritevCall {
  static constexpr std::string_view kName = "writev";
  Fd fd;
  std::vector<UserSegment> iov;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.in_iov("iov", self.iov);
  }
  bool operator==(const WritevCall&) const = default;
};

struct CloseCall {
  static constexpr std::string_view kName = "close";
  Fd fd;
  static void each_field(auto& self, auto&& v) { v.field("fd", self.fd); }
  bool operator==(const CloseCall&) const = default;
};

struct DupCall {
  static constexpr std::string_view kName = "dup";
  Fd oldfd;
  static void each_field(auto& self, auto&& v) { v.field("oldfd", self.oldfd); }
  bool operator==(const DupCall&) const = default;
};

struct Dup2Call {
  static constexpr std::string_view kName = "dup2";
  Fd oldfd;
  Fd newfd;
  static void each_field(auto& self, auto&& v) {
    v.field("oldfd", self.oldfd);
    v.field("newfd", self.newfd);
  }
  bool operator==(const Dup2Call&) const = default;
};

struct Dup3Call {
  static constexpr std::string_view kName = "dup3";
  Fd oldfd;
  Fd newfd;
  OpenFlags flags;
  static void each_field(auto& self, auto&& v) {
    v.field("oldfd", self.oldfd);
    v.field("newfd", self.newfd);
    v.field("flags", self.flags);
  }
  bool operator==(const Dup3Call&) const = default;
};

/// `arg` is a number; for F_SETFL and F_SETFD a trace may name its bits.
struct FcntlCall {
  static constexpr std::string_view kName = "fcntl";
  Fd fd;
  FcntlCmd cmd;
  i64 arg = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.field("cmd", self.cmd);
    v.fcntl_arg("arg", self.cmd, self.arg);
  }
  bool operator==(const FcntlCall&) const = default;
};

/// FIONREAD writes an int through `arg`; FIONBIO reads `value` there.
struct IoctlCall {
  static constexpr std::string_view kName = "ioctl";
  Fd fd;
  IoctlRequest request;
  OutPtr arg = OutPtr::kValid;
  i32 value = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("fd", self.fd);
    v.field("request", self.request);
    v.field("arg", self.arg);
    v.field("value", self.value);
  }
  bool operator==(const IoctlCall&) const = default;
};

/// `timeout` in milliseconds; negative waits for ever.
struct PollCall {
  static constexpr std::string_view kName = "poll";
  std::vector<PollFd> fds;
  i32 timeout = -1;
  static void each_field(auto& self, auto&& v) {
    v.field("fds", self.fds);
    v.field("timeout", self.timeout);
  }
  bool operator==(const PollCall&) const = default;
};

/// open() of a FIFO by name (relative names and absolute ones are names in a folder of the run's
/// own), or of a pipe as /proc/self/fd/N or /dev/fd/N.
struct OpenCall {
  static constexpr std::string_view kName = "open";
  std::string pathname;
  OpenFlags flags;
  u32 mode = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("pathname", self.pathname);
    v.field("flags", self.flags);
    v.mode("mode", self.mode);
  }
  bool operator==(const OpenCall&) const = default;
};

/// mkfifo(): mknod() with S_IFIFO.
struct MkfifoCall {
  static constexpr std::string_view kName = "mkfifo";
  std::string pathname;
  u32 mode = 0600;
  static void each_field(auto& self, auto&& v) {
    v.field("pathname", self.pathname);
    v.mode("mode", self.mode);
  }
  bool operator==(const MkfifoCall&) const = default;
};

struct UnlinkCall {
  static constexpr std::string_view kName = "unlink";
  std::string pathname;
  static void each_field(auto& self, auto&& v) { v.field("pathname", self.pathname); }
  bool operator==(const UnlinkCall&) const = default;
};

/// The system call's `name`: without the leading slash that the C library strips.
struct MqOpenCall {
  static constexpr std::string_view kName = "mq_open";
  UserPtr<std::string> name;
  OpenFlags oflag;
  u32 mode = 0;
  UserPtr<MqAttr> attr;
  static void each_field(auto& self, auto&& v) {
    v.field("name", self.name);
    v.field("oflag", self.oflag);
    v.mode("mode", self.mode);
    v.field("attr", self.attr);
  }
  bool operator==(const MqOpenCall&) const = default;
};

struct MqUnlinkCall {
  static constexpr std::string_view kName = "mq_unlink";
  UserPtr<std::string> name;
  static void each_field(auto& self, auto&& v) { v.field("name", self.name); }
  bool operator==(const MqUnlinkCall&) const = default;
};

/// `abs_timeout` is a time of the trace's CLOCK_REALTIME, see the header's `realtime_ns`.
struct MqTimedsendCall {
  static constexpr std::string_view kName = "mq_timedsend";
  Fd mqdes;
  UserSegment msg;
  u32 msg_prio = 0;
  UserPtr<Timespec> abs_timeout;
  static void each_field(auto& self, auto&& v) {
    v.field("mqdes", self.mqdes);
    v.in_buffer("msg_ptr", "msg_len", self.msg);
    v.field("msg_prio", self.msg_prio);
    v.field("abs_timeout", self.abs_timeout);
  }
  bool operator==(const MqTimedsendCall&) const = default;
};

struct MqTimedreceiveCall {
  static constexpr std::string_view kName = "mq_timedreceive";
  Fd mqdes;
  UserSegment msg;
  OutPtr msg_prio = OutPtr::kValid;
  UserPtr<Timespec> abs_timeout;
  static void each_field(auto& self, auto&& v) {
    v.field("mqdes", self.mqdes);
    v.out_buffer("msg_ptr", "msg_len", self.msg);
    v.field("msg_prio", self.msg_prio);
    v.field("abs_timeout", self.abs_timeout);
  }
  bool operator==(const MqTimedreceiveCall&) const = default;
};

struct MqGetsetattrCall {
  static constexpr std::string_view kName = "mq_getsetattr";
  Fd mqdes;
  UserPtr<MqAttr> newattr;
  OutPtr oldattr = OutPtr::kValid;
  static void each_field(auto& self, auto&& v) {
    v.field("mqdes", self.mqdes);
    v.field("newattr", self.newattr);
    v.field("oldattr", self.oldattr);
  }
  bool operator==(const MqGetsetattrCall&) const = default;
};

/// fork(): a process with a copy of the descriptors. `child` is the number that the trace gives it.
struct ForkCall {
  static constexpr std::string_view kName = "fork";
  TaskId child;
  static void each_field(auto& self, auto&& v) { v.field("child", self.child); }
  bool operator==(const ForkCall&) const = default;
};

/// vfork(): as fork(), and the caller sleeps until the child has called execve() or is gone.
struct VforkCall {
  static constexpr std::string_view kName = "vfork";
  TaskId child;
  static void each_field(auto& self, auto&& v) { v.field("child", self.child); }
  bool operator==(const VforkCall&) const = default;
};

/// clone() as far as it shares: CLONE_THREAD makes a thread, CLONE_FILES shares the descriptors.
struct CloneCall {
  static constexpr std::string_view kName = "clone";
  CloneFlags flags;
  TaskId child;
  static void each_field(auto& self, auto&& v) {
    v.field("flags", self.flags);
    v.field("child", self.child);
  }
  bool operator==(const CloneCall&) const = default;
};

/// A successful execve(): other threads end, close-on-exec descriptors close, handlers are reset.
struct ExecveCall {
  static constexpr std::string_view kName = "execve";
  std::string pathname;
  static void each_field(auto& self, auto&& v) { v.field("pathname", self.pathname); }
  bool operator==(const ExecveCall&) const = default;
};

/// _exit() of one thread.
struct ExitCall {
  static constexpr std::string_view kName = "exit";
  i32 status = 0;
  static void each_field(auto& self, auto&& v) { v.field("status", self.status); }
  bool operator==(const ExitCall&) const = default;
};

struct ExitGroupCall {
  static constexpr std::string_view kName = "exit_group";
  i32 status = 0;
  static void each_field(auto& self, auto&& v) { v.field("status", self.status); }
  bool operator==(const ExitGroupCall&) const = default;
};

/// `pid` is the number of the task that leads the process.
struct KillCall {
  static constexpr std::string_view kName = "kill";
  TaskId pid;
  Signal sig;
  static void each_field(auto& self, auto&& v) {
    v.field("pid", self.pid);
    v.field("sig", self.sig);
  }
  bool operator==(const KillCall&) const = default;
};

struct TgkillCall {
  static constexpr std::string_view kName = "tgkill";
  TaskId tgid;
  TaskId tid;
  Signal sig;
  static void each_field(auto& self, auto&& v) {
    v.field("tgid", self.tgid);
    v.field("tid", self.tid);
    v.field("sig", self.sig);
  }
  bool operator==(const TgkillCall&) const = default;
};

struct RtSigactionCall {
  static constexpr std::string_view kName = "rt_sigaction";
  Signal signum;
  Disposition handler = Disposition::kDefault;
  SaFlags sa_flags;
  static void each_field(auto& self, auto&& v) {
    v.field("signum", self.signum);
    v.field("handler", self.handler);
    v.field("sa_flags", self.sa_flags);
  }
  bool operator==(const RtSigactionCall&) const = default;
};

/// How rt_sigprocmask() changes the mask.
enum class MaskHow : u8 { kBlock, kUnblock, kSetmask };

struct RtSigprocmaskCall {
  static constexpr std::string_view kName = "rt_sigprocmask";
  MaskHow how = MaskHow::kSetmask;
  std::vector<Signal> set;
  static void each_field(auto& self, auto&& v) {
    v.field("how", self.how);
    v.field("set", self.set);
  }
  bool operator==(const RtSigprocmaskCall&) const = default;
};

/// setrlimit() of the soft limit.
struct SetrlimitCall {
  static constexpr std::string_view kName = "setrlimit";
  Resource resource;
  u64 rlim_cur = 0;
  static void each_field(auto& self, auto&& v) {
    v.field("resource", self.resource);
    v.field("rlim_cur", self.rlim_cur);
  }
  bool operator==(const SetrlimitCall&) const = default;
};

/// Any call under study.
using Call = std::variant<Pipe2Call, ReadCall, WriteCall, ReadvCall, WritevCall, CloseCall, DupCall,
                          Dup2Call, Dup3Call, FcntlCall, IoctlCall, PollCall, OpenCall, MkfifoCall,
                          UnlinkCall, MqOpenCall, MqUnlinkCall, MqTimedsendCall, MqTimedreceiveCall,
                          MqGetsetattrCall, ForkCall, VforkCall, CloneCall, ExecveCall, ExitCall,
                          ExitGroupCall, KillCall, TgkillCall, RtSigactionCall, RtSigprocmaskCall,
                          SetrlimitCall>;

/// "mq_timedsend"
[[nodiscard]] inline std::string_view call_name(const Call& call) {
  return std::visit([](const auto& c) { return c.kName; }, call);
}

// What a call hands out besides its return value. The JSON key is the parameter's name.

/// pipe2(): `pipefd`.
struct PipeFds {
  Fd read;
  Fd write;
  bool operator==(const PipeFds&) const = default;
};
/// read(), readv(): `buf`, the bytes of all buffers in order.
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
using Output = std::variant<std::monostate, PipeFds, ReadBytes, ReceivedMessage, MqAttr, IntOut, Revents>;

/// What a call returned.
struct SysResult {
  i64 ret = 0;               ///< -1 when `error` is not kOk
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
