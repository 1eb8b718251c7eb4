#include "tools/host/measure/tracepoints.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <charconv>

namespace ipcsim::host {
namespace {

/// The folder of a trace file system that is mounted nowhere, or -1: it goes with the descriptor.
int own_tracefs() {
  const auto context = static_cast<int>(syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC));
  if (context < 0) {
    return -1;
  }
  int folder = -1;
  if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0) {
    folder = static_cast<int>(syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0));
  }
  close(context);
  return folder;
}

std::optional<u64> read_id(int folder, const char* path) {
  const int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return std::nullopt;
  }
  std::array<char, 32> text{};
  const ssize_t length = read(fd, text.data(), text.size());
  close(fd);
  u64 id = 0;
  if (length <= 0 || std::from_chars(text.data(), text.data() + length, id).ec != std::errc{}) {
    return std::nullopt;
  }
  return id;
}

}  // namespace

std::optional<Tracepoints> find_tracepoints() {
  int folder = open("/sys/kernel/tracing", O_PATH | O_DIRECTORY | O_CLOEXEC);
  auto waking = read_id(folder, "events/sched/sched_waking/id");
  if (!waking) {
    close(folder);
    folder = own_tracefs();
    waking = read_id(folder, "events/sched/sched_waking/id");
  }
  const auto allocation = read_id(folder, "events/kmem/mm_page_alloc/id");
  close(folder);
  if (!waking || !allocation) {
    return std::nullopt;
  }
  const Tracepoints found{*waking, *allocation};
  if (!TracepointCounter(found.sched_waking).counts()) {
    return std::nullopt;
  }
  return found;
}

TracepointCounter::TracepointCounter(u64 tracepoint, const char* filter) {
  perf_event_attr attr{};
  attr.type = PERF_TYPE_TRACEPOINT;
  attr.size = sizeof attr;
  attr.config = tracepoint;
  fd_ = static_cast<int>(syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
  if (fd_ >= 0 && filter != nullptr && ioctl(fd_, PERF_EVENT_IOC_SET_FILTER, filter) != 0) {
    close(std::exchange(fd_, -1));
  }
}

TracepointCounter::~TracepointCounter() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

void TracepointCounter::pause() const { ioctl(fd_, PERF_EVENT_IOC_DISABLE, 0); }

void TracepointCounter::resume() const { ioctl(fd_, PERF_EVENT_IOC_ENABLE, 0); }

u64 TracepointCounter::value() const {
  u64 count = 0;
  return fd_ >= 0 && read(fd_, &count, sizeof count) == sizeof count ? count : 0;
}

}  // namespace ipcsim::host
