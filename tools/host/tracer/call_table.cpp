#include "tools/host/tracer/call_table.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <array>

namespace ipcsim::host {
namespace {

// Calls that open, copy, close or use a descriptor, name a file, make, end or signal a task, or
// change what a task may do. Whoever makes others is not recorded, as strace need not stop there.
constexpr std::array kCalls = std::to_array<TracedCall>({
#ifdef __x86_64__
    {SYS_read, "read", "fBu"},
    {SYS_write, "write", "fbu"},
    {SYS_open, "open", "syo"},
    {SYS_close, "close", "f"},
    {SYS_stat, "stat", "sS"},
    {SYS_fstat, "fstat", "fS"},
    {SYS_lstat, "lstat", "sS"},
    {SYS_poll, "poll", "Pud"},
    {SYS_lseek, "lseek", "flx"},
    {SYS_rt_sigaction, "rt_sigaction", "dapu"},
    {SYS_rt_sigprocmask, "rt_sigprocmask", "xmpu"},
    {SYS_rt_sigreturn, "rt_sigreturn", "m"},
    {SYS_ioctl, "ioctl", "fxi"},
    {SYS_pread64, "pread64", "fBul"},
    {SYS_pwrite64, "pwrite64", "fbul"},
    {SYS_readv, "readv", "fVu"},
    {SYS_writev, "writev", "fvu"},
    {SYS_pipe, "pipe", "I"},
    {SYS_select, "select", "d333T"},
    {SYS_dup, "dup", "f"},
    {SYS_dup2, "dup2", "fd"},
    {SYS_pause, "pause", ""},
    {SYS_sendfile, "sendfile", "ffOu"},
    {SYS_socket, "socket", "xxx"},
    {SYS_accept, "accept", "fpp"},
    {SYS_recvfrom, "recvfrom", "fBuxpp"},
    {SYS_sendmsg, "sendmsg", "fhx"},
    {SYS_recvmsg, "recvmsg", "fHx"},
    {SYS_socketpair, "socketpair", "xxxI"},
    {SYS_clone, "clone", "zpWp"},
    {SYS_fork, "fork", ""},
    {SYS_vfork, "vfork", ""},
    {SYS_execve, "execve", "qpp"},
    {SYS_exit, "exit", "d"},
    {SYS_kill, "kill", "dd"},
    {SYS_fcntl, "fcntl", "fFk"},
    {SYS_flock, "flock", "fx"},
    {SYS_fsync, "fsync", "f"},
    {SYS_fdatasync, "fdatasync", "f"},
    {SYS_ftruncate, "ftruncate", "fl"},
    {SYS_getcwd, "getcwd", "Bu"},
    {SYS_chdir, "chdir", "s"},
    {SYS_fchdir, "fchdir", "f"},
    {SYS_rename, "rename", "ss"},
    {SYS_creat, "creat", "so"},
    {SYS_link, "link", "ss"},
    {SYS_unlink, "unlink", "s"},
    {SYS_symlink, "symlink", "ss"},
    {SYS_chmod, "chmod", "so"},
    {SYS_fchmod, "fchmod", "fo"},
    {SYS_chown, "chown", "suu"},
    {SYS_fchown, "fchown", "fuu"},
    {SYS_lchown, "lchown", "suu"},
    {SYS_umask, "umask", "o"},
    {SYS_getrlimit, "getrlimit", "YR"},
    {SYS_getuid, "getuid", ""},
    {SYS_geteuid, "geteuid", ""},
    {SYS_setuid, "setuid", "d"},
    {SYS_setgid, "setgid", "d"},
    {SYS_setreuid, "setreuid", "dd"},
    {SYS_setregid, "setregid", "dd"},
    {SYS_setgroups, "setgroups", "uG"},
    {SYS_setresuid, "setresuid", "ddd"},
    {SYS_setresgid, "setresgid", "ddd"},
    {SYS_setfsuid, "setfsuid", "d"},
    {SYS_setfsgid, "setfsgid", "d"},
    {SYS_rt_sigtimedwait, "rt_sigtimedwait", "mptu"},
    {SYS_rt_sigsuspend, "rt_sigsuspend", "mu"},
    {SYS_mknod, "mknod", "sop"},
    {SYS_setrlimit, "setrlimit", "Yr"},
    {SYS_mount, "mount", "sssxp"},
    {SYS_umount2, "umount2", "sx"},
    {SYS_tkill, "tkill", "dd"},
    {SYS_epoll_create, "epoll_create", "d"},
    {SYS_restart_syscall, "restart_syscall", ""},
    {SYS_epoll_wait, "epoll_wait", "fEdd"},
    {SYS_epoll_ctl, "epoll_ctl", "fxfe"},
    {SYS_tgkill, "tgkill", "ddd"},
    {SYS_exit_group, "exit_group", "d"},
    {SYS_mq_open, "mq_open", "syoA"},
    {SYS_mq_unlink, "mq_unlink", "s"},
    {SYS_mq_timedsend, "mq_timedsend", "fbuut"},
    {SYS_mq_timedreceive, "mq_timedreceive", "fBuUt"},
    {SYS_mq_notify, "mq_notify", "fn"},
    {SYS_mq_getsetattr, "mq_getsetattr", "fAZ"},
    {SYS_inotify_init, "inotify_init", ""},
    {SYS_openat, "openat", "dsyo"},
    {SYS_mknodat, "mknodat", "dsop"},
    {SYS_fchownat, "fchownat", "dsuux"},
    {SYS_newfstatat, "newfstatat", "dsSx"},
    {SYS_unlinkat, "unlinkat", "dsx"},
    {SYS_renameat, "renameat", "dsds"},
    {SYS_linkat, "linkat", "dsdsx"},
    {SYS_symlinkat, "symlinkat", "sds"},
    {SYS_fchmodat, "fchmodat", "dso"},
    {SYS_pselect6, "pselect6", "d333t6"},
    {SYS_ppoll, "ppoll", "Putmu"},
    {SYS_unshare, "unshare", "z"},
    {SYS_splice, "splice", "fOfOux"},
    {SYS_tee, "tee", "ffux"},
    {SYS_sync_file_range, "sync_file_range", "fllx"},
    {SYS_vmsplice, "vmsplice", "fvux"},
    {SYS_signalfd, "signalfd", "dmu"},
    {SYS_timerfd_create, "timerfd_create", "xx"},
    {SYS_eventfd, "eventfd", "u"},
    {SYS_accept4, "accept4", "fppx"},
    {SYS_signalfd4, "signalfd4", "dmux"},
    {SYS_eventfd2, "eventfd2", "ux"},
    {SYS_epoll_create1, "epoll_create1", "x"},
    {SYS_dup3, "dup3", "fdy"},
    {SYS_pipe2, "pipe2", "Iy"},
    {SYS_inotify_init1, "inotify_init1", "x"},
    {SYS_preadv, "preadv", "fVul"},
    {SYS_pwritev, "pwritev", "fvul"},
    {SYS_perf_event_open, "perf_event_open", "pdddx"},
    {SYS_fanotify_init, "fanotify_init", "xx"},
    {SYS_prlimit64, "prlimit64", "dYrR"},
    {SYS_open_by_handle_at, "open_by_handle_at", "dpx"},
    {SYS_epoll_pwait, "epoll_pwait", "fEddmu"},
    {SYS_setns, "setns", "dz"},
    {SYS_memfd_create, "memfd_create", "sx"},
    {SYS_execveat, "execveat", "dqppx"},
    {SYS_userfaultfd, "userfaultfd", "x"},
    {SYS_copy_file_range, "copy_file_range", "fOfOux"},
    {SYS_preadv2, "preadv2", "fVuldx"},
    {SYS_pwritev2, "pwritev2", "fvuldx"},
    {SYS_statx, "statx", "dsxxX"},
    {SYS_pidfd_open, "pidfd_open", "dx"},
    {SYS_clone3, "clone3", "cu"},
    {SYS_close_range, "close_range", "uux"},
    {SYS_openat2, "openat2", "dswu"},
    {SYS_pidfd_getfd, "pidfd_getfd", "ddx"},
    {SYS_epoll_pwait2, "epoll_pwait2", "fEdtmu"},
    {SYS_io_uring_setup, "io_uring_setup", "up"},
    {SYS_open_tree, "open_tree", "dsx"},
    {SYS_fsopen, "fsopen", "sx"},
    {SYS_fsmount, "fsmount", "dxx"},
    {SYS_fspick, "fspick", "dsx"},
    {SYS_landlock_create_ruleset, "landlock_create_ruleset", "pux"},
    {SYS_bpf, "bpf", "xpu"},
    {SYS_seccomp, "seccomp", "xxp"},
#endif
});

/// Which memory is behind argument `at`, if any.
bool piece_of(std::string_view args, u8 at, Piece& piece) {
  using enum Piece::Size;
  const auto next = static_cast<u8>(at + 1);
  const auto entry = [](Piece::Size size, u32 unit) {
    return Piece{.size = size, .unit = unit, .at_entry = true};
  };
  const auto exit = [](Piece::Size size, u32 unit) {
    return Piece{.size = size, .unit = unit, .at_exit = true, .on_success = true};
  };
  switch (args[at]) {
    case 's':
      piece = entry(kString, 4096);
      break;
    case 'q':
      piece = entry(kString, 4096);
      piece.once = true;
      break;
    case 'b':
      piece = entry(kCounted, 1);
      piece.payload = true;
      break;
    case 'B':
      piece = exit(kReturned, 1);
      piece.payload = true;
      break;
    case 'v':
      piece = entry(kVector, 16);
      piece.payload = true;
      break;
    case 'V':
      piece = exit(kVector, 16);
      piece.payload = true;
      break;
    case 'P':
      piece = entry(kCounted, 8);
      piece.at_exit = true;
      break;
    case '3':
      piece = entry(kBits, 8);
      piece.at_exit = true;
      piece.count_arg = 0;
      break;
    case 'I':
      piece = exit(kFixed, 8);
      break;
    case 'i':
      piece = entry(kFixed, 4);
      piece.at_exit = true;
      break;
    case 'O':
      piece = entry(kFixed, 8);
      piece.at_exit = true;
      break;
    case 'm':
      piece = entry(kFixed, 8);
      break;
    case 't':
    case 'T':
    case 'r':
      piece = entry(kFixed, 16);
      break;
    case '6':
      piece = entry(kPointer, 16);
      break;
    case 'a':
      piece = entry(kFixed, 32);
      break;
    case 'e':
      piece = entry(kFixed, 12);
      break;
    case 'E':
      piece = exit(kReturned, 12);
      break;
    case 'A':
    case 'n':
      piece = entry(kFixed, 64);
      break;
    case 'Z':
      piece = exit(kFixed, 64);
      break;
    case 'U':
    case 'W':
      piece = exit(kFixed, 4);
      break;
    case 'R':
      piece = exit(kFixed, 16);
      break;
    case 'S':
      piece = exit(kFixed, 144);
      break;
    case 'X':
      piece = exit(kFixed, 256);
      break;
    case 'h':
      piece = entry(kMessage, 56);
      break;
    case 'H':
      piece = exit(kMessage, 56);
      break;
    case 'c':
      piece = entry(kCloneArgs, 64);
      piece.at_exit = true;
      break;
    case 'w':
      piece = entry(kFixed, 24);
      break;
    case 'G':
      piece = entry(kCounted, 4);
      piece.count_arg = static_cast<u8>(at - 1);
      break;
    default:
      return false;
  }
  piece.arg = at;
  if (args[at] != '3' && args[at] != 'G') {
    piece.count_arg = next;
  }
  return true;
}

}  // namespace

std::span<const TracedCall> traced_calls() { return kCalls; }

const TracedCall* find_traced_call(u32 nr) {
  const auto found = std::ranges::find(kCalls, nr, &TracedCall::nr);
  return found == kCalls.end() ? nullptr : &*found;
}

std::vector<Piece> pieces_of(std::string_view args) {
  std::vector<Piece> pieces;
  for (u8 at = 0; at < args.size(); ++at) {
    if (Piece piece; piece_of(args, at, piece)) {
      pieces.push_back(piece);
    }
  }
  return pieces;
}

std::vector<std::string_view> call_shapes() {
  std::vector<std::string_view> shapes;
  for (const TracedCall& call : kCalls) {
    if (std::ranges::find(shapes, call.args) == shapes.end()) {
      shapes.push_back(call.args);
    }
  }
  return shapes;
}

}  // namespace ipcsim::host
