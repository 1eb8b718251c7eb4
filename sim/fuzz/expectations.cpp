// What is expected of a campaign: the report lists what it did not reach.
#include <array>

#include "sim/fuzz/coverage.hpp"

namespace ipcsim {
namespace {

struct Named {
  std::string_view name;
  bool pipes;
  bool queues;
};

/// In the order of Situation.
constexpr std::array<Named, static_cast<std::size_t>(Situation::kCount)> kSituations{{
    {"a write merges into the last slot", true, false},
    {"a write makes a slot", true, false},
    {"a write makes a packet", true, false},
    {"a write takes a kept page", true, false},
    {"a write is short", true, false},
    {"a write sleeps", true, false},
    {"a write without a reader", true, false},
    {"a read takes whole slots", true, false},
    {"a read takes part of a slot", true, false},
    {"a read takes a packet", true, false},
    {"a read meets the end of the file", true, false},
    {"a read sleeps", true, false},
    {"a page is kept", true, false},
    {"both pages are kept", true, false},
    {"a ring becomes full", true, false},
    {"a ring grows", true, false},
    {"a ring shrinks", true, false},
    {"several readers sleep", true, false},
    {"several writers sleep", true, false},
    {"a reader is woken", true, false},
    {"a writer is woken", true, false},
    {"several are woken at once", true, true},
    {"a poller is woken", true, true},
    {"a slot moves as it is", true, false},
    {"a slot's page is shared", true, false},
    {"a slot with a file's page", true, false},
    {"a slot with a hole", true, false},
    {"a slot with a program's page", true, false},
    {"a gifted page", true, false},
    {"a slot with a device's bytes", true, false},
    {"a splice sleeps", true, false},
    {"an open sleeps", true, false},
    {"an open meets its partner", true, false},
    {"the last writer leaves", true, false},
    {"the last reader leaves", true, false},
    {"a message is queued", false, true},
    {"a message is handed to a receiver", false, true},
    {"a sleeping sender is admitted", false, true},
    {"a send sleeps", false, true},
    {"a receive sleeps", false, true},
    {"several senders sleep", false, true},
    {"several receivers sleep", false, true},
    {"a tree node is kept", false, true},
    {"the kept node is used", false, true},
    {"a tree of three priorities", false, true},
    {"a tree of seven priorities", false, true},
    {"a message of several blocks", false, true},
    {"a queue without a name is in use", false, true},
    {"a timeout expires", true, true},
    {"a call is interrupted", true, true},
    {"a call goes on after a handler", true, true},
    {"a sleeper dies", true, true},
    {"a task dies in its own call", true, true},
    {"a task ends", true, true},
    {"an execve", true, true},
    {"a descriptor table with two users", true, true},
    {"a task stops", true, true},
    {"a stopped task goes on", true, true},
    {"a queue tells its owner", false, true},
}};

struct Expected {
  std::string_view call;
  std::string_view outcomes;  ///< separated by blanks
  bool pipes;
  bool queues;
};

constexpr std::array kExpected{
    Expected{"pipe2", "ok EINVAL EFAULT EMFILE", true, false},
    Expected{"read", "ok EAGAIN EBADF EFAULT EINTR asleep", true, false},
    Expected{"write", "ok EAGAIN EBADF EFAULT EINTR EPIPE asleep", true, false},
    Expected{"readv", "ok EAGAIN EBADF EFAULT EINTR asleep", true, false},
    Expected{"writev", "ok EAGAIN EBADF EFAULT EINTR EPIPE asleep", true, false},
    Expected{"preadv2", "ok EAGAIN EBADF EOPNOTSUPP ESPIPE asleep", true, false},
    Expected{"pwritev2", "ok EAGAIN EBADF EOPNOTSUPP ESPIPE EPIPE asleep", true, false},
    Expected{"pread64", "ok ESPIPE EBADF", true, false},
    Expected{"pwrite64", "ok ESPIPE EBADF", true, false},
    Expected{"preadv", "ok ESPIPE EBADF", true, false},
    Expected{"pwritev", "ok ESPIPE EBADF", true, false},
    Expected{"close", "ok EBADF", true, true},
    Expected{"dup", "ok EBADF EMFILE", true, true},
    Expected{"dup2", "ok EBADF", true, true},
    Expected{"dup3", "ok EBADF EINVAL", true, true},
    Expected{"fcntl", "ok EBADF EINVAL EMFILE", true, true},
    Expected{"fcntl", "EBUSY EPERM", true, false},
    Expected{"ioctl", "ok EBADF EFAULT", true, true},
    Expected{"poll", "ok asleep EINTR", true, true},
    Expected{"ppoll", "ok asleep EFAULT EINVAL", true, true},
    Expected{"select", "ok asleep EBADF EINVAL", true, true},
    Expected{"pselect6", "ok asleep", true, true},
    Expected{"epoll_create1", "ok EINVAL", true, true},
    Expected{"epoll_ctl", "ok EBADF EEXIST ENOENT EINVAL EFAULT", true, true},
    Expected{"epoll_wait", "ok asleep EBADF EINVAL EINTR", true, true},
    Expected{"epoll_pwait", "ok asleep", true, true},
    Expected{"epoll_pwait2", "ok asleep", true, true},
    Expected{"pause", "asleep EINTR", true, true},
    Expected{"rt_sigsuspend", "asleep EINTR", true, true},
    Expected{"lseek", "ok ESPIPE EBADF EINVAL ENXIO", true, false},
    Expected{"ftruncate", "ok EINVAL EBADF", true, false},
    Expected{"rename", "ok ENOENT", true, false},
    Expected{"link", "ok ENOENT EEXIST", true, false},
    Expected{"mkdir", "ok EEXIST", true, false},
    Expected{"rmdir", "ok ENOENT ENOTDIR", true, false},
    Expected{"mknod", "ok EEXIST", true, false},
    Expected{"chmod", "ok ENOENT", true, false},
    Expected{"fchmod", "ok EBADF", true, false},
    Expected{"close_range", "ok EINVAL", true, false},
    Expected{"open", "ok ENOENT EMFILE asleep EINTR ENXIO EACCES EINVAL", true, false},
    Expected{"mkfifo", "ok EEXIST", true, false},
    Expected{"unlink", "ok ENOENT", true, false},
    Expected{"splice", "ok EAGAIN EBADF EINVAL EPIPE EINTR ESPIPE asleep", true, false},
    Expected{"tee", "ok EAGAIN EBADF EINVAL EPIPE EINTR asleep", true, false},
    Expected{"sendfile", "ok EAGAIN EBADF EINVAL EPIPE asleep", true, false},
    Expected{"vmsplice", "ok EAGAIN EBADF EFAULT EPIPE asleep", true, false},
    Expected{"mq_open", "ok EINVAL EFAULT ENOENT EMFILE ENOSPC EACCES EEXIST ENAMETOOLONG", false,
             true},
    Expected{"mq_unlink", "ok ENOENT", false, true},
    Expected{"mq_timedsend", "ok EAGAIN EBADF EFAULT EINTR EINVAL EMSGSIZE ETIMEDOUT asleep", false,
             true},
    Expected{"mq_timedreceive", "ok EAGAIN EBADF EFAULT EINTR EINVAL EMSGSIZE ETIMEDOUT asleep",
             false, true},
    Expected{"mq_notify", "ok EBUSY EBADF EINVAL EFAULT", false, true},
    Expected{"mq_getsetattr", "ok EBADF EINVAL EFAULT", false, true},
    Expected{"fork", "ok", true, true},
    Expected{"vfork", "asleep ok", true, true},
    Expected{"clone", "ok", true, true},
    Expected{"execve", "ok", true, true},
    Expected{"kill", "ok ESRCH EINVAL", true, true},
    Expected{"tgkill", "ok ESRCH EINVAL", true, true},
    Expected{"rt_sigaction", "ok EINVAL", true, true},
    Expected{"rt_sigprocmask", "ok", true, true},
    Expected{"setrlimit", "ok", true, true},
};

}  // namespace

std::string_view situation_name(Situation situation) {
  return kSituations[static_cast<std::size_t>(situation)].name;
}

bool concerns(Situation situation, bool pipes, bool queues) {
  const Named& named = kSituations[static_cast<std::size_t>(situation)];
  return (named.pipes && pipes) || (named.queues && queues);
}

std::vector<Coverage::Outcome> expected_outcomes(bool pipes, bool queues) {
  std::vector<Coverage::Outcome> list;
  for (const Expected& expected : kExpected) {
    if (!(expected.pipes && pipes) && !(expected.queues && queues)) {
      continue;
    }
    std::string_view rest = expected.outcomes;
    while (!rest.empty()) {
      const std::string_view one = rest.substr(0, rest.find(' '));
      list.emplace_back(expected.call, std::string(one));
      rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    }
  }
  return list;
}

}  // namespace ipcsim
