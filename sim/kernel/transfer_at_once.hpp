// read() and write() of a pipe that are over in one section: the short way through the kernel.
#pragma once

#include <cstddef>
#include <cstring>

#include "model/pipe/pipe_at_once.hpp"
#include "sim/kernel/iovec.hpp"
#include "sim/kernel/wake.hpp"

namespace ipcsim {

/// The pipe of an open file that the task may write (or else read) without further questions, or
/// null.
template <bool kWrite>
[[nodiscard, gnu::always_inline]] inline PipeObject* plain_pipe(KernelState& k, const Task& task,
                                                                Fd fd) {
  FdTable::Entry* entry = k.fd_tables.known(task.files).find(fd);
  if (entry == nullptr || entry->file == kNoFile) {
    return nullptr;
  }
  // Among many pipes file and pipe are both far away: neither waits for the other.
  if (const PipeId hint{entry->pipe_hint}; k.pipes.contains(hint)) {
    const PipeObject& likely = k.pipes.known(hint);
    __builtin_prefetch(&likely.inode);
    __builtin_prefetch(&likely.alone);
  }
  const File& file = k.files.known(entry->file);
  const bool allowed = kWrite ? file.f_mode.write : file.f_mode.read;
  if (file.kind != FileKind::kPipe || !allowed || file.path_only ||
      (file.f_flags & kODirect) != 0) {
    return nullptr;
  }
  entry->pipe_hint = file.pipe.v;
  PipeObject& pipe = k.pipes.known(file.pipe);
  return pipe.alone ? &pipe : nullptr;
}

/// True when nothing keeps the task from entering a call and leaving it again.
[[nodiscard, gnu::always_inline]] inline bool in_user_space(const Task& task) {
  static_assert(static_cast<u8>(TaskState::kIdle) == 0);
  static_assert(sizeof(task.state) + 3 * sizeof(bool) == sizeof(u32));
  // One comparison of four neighbours: state, killed, stop_pending, sigpending.
  u32 reasons = 0;
  std::memcpy(&reasons, reinterpret_cast<const std::byte*>(&task.state), sizeof reasons);
  return reasons == 0 && !task.in_call();
}

/// Carries a write() out if it goes to a pipe and neither fails nor sleeps, and gives the number of
/// bytes; 0: nothing has changed. What `run()` of the call would come to. REQUIRES:
/// in_user_space(task).
[[nodiscard, gnu::always_inline]] inline u32 write_at_once(KernelState& k, Task& task,
                                                           const WriteCall& call) {
  PipeObject* pipe = plain_pipe<true>(k, task, call.fd);
  if (pipe == nullptr) {
    return 0;
  }
  const bool was_empty = pipe_empty(pipe->inode);
  const u32 bytes = pipe_write_at_once(pipe->inode, call.buf, k.pages, *k.profile);
  if (bytes == 0) {
    return 0;
  }
  task.entered = k.now;
  if (!k.wait_queues.known_empty(pipe->rd_wait) &&
      write_wakes_readers(pipe->inode, was_empty, true, *k.profile)) {
    wake_waiters(k, pipe->rd_wait, WakeCount::kOne, kPollIn | kPollRdNorm);
  }
  return bytes;
}

/// A read() that can be carried out in the same way: from which pipe, and how many bytes; 0: no.
struct ReadAtOnce {
  PipeObject* pipe = nullptr;
  u32 bytes = 0;
};
[[nodiscard, gnu::always_inline]] inline ReadAtOnce readable_at_once(KernelState& k,
                                                                     const Task& task,
                                                                     const ReadCall& call) {
  PipeObject* pipe = plain_pipe<false>(k, task, call.fd);
  return {pipe, pipe == nullptr || call.buf.len > kMaxRwCount
                    ? 0
                    : pipe_readable_at_once(pipe->inode, call.buf)};
}

/// Wakes writers of a pipe that was read.
[[gnu::always_inline]] inline void wake_writers(KernelState& k, const PipeObject& pipe,
                                                bool wakes) {
  if (wakes && !k.wait_queues.known_empty(pipe.wr_wait)) {
    wake_waiters(k, pipe.wr_wait, WakeCount::kOne, kPollOut | kPollWrNorm);
  }
}

/// Carries it out, and gives what was read. REQUIRES: read.bytes > 0.
[[nodiscard, gnu::always_inline]] inline Payload read_at_once(KernelState& k,
                                                              const ReadAtOnce& read) {
  PipeObject& pipe = *read.pipe;
  if (k.pages.contents() == Contents::kKept) {
    SharedBytes bytes;
    const std::byte* in_place = pipe_bytes_in_place(pipe.inode, read.bytes, k.pages);
    if (in_place != nullptr) {
      bytes = k.read_bytes.copy_of(in_place, read.bytes);
    }
    wake_writers(k, pipe,
                 pipe_take_at_once(pipe.inode, read.bytes, in_place == nullptr ? &bytes : nullptr,
                                   k.pages, *k.profile));
    return Payload::of_bytes(std::move(bytes));
  }
  wake_writers(k, pipe, pipe_take_at_once(pipe.inode, read.bytes, nullptr, k.pages, *k.profile));
  return Payload::of_unknown(read.bytes);
}

/// How a call went on that found the pipe empty, or full.
enum class WaitAtOnce : u8 {
  kNo,          ///< it is no plain case; nothing has changed
  kAsleep,      ///< the task sleeps
  kWouldBlock,  ///< the call fails: EAGAIN
};
/// A read() of an empty pipe whose writers exist. REQUIRES, here and below: in_user_space(task).
[[nodiscard]] WaitAtOnce wait_for_bytes(KernelState& k, TaskId id, const PipeObject& pipe,
                                        const ReadCall& call);
/// A nonblocking write() of at most a page to a full pipe whose readers exist. It never sleeps
/// here.
[[nodiscard]] WaitAtOnce wait_for_room(KernelState& k, TaskId id, const WriteCall& call);

/// Ends a read() that has slept and now finds bytes, if that is all there is to it. REQUIRES: the
/// task was woken, and runs.
[[nodiscard]] bool finish_at_once(KernelState& k, TaskId id);

}  // namespace ipcsim
