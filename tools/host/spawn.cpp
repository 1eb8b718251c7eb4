#include "tools/host/spawn.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "tools/host/agent/raw_syscall.hpp"
#include "tools/host/agent_image.hpp"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

namespace ipcsim::host {
namespace {

constexpr std::size_t kStackBytes = 64UZ * 1024;

/// What the child needs, made before it exists: it runs in the parent's memory.
struct Plan {
  int program;
  int socket;
  char* const* argv;
  char* const* envp;
  const char* uid_map = nullptr;  ///< null: no user namespace
  const char* gid_map = nullptr;
  u64 map_bytes = 0;
  u64 gid_map_bytes = 0;
  i64 error = 0;
};

IPCSIM_NO_SANITIZE i64 write_file(const char* path, const char* text, u64 len) {
  const i64 fd = raw_call(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) {
    return fd;
  }
  const i64 result = raw_call(SYS_write, fd, text, len);
  raw_call(SYS_close, fd);
  return result < 0 ? result : 0;
}

/// The child up to its execve(). The parent is suspended, its memory is shared: raw system calls
/// only.
IPCSIM_NO_SANITIZE int run_child(void* argument) {
  auto* plan = static_cast<Plan*>(argument);
  if (plan->uid_map != nullptr) {
    write_file("/proc/self/setgroups", "deny", 4);
    plan->error = write_file("/proc/self/uid_map", plan->uid_map, plan->map_bytes);
    if (plan->error == 0) {
      plan->error = write_file("/proc/self/gid_map", plan->gid_map, plan->gid_map_bytes);
    }
  }
  if (plan->error == 0) {
    raw_call(SYS_fcntl, plan->socket, F_SETFD, 0);
    plan->error = raw_call(SYS_execveat, plan->program, "", plan->argv, plan->envp, AT_EMPTY_PATH);
  }
  raw_call(SYS_exit, 1);
  return 1;
}

int clone_flags(Isolation isolation) {
  constexpr int kSpaces = CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWNS;
  switch (isolation) {
    case Isolation::kNamespaces:
      return kSpaces;
    case Isolation::kUserNamespace:
      return kSpaces | CLONE_NEWUSER;
    case Isolation::kFolder:
      break;
  }
  return 0;
}

/// Keeps signals from the child while it borrows this process's memory.
class BlockSignals {
 public:
  BlockSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  BlockSignals(const BlockSignals&) = delete;
  BlockSignals& operator=(const BlockSignals&) = delete;
  ~BlockSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

std::unexpected<MachineError> failed(const char* what, int error) {
  return std::unexpected(MachineError{
      .unsupported = true, .message = fmt::format("{}: {}", what, std::strerror(error))});
}

}  // namespace

std::expected<Spawned, MachineError> spawn_supervisor(Isolation isolation, int socket) {
  const std::expected<int, MachineError> program = agent_file();
  if (!program) {
    return std::unexpected(program.error());
  }
  std::string name = "ipcsim-agent";
  std::string role = "supervisor";
  std::string number = std::to_string(socket);
  const std::array<char*, 4> argv{name.data(), role.data(), number.data(), nullptr};
  const std::array<char*, 1> envp{nullptr};
  const std::string uid_map = fmt::format("0 {} 1", geteuid());
  const std::string gid_map = fmt::format("0 {} 1", getegid());
  Plan plan{.program = *program, .socket = socket, .argv = argv.data(), .envp = envp.data()};
  if (isolation == Isolation::kUserNamespace) {
    plan.uid_map = uid_map.c_str();
    plan.map_bytes = uid_map.size();
    plan.gid_map = gid_map.c_str();
    plan.gid_map_bytes = gid_map.size();
  }
  std::vector<std::byte> stack(kStackBytes);
  void* top = stack.data() + (stack.size() - reinterpret_cast<std::uintptr_t>(stack.data()) % 16);
  Spawned child;
  const int flags = clone_flags(isolation) | CLONE_VM | CLONE_VFORK | CLONE_PIDFD;
  int error = 0;
  {
    const BlockSignals blocked;
    child.pid = clone(run_child, top, flags, &plan, &child.pidfd);
    error = errno;
  }
  if (child.pid < 0) {
    return failed("clone()", error);
  }
  if (plan.error != 0) {
    siginfo_t info{};
    waitid(P_PIDFD, static_cast<id_t>(child.pidfd), &info, WEXITED | __WALL);
    close(child.pidfd);
    return failed("starting the agent program", static_cast<int>(-plan.error));
  }
  return child;
}

}  // namespace ipcsim::host
