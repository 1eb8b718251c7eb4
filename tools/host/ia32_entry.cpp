#include "tools/host/ia32_entry.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "tools/host/agent/raw_syscall.hpp"

namespace ipcsim::host {
namespace {

bool try_entry() {
  constexpr i64 kIa32Getpid = 20;
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL);  // a sanitizer would write a report
    signal(SIGILL, SIG_DFL);
    _exit(raw_ia32_syscall(kIa32Getpid, {}) == getpid() ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == EXIT_SUCCESS;
}

}  // namespace

bool has_ia32_entry() {
  static const bool works = try_entry();
  return works;
}

}  // namespace ipcsim::host
