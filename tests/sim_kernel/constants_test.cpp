// The kernel's constants against the host's headers, and their names.
#include "sim/kernel/constants.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include <array>

#include <gtest/gtest.h>

#include "tests/sim_kernel/calls.hpp"

namespace ipcsim {
namespace {

struct Row {
  u64 ours;
  u64 hosts;
  const char* name;
};

#define IPCSIM_ROW(ours, hosts) \
  Row { ours, static_cast<u64>(hosts), #hosts }

void expect_names(std::span<const NamedNumber> names, std::span<const Row> rows) {
  for (const Row& row : rows) {
    EXPECT_EQ(row.ours, row.hosts) << row.name;
    EXPECT_EQ(number_of(names, row.name), row.hosts) << row.name;
    EXPECT_EQ(name_of(names, row.hosts), row.name);
  }
}

// O_LARGEFILE is left out: a 64-bit program's is 0.
TEST(Constants, OpenFlagsAreTheHosts) {
  EXPECT_EQ(kORdonly, static_cast<u32>(O_RDONLY));
  EXPECT_EQ(kOAccmode, static_cast<u32>(O_ACCMODE));
  constexpr std::array kRows{
      IPCSIM_ROW(kOWronly, O_WRONLY),     IPCSIM_ROW(kORdwr, O_RDWR),
      IPCSIM_ROW(kOCreat, O_CREAT),       IPCSIM_ROW(kOExcl, O_EXCL),
      IPCSIM_ROW(kONoctty, O_NOCTTY),     IPCSIM_ROW(kOTrunc, O_TRUNC),
      IPCSIM_ROW(kOAppend, O_APPEND),     IPCSIM_ROW(kONonblock, O_NONBLOCK),
      IPCSIM_ROW(kODsync, O_DSYNC),       IPCSIM_ROW(kOAsync, O_ASYNC),
      IPCSIM_ROW(kODirect, O_DIRECT),     IPCSIM_ROW(kODirectory, O_DIRECTORY),
      IPCSIM_ROW(kONofollow, O_NOFOLLOW), IPCSIM_ROW(kONoatime, O_NOATIME),
      IPCSIM_ROW(kOCloexec, O_CLOEXEC),   IPCSIM_ROW(kOPath, O_PATH),
  };
  expect_names(open_flag_names(), kRows);
}

// Commands of fcntl() and requests of ioctl().
TEST(Constants, CommandsAreTheHosts) {
  constexpr std::array kFcntl{
      IPCSIM_ROW(kFDupfd, F_DUPFD),          IPCSIM_ROW(kFGetfd, F_GETFD),
      IPCSIM_ROW(kFSetfd, F_SETFD),          IPCSIM_ROW(kFGetfl, F_GETFL),
      IPCSIM_ROW(kFSetfl, F_SETFL),          IPCSIM_ROW(kFDupfdCloexec, F_DUPFD_CLOEXEC),
      IPCSIM_ROW(kFSetpipeSz, F_SETPIPE_SZ), IPCSIM_ROW(kFGetpipeSz, F_GETPIPE_SZ),
  };
  expect_names(fcntl_names(), kFcntl);
  constexpr std::array kIoctl{
      IPCSIM_ROW(kFionread, FIONREAD),
      IPCSIM_ROW(kFionbio, FIONBIO),
      IPCSIM_ROW(kFioclex, FIOCLEX),
      IPCSIM_ROW(kFionclex, FIONCLEX),
  };
  expect_names(ioctl_names(), kIoctl);
  EXPECT_EQ(number_of(fd_flag_names(), "FD_CLOEXEC"), u64{FD_CLOEXEC});
  constexpr std::array kRwFlags{
      IPCSIM_ROW(kRwfHipri, RWF_HIPRI),   IPCSIM_ROW(kRwfDsync, RWF_DSYNC),
      IPCSIM_ROW(kRwfSync, RWF_SYNC),     IPCSIM_ROW(kRwfNowait, RWF_NOWAIT),
      IPCSIM_ROW(kRwfAppend, RWF_APPEND),
  };
  expect_names(rw_flag_names(), kRwFlags);
}

// Signals that are treated specially.
TEST(Constants, SignalsAreTheHosts) {
  constexpr std::array kRows{
      IPCSIM_ROW(kSigkill.v, SIGKILL), IPCSIM_ROW(kSigusr1.v, SIGUSR1),
      IPCSIM_ROW(kSigpipe.v, SIGPIPE), IPCSIM_ROW(kSigalrm.v, SIGALRM),
      IPCSIM_ROW(kSigchld.v, SIGCHLD), IPCSIM_ROW(kSigcont.v, SIGCONT),
      IPCSIM_ROW(kSigstop.v, SIGSTOP), IPCSIM_ROW(kSigtstp.v, SIGTSTP),
      IPCSIM_ROW(kSigttin.v, SIGTTIN), IPCSIM_ROW(kSigttou.v, SIGTTOU),
      IPCSIM_ROW(kSigurg.v, SIGURG),   IPCSIM_ROW(kSigwinch.v, SIGWINCH),
      IPCSIM_ROW(kSigio.v, SIGIO),     IPCSIM_ROW(2, SIGINT),
      IPCSIM_ROW(12, SIGUSR2),         IPCSIM_ROW(15, SIGTERM),
  };
  expect_names(signal_names(), kRows);
  EXPECT_EQ(kSaRestart, static_cast<u32>(SA_RESTART));
}

// Flags of clone(), events of poll(), limits.
TEST(Constants, OthersAreTheHosts) {
  constexpr std::array kClone{
      IPCSIM_ROW(kCloneVm, CLONE_VM),           IPCSIM_ROW(kCloneFs, CLONE_FS),
      IPCSIM_ROW(kCloneFiles, CLONE_FILES),     IPCSIM_ROW(kCloneSighand, CLONE_SIGHAND),
      IPCSIM_ROW(kCloneVfork, CLONE_VFORK),     IPCSIM_ROW(kCloneThread, CLONE_THREAD),
      IPCSIM_ROW(kCloneSysvsem, CLONE_SYSVSEM),
  };
  expect_names(clone_flag_names(), kClone);
  constexpr std::array kPoll{
      IPCSIM_ROW(POLLIN, POLLIN),     IPCSIM_ROW(POLLOUT, POLLOUT),
      IPCSIM_ROW(POLLERR, POLLERR),   IPCSIM_ROW(POLLHUP, POLLHUP),
      IPCSIM_ROW(POLLNVAL, POLLNVAL), IPCSIM_ROW(POLLRDNORM, POLLRDNORM),
      IPCSIM_ROW(POLLPRI, POLLPRI),   IPCSIM_ROW(POLLWRNORM, POLLWRNORM),
  };
  expect_names(poll_event_names(), kPoll);
  constexpr std::array kLimits{
      IPCSIM_ROW(kRlimitNofile, RLIMIT_NOFILE),
      IPCSIM_ROW(kRlimitMsgqueue, RLIMIT_MSGQUEUE),
  };
  expect_names(rlimit_names(), kLimits);
}

// Flag words are names joined by bars; a bit without a name is a number.
TEST(Constants, FlagsAreWrittenAsNames) {
  EXPECT_EQ(flags_text(open_flag_names(), kORdwr | kONonblock, "0"), "O_RDWR|O_NONBLOCK");
  EXPECT_EQ(flags_text(open_flag_names(), 0, "O_RDONLY"), "O_RDONLY");
  EXPECT_EQ(flags_text(open_flag_names(), u64{kOCreat} | u64{1} << 40U, "0"),
            "O_CREAT|0x10000000000");
}

// Real-time signals have no names of their own.
TEST(Constants, SignalsWithoutANameAreNumbers) {
  EXPECT_EQ(signal_name(kSigpipe), "SIGPIPE");
  EXPECT_EQ(signal_name(Signal{40}), "40");
}

// Calls and results are shown as strace shows them.
TEST(CallText, ReadsLikeStrace) {
  using namespace calls;
  EXPECT_EQ(to_text(pipe2(kONonblock)), "pipe2(&, O_NONBLOCK)");
  EXPECT_EQ(to_text(write(4, "a\n\"\x01")), R"(write(4, "a\n\"\x01", 4))");
  EXPECT_EQ(to_text(write(4, u64{5000})), "write(4, <5000 bytes of pattern 0>, 5000)");
  EXPECT_EQ(to_text(read(3, 100)), "read(3, 100)");
  EXPECT_EQ(to_text(writev(4, {bytes("ab"), bytes("c")})), R"(writev(4, ["ab", "c"]))");
  EXPECT_EQ(to_text(fcntl(4, kFSetfl, kONonblock)), "fcntl(4, F_SETFL, O_NONBLOCK)");
  EXPECT_EQ(to_text(fcntl(4, kFGetfl)), "fcntl(4, F_GETFL)");
  EXPECT_EQ(to_text(poll(3, POLLIN, 10)), "poll([3:POLLIN], 10)");
  EXPECT_EQ(
      to_text(thread(2)),
      "clone(CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM, task 2)");
  EXPECT_EQ(to_text(kill(2, kSigusr1)), "kill(task 2, SIGUSR1)");
  EXPECT_EQ(to_text(SysResult::failure(Errno::kEAGAIN)), "-1 EAGAIN");
  EXPECT_EQ(to_text(SysResult::success(0, PipeFds{Fd{3}, Fd{4}})), "0 pipefd=[3, 4]");
}

}  // namespace
}  // namespace ipcsim
