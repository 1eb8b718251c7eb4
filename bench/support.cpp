#include "bench/support.hpp"

#include <malloc.h>
#include <sched.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <utility>

#include "model/base/check.hpp"
#include "model/base/kernel_profile.hpp"
#include "tools/host/huge_pages.hpp"

namespace ipcsim::bench {
namespace {

constexpr u64 kKiB = 1024;

/// A number of kB of /proc/self/status, in bytes.
u64 status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == key) {
      u64 number = 0;
      status >> number;
      return number * kKiB;
    }
  }
  return 0;
}

}  // namespace

Kernel one_task_kernel(Contents contents) {
  use_huge_pages();
  Environment environment;
  environment.pipe_limits.pipe_user_pages_soft = 0;
  environment.mq_limits.mq_queues_max = 1U << 20U;
  environment.tasks = {
      {.task = kTask, .rlimit_nofile = u64{1} << 20U, .rlimit_msgqueue = u64{1} << 40U}};
  return {environment, newest_profile(), contents};
}

void call_and_sleep(Kernel& kernel, TaskId task, const Call& call) {
  IPCSIM_CHECK(kernel.syscall(task, call).end == Section::End::kAsleep);
}

SysResult finish_first(Kernel& kernel) {
  static std::vector<Completion> completions;
  kernel.run_section(kernel.first_runnable());
  kernel.take_completions(completions);
  IPCSIM_CHECK(completions.size() == 1);
  return std::move(completions.front().result);
}

PipeFds make_pipe(Kernel& kernel, OpenFlags flags) {
  return get<PipeFds>(call(kernel, kTask, Pipe2Call{.flags = flags}).result.out);
}

Fd make_queue(Kernel& kernel, const std::string& name, i64 maxmsg, u64 msgsize) {
  const Section opened =
      call(kernel, kTask,
           MqOpenCall{.name = UserPtr<std::string>::of(name),
                      .oflag = OpenFlags{kORdwr | kOCreat},
                      .mode = 0600,
                      .attr = UserPtr<MqAttr>::of(
                          {.mq_maxmsg = maxmsg, .mq_msgsize = static_cast<i64>(msgsize)})});
  IPCSIM_CHECK(opened.result.error == Errno::kOk);
  return Fd{static_cast<i32>(opened.result.ret)};
}

UserSegment user_bytes(u64 len, Contents contents) {
  return {.data = contents == Contents::kKept ? Payload::of_bytes(std::string(len, 'x'))
                                              : Payload::of_unknown(len),
          .len = len};
}

Call write_call(Fd fd, u64 len, Contents contents) {
  return WriteCall{.fd = fd, .buf = user_bytes(len, contents)};
}

Call read_call(Fd fd, u64 len) { return ReadCall{.fd = fd, .buf = {.data = {}, .len = len}}; }

RealPipe::RealPipe() {
  if (pipe(fds_.data()) != 0) {
    fds_ = {-1, -1};
  }
}

RealPipe::~RealPipe() {
  for (const int fd : fds_) {
    if (fd >= 0) {
      close(fd);
    }
  }
}

RealQueue::RealQueue(u64 msgsize) {
  static const bool own_namespace = unshare(CLONE_NEWIPC) == 0;
  static_cast<void>(own_namespace);
  const std::string name = "/ipcsim-bench-" + std::to_string(getpid());
  mq_attr attr{};
  attr.mq_maxmsg = 10;
  attr.mq_msgsize = static_cast<long>(msgsize);
  queue_ = mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
  if (queue_ >= 0) {
    mq_unlink(name.c_str());
  }
}

RealQueue::~RealQueue() {
  if (queue_ >= 0) {
    mq_close(queue_);
  }
}

u64 allocated_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

u64 watch_resident() {
  malloc_trim(0);
  // 5 sets the highest resident size back to the present one.
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen("/proc/self/clear_refs", "w"), &std::fclose);
  if (file != nullptr) {
    std::fputs("5", file.get());
  }
  return status_bytes("VmRSS:");
}

u64 peak_resident_growth(u64 watched) {
  const u64 peak = status_bytes("VmHWM:");
  return peak > watched ? peak - watched : 0;
}

}  // namespace ipcsim::bench
