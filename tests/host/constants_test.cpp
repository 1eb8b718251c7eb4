// Every number that the model states is the host's.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <map>

#include "model/base/caps.hpp"
#include "tests/host/support.hpp"
#include "tools/host/host_flags.hpp"

namespace ipcsim {
namespace {

using Numbers = std::map<std::string_view, u64>;

/// The table as the host's headers have it; rows that they do not have are missing.
void expect_equal(std::span<const NamedNumber> ours, const Numbers& host) {
  EXPECT_EQ(ours.size(), host.size());
  for (const NamedNumber& row : ours) {
    const auto found = host.find(row.name);
    ASSERT_NE(found, host.end()) << row.name << " is not compared";
    EXPECT_EQ(row.number, found->second) << row.name;
  }
}

#define ROW(name) {#name, static_cast<u64>(name)}

TEST(HostNumbers, Errno){
#define EXPECT_SAME(name, number)                    \
  EXPECT_EQ(static_cast<int>(Errno::k##name), name); \
  EXPECT_EQ(number, name);
    IPCSIM_ERRNO_LIST(EXPECT_SAME)
#undef EXPECT_SAME
}

// On processors where they differ, the trace's are translated to the host's.
TEST(HostNumbers, OpenFlags) {
  // The C library's O_LARGEFILE is 0 on 64-bit systems; the kernel's is not.
  constexpr u64 kKernelsLargefile =
#if defined(__aarch64__)
      0400000;
#else
      0100000;
#endif
  const Numbers host{ROW(O_WRONLY),    ROW(O_RDWR),     ROW(O_CREAT),
                     ROW(O_EXCL),      ROW(O_NOCTTY),   ROW(O_TRUNC),
                     ROW(O_APPEND),    ROW(O_NONBLOCK), ROW(O_DSYNC),
                     ROW(O_ASYNC),     ROW(O_DIRECT),   {"O_LARGEFILE", kKernelsLargefile},
                     ROW(O_DIRECTORY), ROW(O_NOFOLLOW), ROW(O_NOATIME),
                     ROW(O_CLOEXEC),   ROW(O_PATH)};
  ASSERT_EQ(open_flag_names().size(), host.size());
  for (const NamedNumber& row : open_flag_names()) {
    const u32 number = static_cast<u32>(row.number);
    EXPECT_EQ(host::open_flags_to_host(number), host.at(row.name)) << row.name;
    EXPECT_EQ(host::open_flags_from_host(host::open_flags_to_host(number)), number) << row.name;
  }
}

TEST(HostNumbers, OtherFlags) {
  expect_equal(fd_flag_names(), {ROW(FD_CLOEXEC)});
  expect_equal(poll_event_names(),
               {ROW(POLLIN), ROW(POLLPRI), ROW(POLLOUT), ROW(POLLERR), ROW(POLLHUP), ROW(POLLNVAL),
                ROW(POLLRDNORM), ROW(POLLRDBAND), ROW(POLLWRNORM), ROW(POLLWRBAND), ROW(POLLMSG),
                ROW(POLLRDHUP)});
  expect_equal(clone_flag_names(),
               {ROW(CLONE_VM), ROW(CLONE_FS), ROW(CLONE_FILES), ROW(CLONE_SIGHAND),
                ROW(CLONE_VFORK), ROW(CLONE_THREAD), ROW(CLONE_SYSVSEM), ROW(CLONE_NEWIPC),
                ROW(CLONE_NEWUSER), ROW(CLONE_NEWPID)});
  constexpr u64 kRestorer = 0x04000000;  // in the kernel's headers only
  expect_equal(sa_flag_names(), {ROW(SA_NOCLDSTOP),
                                 ROW(SA_NOCLDWAIT),
                                 ROW(SA_SIGINFO),
                                 {"SA_RESTORER", kRestorer},
                                 ROW(SA_ONSTACK),
                                 ROW(SA_RESTART),
                                 ROW(SA_NODEFER),
                                 {"SA_RESETHAND", static_cast<u32>(SA_RESETHAND)}});
}

TEST(HostNumbers, Commands) {
  // Numbers stand for what older headers do not have.
  constexpr u64 kDupfdQuery = 1027;
  constexpr u64 kCreatedQuery = 1028;
  constexpr u64 kBlockSize = 2;
  expect_equal(fcntl_names(), {ROW(F_DUPFD),
                               ROW(F_GETFD),
                               ROW(F_SETFD),
                               ROW(F_GETFL),
                               ROW(F_SETFL),
                               ROW(F_SETOWN),
                               ROW(F_GETOWN),
                               ROW(F_SETSIG),
                               ROW(F_GETSIG),
                               ROW(F_SETOWN_EX),
                               ROW(F_GETOWN_EX),
                               ROW(F_GETLEASE),
                               ROW(F_NOTIFY),
                               {"F_DUPFD_QUERY", kDupfdQuery},
                               {"F_CREATED_QUERY", kCreatedQuery},
                               ROW(F_DUPFD_CLOEXEC),
                               ROW(F_SETPIPE_SZ),
                               ROW(F_GETPIPE_SZ),
                               ROW(F_ADD_SEALS),
                               ROW(F_GET_SEALS)});
  expect_equal(ioctl_names(), {ROW(FIONREAD),
                               ROW(FIONBIO),
                               ROW(FIOASYNC),
                               ROW(FIOCLEX),
                               ROW(FIONCLEX),
                               {"FIGETBSZ", kBlockSize},
                               ROW(FIOQSIZE)});
  expect_equal(rlimit_names(), {ROW(RLIMIT_NOFILE), ROW(RLIMIT_MSGQUEUE)});
}

TEST(HostNumbers, FilesAndSockets) {
  expect_equal(whence_names(),
               {ROW(SEEK_SET), ROW(SEEK_CUR), ROW(SEEK_END), ROW(SEEK_DATA), ROW(SEEK_HOLE)});
  expect_equal(lock_names(), {ROW(LOCK_SH), ROW(LOCK_EX), ROW(LOCK_NB), ROW(LOCK_UN)});
  expect_equal(map_prot_names(), {ROW(PROT_READ), ROW(PROT_WRITE), ROW(PROT_EXEC)});
  expect_equal(map_flag_names(), {ROW(MAP_SHARED), ROW(MAP_PRIVATE)});
  expect_equal(mount_flag_names(), {ROW(MS_RDONLY), ROW(MS_REMOUNT)});
  expect_equal(close_range_names(), {ROW(CLOSE_RANGE_UNSHARE), ROW(CLOSE_RANGE_CLOEXEC)});
  expect_equal(socket_type_names(), {ROW(SOCK_SEQPACKET), ROW(SOCK_RAW), ROW(SOCK_STREAM),
                                     ROW(SOCK_DGRAM), ROW(SOCK_NONBLOCK), ROW(SOCK_CLOEXEC)});
  expect_equal(msg_flag_names(), {ROW(MSG_OOB), ROW(MSG_PEEK), ROW(MSG_TRUNC), ROW(MSG_DONTWAIT),
                                  ROW(MSG_WAITALL), ROW(MSG_NOSIGNAL), ROW(MSG_CMSG_CLOEXEC)});
}

TEST(HostNumbers, Signals) {
  expect_equal(
      signal_names(),
      {ROW(SIGHUP),  ROW(SIGINT),    ROW(SIGQUIT), ROW(SIGILL),    ROW(SIGTRAP), ROW(SIGABRT),
       ROW(SIGBUS),  ROW(SIGFPE),    ROW(SIGKILL), ROW(SIGUSR1),   ROW(SIGSEGV), ROW(SIGUSR2),
       ROW(SIGPIPE), ROW(SIGALRM),   ROW(SIGTERM), ROW(SIGSTKFLT), ROW(SIGCHLD), ROW(SIGCONT),
       ROW(SIGSTOP), ROW(SIGTSTP),   ROW(SIGTTIN), ROW(SIGTTOU),   ROW(SIGURG),  ROW(SIGXCPU),
       ROW(SIGXFSZ), ROW(SIGVTALRM), ROW(SIGPROF), ROW(SIGWINCH),  ROW(SIGIO),   ROW(SIGPWR),
       ROW(SIGSYS)});
  EXPECT_EQ(kSigusr1.v, static_cast<u32>(SIGUSR1));
  EXPECT_EQ(kMostSignal, static_cast<u32>(SIGRTMAX));
}

TEST(HostNumbers, Capabilities) {
  const std::map<Cap, int> host{{Cap::kDacOverride, CAP_DAC_OVERRIDE},
                                {Cap::kFowner, CAP_FOWNER},
                                {Cap::kKill, CAP_KILL},
                                {Cap::kSysAdmin, CAP_SYS_ADMIN},
                                {Cap::kSysNice, CAP_SYS_NICE},
                                {Cap::kSysResource, CAP_SYS_RESOURCE}};
  for (const auto& [cap, number] : host) {
    EXPECT_EQ(static_cast<int>(cap), number) << cap_name(cap);
  }
}

#undef ROW

}  // namespace
}  // namespace ipcsim
