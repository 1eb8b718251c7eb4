#include "tools/host/whitebox/task_finder.hpp"

#include <sys/syscall.h>
#include <unistd.h>

namespace ipcsim::host {
namespace {

/// Threads of a process that are looked at.
constexpr std::size_t kMostThreads = 4096;

u32 number_at(const KernelLayout& layout, u32 level) {
  return layout.pid.numbers + level * layout.pid.number_size + layout.pid.nr;
}

/// The `struct pid` behind a pidfd of this process. Where it hangs on the file depends on the
/// kernel: what has the right number is it.
std::optional<u64> pid_behind(Peek& peek, const KernelLayout& layout, u32 level, u32 pidfd,
                              i32 number) {
  peek.begin();
  const Peeked file = ask_file(peek, layout, Peek::current(), pidfd);
  const Peeked of_file = peek.follow(file, 0, layout.file.private_data, sizeof(u64));
  const Peeked inode = peek.follow(file, 0, layout.file.f_inode, sizeof(u64));
  const Peeked of_inode = peek.follow(inode, 0, layout.inode.i_private, sizeof(u64));
  const Peeked candidates[] = {of_inode, of_file};
  Peeked numbers[2];
  for (int i = 0; i < 2; ++i) {
    numbers[i] = peek.follow(candidates[i], 0, number_at(layout, level), sizeof(i32));
  }
  if (!peek.run()) {
    return std::nullopt;
  }
  for (int i = 0; i < 2; ++i) {
    if (peek.ok(numbers[i]) && peek.get<i32>(numbers[i]) == number) {
      return peek.get<u64>(candidates[i]);
    }
  }
  return std::nullopt;
}

/// The thread of `leader`'s process that has the number `tid`.
std::optional<u64> find_thread(Peek& peek, const KernelLayout& layout, u32 level, u64 leader,
                               i32 tid) {
  peek.begin();
  const Peeked signal = peek.ask(leader + layout.task.signal, sizeof(u64));
  const Peeked first = peek.follow(signal, 0, layout.signal.thread_head, sizeof(u64));
  if (!peek.run() || !peek.ok(first)) {
    return std::nullopt;
  }
  const u64 end = peek.get<u64>(signal) + layout.signal.thread_head;
  u64 next = peek.get<u64>(first);
  for (std::size_t i = 0; i < kMostThreads && next != end; ++i) {
    const u64 task = next - layout.task.thread_node;
    peek.begin();
    const Peeked pid = peek.ask(task + layout.task.thread_pid, sizeof(u64));
    const Peeked number = peek.follow(pid, 0, number_at(layout, level), sizeof(i32));
    const Peeked link = peek.ask(next, sizeof(u64));
    if (!peek.run() || !peek.ok(link)) {
      return std::nullopt;
    }
    if (peek.ok(number) && peek.get<i32>(number) == tid) {
      return task;
    }
    next = peek.get<u64>(link);
  }
  return std::nullopt;
}

}  // namespace

Peeked ask_file(Peek& peek, const KernelLayout& layout, Peeked task, u32 fd) {
  const Peeked files = peek.follow(task, 0, layout.task.files, sizeof(u64));
  const Peeked table = peek.follow(files, 0, layout.files.fdt, sizeof(u64));
  const Peeked array = peek.follow(table, 0, layout.fdtable.fd, sizeof(u64));
  return peek.follow(array, 0, u64{fd} * sizeof(u64), sizeof(u64));
}

std::optional<u32> own_pid_level(Peek& peek, const KernelLayout& layout) {
  peek.begin();
  const Peeked pid = peek.follow(Peek::current(), 0, layout.task.thread_pid, sizeof(u64));
  const Peeked level = peek.follow(pid, 0, layout.pid.level, sizeof(u32));
  constexpr u32 kDeepest = 32;  // MAX_PID_NS_LEVEL
  if (!peek.run() || !peek.ok(level) || peek.get<u32>(level) > kDeepest) {
    return std::nullopt;
  }
  return peek.get<u32>(level);
}

std::optional<u64> find_task(Peek& peek, const KernelLayout& layout, u32 level, i32 tgid, i32 tid) {
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, tgid, 0));
  if (pidfd < 0) {
    return std::nullopt;
  }
  const auto pid = pid_behind(peek, layout, level, static_cast<u32>(pidfd), tgid);
  close(pidfd);
  if (!pid) {
    return std::nullopt;
  }
  peek.begin();
  const Peeked first = peek.ask(*pid + layout.pid.first_task, sizeof(u64));
  if (!peek.run() || !peek.ok(first) || peek.get<u64>(first) == 0) {
    return std::nullopt;
  }
  const u64 leader = peek.get<u64>(first) - layout.task.pid_link;
  return tid == tgid ? leader : find_thread(peek, layout, level, leader, tid);
}

}  // namespace ipcsim::host
