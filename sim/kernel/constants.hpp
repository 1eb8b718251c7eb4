// The kernel's constants, under names that are not host macros, with the kernel's names as text.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/base/types.hpp"

namespace ipcsim {

/// A name and the number it stands for.
struct NamedNumber {
  std::string_view name;
  u64 number;
};

/// Flag words of different calls never mix. Values are those of x86-64.
using OpenFlags = Strong<struct OpenFlagsTag, u32>;      ///< O_*
using RwFlags = Strong<struct RwFlagsTag, u32>;          ///< RWF_*
using FdFlags = Strong<struct FdFlagsTag, u32>;          ///< FD_CLOEXEC
using PollEvents = Strong<struct PollEventsTag, u32>;    ///< POLL*
using EpollEvents = Strong<struct EpollEventsTag, u32>;  ///< EPOLL*
/// epoll_ctl()'s operation.
using EpollCtlOp = Strong<struct EpollCtlOpTag, u32>;
using CloneFlags = Strong<struct CloneFlagsTag, u64>;    ///< CLONE_*
using SaFlags = Strong<struct SaFlagsTag, u32>;          ///< SA_*
using SpliceFlags = Strong<struct SpliceFlagsTag, u32>;  ///< SPLICE_F_*
using SocketType = Strong<struct SocketTypeTag, u32>;    ///< SOCK_*: a kind, and flags
using MsgFlags = Strong<struct MsgFlagsTag, u32>;        ///< MSG_*
/// A signal's number. 0 is no signal (kill() with it only tests).
using Signal = Strong<struct SignalTag, u32>;
/// fcntl()'s command.
using FcntlCmd = Strong<struct FcntlCmdTag, u32>;
/// ioctl()'s request.
using IoctlRequest = Strong<struct IoctlRequestTag, u32>;
/// A limit of setrlimit().
using Resource = Strong<struct ResourceTag, u32>;
/// How a sigevent wants to be told (SIGEV_*).
using SigevNotify = Strong<struct SigevNotifyTag, u32>;
/// Whose priority setpriority() sets, PRIO_*.
using PriorityWhich = Strong<struct PriorityWhichTag, u32>;
/// A scheduling policy, SCHED_*.
using SchedPolicy = Strong<struct SchedPolicyTag, u32>;
/// A socket's address family, AF_*.
using SocketFamily = Strong<struct SocketFamilyTag, u32>;

inline constexpr u32 kORdonly = 0;
inline constexpr u32 kOWronly = 01;
inline constexpr u32 kORdwr = 02;
inline constexpr u32 kOAccmode = 03;
inline constexpr u32 kOCreat = 0100;
inline constexpr u32 kOExcl = 0200;
inline constexpr u32 kONoctty = 0400;
inline constexpr u32 kOTrunc = 01000;
inline constexpr u32 kOAppend = 02000;
inline constexpr u32 kONonblock = 04000;
inline constexpr u32 kODsync = 010000;
inline constexpr u32 kOAsync = 020000;
inline constexpr u32 kODirect = 040000;
inline constexpr u32 kOLargefile = 0100000;
inline constexpr u32 kODirectory = 0200000;
inline constexpr u32 kONofollow = 0400000;
inline constexpr u32 kONoatime = 01000000;
inline constexpr u32 kOCloexec = 02000000;
inline constexpr u32 kOPath = 010000000;
/// O_NOTIFICATION_PIPE of pipe2() is the bit of O_EXCL.
inline constexpr u32 kONotificationPipe = kOExcl;

inline constexpr u32 kFdCloexec = 1;

inline constexpr u32 kFDupfd = 0;
inline constexpr u32 kFGetfd = 1;
inline constexpr u32 kFSetfd = 2;
inline constexpr u32 kFGetfl = 3;
inline constexpr u32 kFSetfl = 4;
inline constexpr u32 kFSetown = 8;
inline constexpr u32 kFGetown = 9;
inline constexpr u32 kFSetsig = 10;
inline constexpr u32 kFGetsig = 11;
inline constexpr u32 kFSetownEx = 15;
inline constexpr u32 kFGetownEx = 16;
inline constexpr u32 kFGetlease = 1025;
inline constexpr u32 kFNotify = 1026;
inline constexpr u32 kFDupfdQuery = 1027;
inline constexpr u32 kFCreatedQuery = 1028;
inline constexpr u32 kFDupfdCloexec = 1030;
inline constexpr u32 kFSetpipeSz = 1031;
inline constexpr u32 kFGetpipeSz = 1032;
inline constexpr u32 kFAddSeals = 1033;
inline constexpr u32 kFGetSeals = 1034;
/// No command is known from here on.
inline constexpr u32 kMostFcntlCmd = 1100;
inline constexpr i64 kFUnlck = 2;

inline constexpr u32 kFionread = 0x541b;
inline constexpr u32 kFionbio = 0x5421;
inline constexpr u32 kFioasync = 0x5452;
inline constexpr u32 kFioclex = 0x5451;
inline constexpr u32 kFionclex = 0x5450;
inline constexpr u32 kFigetbsz = 2;
inline constexpr u32 kFioqsize = 0x5460;

inline constexpr u64 kCloneVm = 0x00000100;
inline constexpr u64 kCloneFs = 0x00000200;
inline constexpr u64 kCloneFiles = 0x00000400;
inline constexpr u64 kCloneSighand = 0x00000800;
inline constexpr u64 kCloneVfork = 0x00004000;
inline constexpr u64 kCloneThread = 0x00010000;
inline constexpr u64 kCloneSysvsem = 0x00040000;
inline constexpr u64 kCloneNewipc = 0x08000000;
inline constexpr u64 kCloneNewuser = 0x10000000;
inline constexpr u64 kCloneNewpid = 0x20000000;

inline constexpr u32 kRwfHipri = 0x001;
inline constexpr u32 kRwfDsync = 0x002;
inline constexpr u32 kRwfSync = 0x004;
inline constexpr u32 kRwfNowait = 0x008;
inline constexpr u32 kRwfAppend = 0x010;
inline constexpr u32 kRwfNoappend = 0x020;
inline constexpr u32 kRwfAtomic = 0x040;
inline constexpr u32 kRwfDontcache = 0x080;
inline constexpr u32 kRwfNosignal = 0x100;

inline constexpr u32 kEpollExclusive = 1U << 28U;
inline constexpr u32 kEpollWakeup = 1U << 29U;
inline constexpr u32 kEpollOneshot = 1U << 30U;
inline constexpr u32 kEpollEt = 1U << 31U;
/// What is no event; alone it makes an item that tells nothing.
inline constexpr u32 kEpollPrivateBits = kEpollExclusive | kEpollWakeup | kEpollOneshot | kEpollEt;
inline constexpr u32 kEpollCtlAdd = 1;
inline constexpr u32 kEpollCtlDel = 2;
inline constexpr u32 kEpollCtlMod = 3;

inline constexpr u32 kSaRestart = 0x10000000;
inline constexpr u32 kSaNodefer = 0x40000000;
inline constexpr u32 kSaResethand = 0x80000000;

inline constexpr u32 kSpliceMove = 1;
inline constexpr u32 kSpliceNonblock = 2;
inline constexpr u32 kSpliceMore = 4;
inline constexpr u32 kSpliceGift = 8;

inline constexpr Signal kSigkill{9};
inline constexpr Signal kSigusr1{10};
inline constexpr Signal kSigpipe{13};
inline constexpr Signal kSigalrm{14};
inline constexpr Signal kSigchld{17};
inline constexpr Signal kSigcont{18};
inline constexpr Signal kSigstop{19};
inline constexpr Signal kSigtstp{20};
inline constexpr Signal kSigttin{21};
inline constexpr Signal kSigttou{22};
inline constexpr Signal kSigurg{23};
inline constexpr Signal kSigwinch{28};
inline constexpr Signal kSigio{29};
inline constexpr u32 kMostSignal = 64;

inline constexpr u32 kSigevSignal = 0;
inline constexpr u32 kSigevNone = 1;
inline constexpr u32 kSigevThread = 2;
inline constexpr u32 kSigevThreadId = 4;

/// Bytes of a cookie of SIGEV_THREAD (NOTIFY_COOKIE_LEN); the last says what happened.
inline constexpr u64 kNotifyCookieLen = 32;

inline constexpr u32 kPrioProcess = 0;
inline constexpr u32 kSchedOther = 0;
inline constexpr u32 kSchedFifo = 1;
inline constexpr u32 kSchedRr = 2;
inline constexpr u32 kSchedBatch = 3;

inline constexpr u32 kAfUnix = 1;
inline constexpr u32 kAfNetlink = 16;
inline constexpr u32 kSockStream = 1;
inline constexpr u32 kSockDgram = 2;
inline constexpr u32 kSockRaw = 3;
inline constexpr u32 kSockSeqpacket = 5;
/// SOCK_NONBLOCK and SOCK_CLOEXEC are the bits of O_NONBLOCK and O_CLOEXEC.
inline constexpr u32 kSockTypeMask = 0xf;

inline constexpr u32 kMsgOob = 0x1;
inline constexpr u32 kMsgPeek = 0x2;
inline constexpr u32 kMsgTrunc = 0x20;
inline constexpr u32 kMsgDontwait = 0x40;
inline constexpr u32 kMsgWaitall = 0x100;
inline constexpr u32 kMsgNosignal = 0x4000;
inline constexpr u32 kMsgCmsgCloexec = 0x40000000;

inline constexpr u32 kRlimitNofile = 7;
inline constexpr u32 kRlimitMsgqueue = 12;

/// Bits with their names, the single bits first (a flag word is printed as names, then a number for
/// what is left). O_RDONLY, which is no bit, is not listed.
[[nodiscard]] std::span<const NamedNumber> open_flag_names();
[[nodiscard]] std::span<const NamedNumber> rw_flag_names();
[[nodiscard]] std::span<const NamedNumber> fd_flag_names();
[[nodiscard]] std::span<const NamedNumber> poll_event_names();
[[nodiscard]] std::span<const NamedNumber> epoll_event_names();
[[nodiscard]] std::span<const NamedNumber> clone_flag_names();
[[nodiscard]] std::span<const NamedNumber> sa_flag_names();
[[nodiscard]] std::span<const NamedNumber> splice_flag_names();
[[nodiscard]] std::span<const NamedNumber> socket_type_names();
[[nodiscard]] std::span<const NamedNumber> msg_flag_names();
/// Names of numbers that exclude each other.
[[nodiscard]] std::span<const NamedNumber> signal_names();
[[nodiscard]] std::span<const NamedNumber> fcntl_names();
[[nodiscard]] std::span<const NamedNumber> ioctl_names();
[[nodiscard]] std::span<const NamedNumber> epoll_ctl_names();
[[nodiscard]] std::span<const NamedNumber> rlimit_names();
[[nodiscard]] std::span<const NamedNumber> sigev_names();
[[nodiscard]] std::span<const NamedNumber> socket_family_names();
[[nodiscard]] std::span<const NamedNumber> priority_which_names();
[[nodiscard]] std::span<const NamedNumber> sched_policy_names();

/// The name of `number` in `names`, or nothing.
[[nodiscard]] std::optional<std::string_view> name_of(std::span<const NamedNumber> names,
                                                      u64 number);
/// The number called `name`, or nothing.
[[nodiscard]] std::optional<u64> number_of(std::span<const NamedNumber> names,
                                           std::string_view name);
/// "SIGUSR1", or "SIGRT_n" style numbers as "34".
[[nodiscard]] std::string signal_name(Signal signal);
/// "O_RDWR|O_NONBLOCK"; `none` when no bit is set.
[[nodiscard]] std::string flags_text(std::span<const NamedNumber> names, u64 bits,
                                     std::string_view none);

}  // namespace ipcsim
