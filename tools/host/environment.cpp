#include "tools/host/environment.hpp"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "tools/host/isolation_probe.hpp"
#include "tools/host/requirements.hpp"

namespace ipcsim {
namespace {

using host::number_in;

MqLimits shared_mq_limits() {
  const MqLimits usual;
  const auto read = [](const char* name, u64 fallback) {
    return static_cast<u32>(number_in(std::string("/proc/sys/fs/mqueue/") + name, fallback));
  };
  return {.mq_queues_max = read("queues_max", usual.mq_queues_max),
          .mq_msg_max = read("msg_max", usual.mq_msg_max),
          .mq_msgsize_max = read("msgsize_max", usual.mq_msgsize_max),
          .mq_msg_default = read("msg_default", usual.mq_msg_default),
          .mq_msgsize_default = read("msgsize_default", usual.mq_msgsize_default)};
}

}  // namespace

Environment host_environment() {
  Environment environment;
  utsname names{};
  uname(&names);
  const host::Isolation isolation = host::best_isolation();
  environment.kernel = static_cast<const char*>(names.release);
  environment.page_size = static_cast<u32>(sysconf(_SC_PAGESIZE));
  environment.caps.bits = host::caps_for_tasks(isolation).bits & host::effective_caps();
  environment.pipe_limits = host::host_pipe_limits();
  if (isolation == host::Isolation::kFolder) {
    environment.mq_limits = shared_mq_limits();
  }
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  environment.realtime_ns = now.tv_sec * kNanosecondsPerSecond + now.tv_nsec;
  InitialTask task;
  task.uid = geteuid();
  errno = 0;
  const int nice = getpriority(PRIO_PROCESS, 0);
  task.nice = errno == 0 ? nice : 0;
  host::set_to_own_limits(task);
  environment.tasks = {task};
  return environment;
}

}  // namespace ipcsim
