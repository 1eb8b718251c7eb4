// What the benchmarks share: a simulated system, the real objects beside it, and counting memory.
#pragma once

#include <mqueue.h>

#include <array>
#include <cstddef>
#include <string>

#include "model/base/check.hpp"
#include "model/base/payload.hpp"
#include "model/base/user_memory.hpp"
#include "sim/kernel/kernel.hpp"

namespace ipcsim::bench {

/// The first task of every simulated system here.
inline constexpr TaskId kTask{1};

/// A system of one task that may have any number of descriptors, pipes and queues.
[[nodiscard]] Kernel one_task_kernel(Contents contents);

/// Makes a call that returns, and takes its result. REQUIRES: the task is idle.
[[gnu::always_inline]] inline Section call(Kernel& kernel, TaskId task, const Call& call) {
  Section section = kernel.syscall(task, call);
  IPCSIM_CHECK(section.end == Section::End::kReturned);
  return section;
}
/// Makes a call that sleeps.
void call_and_sleep(Kernel& kernel, TaskId task, const Call& call);
/// Runs the first runnable task's section, which ends its call; returns what the call gave.
SysResult finish_first(Kernel& kernel);

/// pipe2() by `kTask`.
[[nodiscard]] PipeFds make_pipe(Kernel& kernel, OpenFlags flags = {});
/// mq_open() of a new queue by `kTask`.
[[nodiscard]] Fd make_queue(Kernel& kernel, const std::string& name, i64 maxmsg, u64 msgsize);

/// `len` bytes that a program has in memory: real ones, or a length alone.
[[nodiscard]] UserSegment user_bytes(u64 len, Contents contents);
[[nodiscard]] Call write_call(Fd fd, u64 len, Contents contents);
[[nodiscard]] Call read_call(Fd fd, u64 len);

/// A real pipe, closed at the end of the scope.
class RealPipe {
 public:
  RealPipe();
  RealPipe(const RealPipe&) = delete;
  RealPipe& operator=(const RealPipe&) = delete;
  ~RealPipe();
  [[nodiscard]] bool open() const { return fds_[0] >= 0; }
  [[nodiscard]] int read_end() const { return fds_[0]; }
  [[nodiscard]] int write_end() const { return fds_[1]; }

 private:
  std::array<int, 2> fds_{-1, -1};
};

/// A real queue without a name, in an IPC namespace of its own where that is allowed.
class RealQueue {
 public:
  explicit RealQueue(u64 msgsize);
  RealQueue(const RealQueue&) = delete;
  RealQueue& operator=(const RealQueue&) = delete;
  ~RealQueue();
  [[nodiscard]] bool open() const { return queue_ >= 0; }
  [[nodiscard]] mqd_t get() const { return queue_; }

 private:
  mqd_t queue_ = -1;
};

/// Bytes that malloc() has handed out and not got back, with its own records.
[[nodiscard]] u64 allocated_bytes();
/// Starts watching resident memory; `peak_resident_growth()` says by how much it grew at most.
[[nodiscard]] u64 watch_resident();
[[nodiscard]] u64 peak_resident_growth(u64 watched);

/// A repeatable stream of numbers (xorshift64*).
class Random {
 public:
  explicit Random(u64 seed) : state_(seed) {}
  u64 next() {
    state_ ^= state_ >> 12U;
    state_ ^= state_ << 25U;
    state_ ^= state_ >> 27U;
    return state_ * 0x2545f4914f6cdd1dU;
  }
  /// A number below `bound`, which is less than 2^32.
  u32 below(u32 bound) { return static_cast<u32>(((next() >> 32U) * bound) >> 32U); }

 private:
  u64 state_;
};

}  // namespace ipcsim::bench
