#include "sim/kernel/constants.hpp"

#include <array>

#include <fmt/format.h>
#include <range/v3/algorithm/find.hpp>

namespace ipcsim {
namespace {

constexpr std::array kOpenFlags = std::to_array<NamedNumber>({
    {"O_WRONLY", kOWronly},
    {"O_RDWR", kORdwr},
    {"O_CREAT", kOCreat},
    {"O_EXCL", kOExcl},
    {"O_NOCTTY", kONoctty},
    {"O_TRUNC", kOTrunc},
    {"O_APPEND", kOAppend},
    {"O_NONBLOCK", kONonblock},
    {"O_DSYNC", kODsync},
    {"O_ASYNC", kOAsync},
    {"O_DIRECT", kODirect},
    {"O_LARGEFILE", kOLargefile},
    {"O_DIRECTORY", kODirectory},
    {"O_NOFOLLOW", kONofollow},
    {"O_NOATIME", kONoatime},
    {"O_CLOEXEC", kOCloexec},
    {"O_PATH", kOPath},
});

constexpr std::array kRwFlags = std::to_array<NamedNumber>({
    {"RWF_HIPRI", kRwfHipri},
    {"RWF_DSYNC", kRwfDsync},
    {"RWF_SYNC", kRwfSync},
    {"RWF_NOWAIT", kRwfNowait},
    {"RWF_APPEND", kRwfAppend},
    {"RWF_NOAPPEND", kRwfNoappend},
    {"RWF_ATOMIC", kRwfAtomic},
    {"RWF_DONTCACHE", kRwfDontcache},
    {"RWF_NOSIGNAL", kRwfNosignal},
});

constexpr std::array kFdFlags = std::to_array<NamedNumber>({{"FD_CLOEXEC", kFdCloexec}});

constexpr std::array kPollEvents = std::to_array<NamedNumber>({
    {"POLLIN", 0x001},
    {"POLLPRI", 0x002},
    {"POLLOUT", 0x004},
    {"POLLERR", 0x008},
    {"POLLHUP", 0x010},
    {"POLLNVAL", 0x020},
    {"POLLRDNORM", 0x040},
    {"POLLRDBAND", 0x080},
    {"POLLWRNORM", 0x100},
    {"POLLWRBAND", 0x200},
    {"POLLMSG", 0x400},
    {"POLLRDHUP", 0x2000},
});

constexpr std::array kEpollEvents = std::to_array<NamedNumber>({
    {"EPOLLIN", 0x001},
    {"EPOLLPRI", 0x002},
    {"EPOLLOUT", 0x004},
    {"EPOLLERR", 0x008},
    {"EPOLLHUP", 0x010},
    {"EPOLLNVAL", 0x020},
    {"EPOLLRDNORM", 0x040},
    {"EPOLLRDBAND", 0x080},
    {"EPOLLWRNORM", 0x100},
    {"EPOLLWRBAND", 0x200},
    {"EPOLLMSG", 0x400},
    {"EPOLLRDHUP", 0x2000},
    {"EPOLLEXCLUSIVE", kEpollExclusive},
    {"EPOLLWAKEUP", kEpollWakeup},
    {"EPOLLONESHOT", kEpollOneshot},
    {"EPOLLET", kEpollEt},
});

constexpr std::array kEpollCtls = std::to_array<NamedNumber>({
    {"EPOLL_CTL_ADD", kEpollCtlAdd},
    {"EPOLL_CTL_DEL", kEpollCtlDel},
    {"EPOLL_CTL_MOD", kEpollCtlMod},
});

constexpr std::array kCloneFlags = std::to_array<NamedNumber>({
    {"CLONE_VM", kCloneVm},
    {"CLONE_FS", kCloneFs},
    {"CLONE_FILES", kCloneFiles},
    {"CLONE_SIGHAND", kCloneSighand},
    {"CLONE_VFORK", kCloneVfork},
    {"CLONE_THREAD", kCloneThread},
    {"CLONE_SYSVSEM", kCloneSysvsem},
    {"CLONE_NEWIPC", kCloneNewipc},
    {"CLONE_NEWUSER", kCloneNewuser},
    {"CLONE_NEWPID", kCloneNewpid},
});

constexpr std::array kSaFlags = std::to_array<NamedNumber>({
    {"SA_NOCLDSTOP", 1},
    {"SA_NOCLDWAIT", 2},
    {"SA_SIGINFO", 4},
    {"SA_RESTORER", 0x04000000},
    {"SA_ONSTACK", 0x08000000},
    {"SA_RESTART", kSaRestart},
    {"SA_NODEFER", kSaNodefer},
    {"SA_RESETHAND", kSaResethand},
});

constexpr std::array kSpliceFlags = std::to_array<NamedNumber>({
    {"SPLICE_F_MOVE", kSpliceMove},
    {"SPLICE_F_NONBLOCK", kSpliceNonblock},
    {"SPLICE_F_MORE", kSpliceMore},
    {"SPLICE_F_GIFT", kSpliceGift},
});

constexpr std::array kSignals = std::to_array<NamedNumber>({
    {"SIGHUP", 1},     {"SIGINT", 2},   {"SIGQUIT", 3},   {"SIGILL", 4},   {"SIGTRAP", 5},
    {"SIGABRT", 6},    {"SIGBUS", 7},   {"SIGFPE", 8},    {"SIGKILL", 9},  {"SIGUSR1", 10},
    {"SIGSEGV", 11},   {"SIGUSR2", 12}, {"SIGPIPE", 13},  {"SIGALRM", 14}, {"SIGTERM", 15},
    {"SIGSTKFLT", 16}, {"SIGCHLD", 17}, {"SIGCONT", 18},  {"SIGSTOP", 19}, {"SIGTSTP", 20},
    {"SIGTTIN", 21},   {"SIGTTOU", 22}, {"SIGURG", 23},   {"SIGXCPU", 24}, {"SIGXFSZ", 25},
    {"SIGVTALRM", 26}, {"SIGPROF", 27}, {"SIGWINCH", 28}, {"SIGIO", 29},   {"SIGPWR", 30},
    {"SIGSYS", 31},
});

constexpr std::array kFcntlCmds = std::to_array<NamedNumber>({
    {"F_DUPFD", kFDupfd},
    {"F_GETFD", kFGetfd},
    {"F_SETFD", kFSetfd},
    {"F_GETFL", kFGetfl},
    {"F_SETFL", kFSetfl},
    {"F_SETOWN", kFSetown},
    {"F_GETOWN", kFGetown},
    {"F_SETSIG", kFSetsig},
    {"F_GETSIG", kFGetsig},
    {"F_SETOWN_EX", kFSetownEx},
    {"F_GETOWN_EX", kFGetownEx},
    {"F_GETLEASE", kFGetlease},
    {"F_NOTIFY", kFNotify},
    {"F_DUPFD_QUERY", kFDupfdQuery},
    {"F_CREATED_QUERY", kFCreatedQuery},
    {"F_DUPFD_CLOEXEC", kFDupfdCloexec},
    {"F_SETPIPE_SZ", kFSetpipeSz},
    {"F_GETPIPE_SZ", kFGetpipeSz},
    {"F_ADD_SEALS", kFAddSeals},
    {"F_GET_SEALS", kFGetSeals},
});

constexpr std::array kIoctlRequests = std::to_array<NamedNumber>({
    {"FIONREAD", kFionread},
    {"FIONBIO", kFionbio},
    {"FIOASYNC", kFioasync},
    {"FIOCLEX", kFioclex},
    {"FIONCLEX", kFionclex},
    {"FIGETBSZ", kFigetbsz},
    {"FIOQSIZE", kFioqsize},
});

constexpr std::array kResources = std::to_array<NamedNumber>({
    {"RLIMIT_NOFILE", kRlimitNofile},
    {"RLIMIT_MSGQUEUE", kRlimitMsgqueue},
});

// The two bits of SOCK_RAW are those of SOCK_STREAM and SOCK_DGRAM: the greater comes first.
constexpr std::array kSocketTypes = std::to_array<NamedNumber>({
    {"SOCK_SEQPACKET", kSockSeqpacket},
    {"SOCK_RAW", kSockRaw},
    {"SOCK_DGRAM", kSockDgram},
    {"SOCK_STREAM", kSockStream},
    {"SOCK_NONBLOCK", kONonblock},
    {"SOCK_CLOEXEC", kOCloexec},
});

constexpr std::array kMsgFlagNames = std::to_array<NamedNumber>({
    {"MSG_OOB", kMsgOob},
    {"MSG_PEEK", kMsgPeek},
    {"MSG_TRUNC", kMsgTrunc},
    {"MSG_DONTWAIT", kMsgDontwait},
    {"MSG_WAITALL", kMsgWaitall},
    {"MSG_NOSIGNAL", kMsgNosignal},
    {"MSG_CMSG_CLOEXEC", kMsgCmsgCloexec},
});

constexpr std::array kSigevs = std::to_array<NamedNumber>({
    {"SIGEV_SIGNAL", kSigevSignal},
    {"SIGEV_NONE", kSigevNone},
    {"SIGEV_THREAD", kSigevThread},
    {"SIGEV_THREAD_ID", kSigevThreadId},
});

constexpr std::array kPriorityWhich = std::to_array<NamedNumber>({
    {"PRIO_PROCESS", kPrioProcess},
    {"PRIO_PGRP", 1},
    {"PRIO_USER", 2},
});

constexpr std::array kSchedPolicies = std::to_array<NamedNumber>({
    {"SCHED_OTHER", kSchedOther},
    {"SCHED_FIFO", kSchedFifo},
    {"SCHED_RR", kSchedRr},
    {"SCHED_BATCH", kSchedBatch},
    {"SCHED_IDLE", 5},
});

constexpr std::array kSocketFamilies = std::to_array<NamedNumber>({
    {"AF_UNIX", kAfUnix},
    {"AF_NETLINK", kAfNetlink},
});

}  // namespace

std::span<const NamedNumber> open_flag_names() { return kOpenFlags; }
std::span<const NamedNumber> rw_flag_names() { return kRwFlags; }
std::span<const NamedNumber> fd_flag_names() { return kFdFlags; }
std::span<const NamedNumber> poll_event_names() { return kPollEvents; }
std::span<const NamedNumber> epoll_event_names() { return kEpollEvents; }
std::span<const NamedNumber> epoll_ctl_names() { return kEpollCtls; }
std::span<const NamedNumber> clone_flag_names() { return kCloneFlags; }
std::span<const NamedNumber> sa_flag_names() { return kSaFlags; }
std::span<const NamedNumber> splice_flag_names() { return kSpliceFlags; }
std::span<const NamedNumber> socket_type_names() { return kSocketTypes; }
std::span<const NamedNumber> msg_flag_names() { return kMsgFlagNames; }
std::span<const NamedNumber> signal_names() { return kSignals; }
std::span<const NamedNumber> fcntl_names() { return kFcntlCmds; }
std::span<const NamedNumber> ioctl_names() { return kIoctlRequests; }
std::span<const NamedNumber> rlimit_names() { return kResources; }
std::span<const NamedNumber> sigev_names() { return kSigevs; }
std::span<const NamedNumber> socket_family_names() { return kSocketFamilies; }
std::span<const NamedNumber> priority_which_names() { return kPriorityWhich; }
std::span<const NamedNumber> sched_policy_names() { return kSchedPolicies; }

std::optional<std::string_view> name_of(std::span<const NamedNumber> names, u64 number) {
  const auto row = ranges::find(names, number, &NamedNumber::number);
  return row == names.end() ? std::nullopt : std::optional{row->name};
}

std::optional<u64> number_of(std::span<const NamedNumber> names, std::string_view name) {
  const auto row = ranges::find(names, name, &NamedNumber::name);
  return row == names.end() ? std::nullopt : std::optional{row->number};
}

std::string signal_name(Signal signal) {
  const auto name = name_of(kSignals, signal.v);
  return name ? std::string(*name) : fmt::format("{}", signal.v);
}

std::string flags_text(std::span<const NamedNumber> names, u64 bits, std::string_view none) {
  std::string text;
  const auto append = [&](std::string_view part) {
    text += text.empty() ? "" : "|";
    text += part;
  };
  for (const NamedNumber& row : names) {
    if ((bits & row.number) == row.number) {
      append(row.name);
      bits &= ~row.number;
    }
  }
  if (bits != 0) {
    append(fmt::format("{:#x}", bits));
  }
  return text.empty() ? std::string(none) : text;
}

}  // namespace ipcsim
