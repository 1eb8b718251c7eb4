// read() and write() of a pipe that are over in one section: the short way through the kernel.
#pragma once

#include <cstddef>
#include <cstring>

#include "model/pipe/pipe_at_once.hpp"
#include "sim/kernel/iovec.hpp"
#include "sim/kernel/wake.hpp"

namespace ipcsim {

/// Asks the file behind a descriptor what the entry is to know. Linux fs/file.c: fdget(),
/// fs/pipe.c: is_packetized().
void learn_pipe(const KernelState& k, FdTable::Entry& entry);

/// The pipe of an open file that the task may write (or else read) without further questions, or
/// null.
template <bool kWrite>
[[nodiscard, gnu::always_inline]] inline PipeObject* plain_pipe(KernelState& k, const Task& task,
                                                                Fd fd) {
  FdTable& table = k.fd_tables.known(task.files);
  if (!table.has_entry(fd)) {
    return nullptr;
  }
  FdTable::Entry& entry = table.entry(fd);
  const auto allowed = [&entry] { return kWrite ? entry.writes_pipe : entry.reads_pipe; };
  if (!allowed()) [[unlikely]] {
    learn_pipe(k, entry);
    if (!allowed()) {
      return nullptr;
    }
  }
  PipeObject& pipe = k.pipes.known(PipeId{entry.pipe});
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
  PipeBuffer* buf = nullptr;  ///< its next slot
  u32 bytes = 0;
};
/// The same of a pipe that is known.
[[nodiscard, gnu::always_inline]] inline ReadAtOnce readable_at_once(PipeObject& pipe,
                                                                     const ReadCall& call) {
  PipeBuffer& buf = pipe.inode.slot(pipe.inode.tail);
  const bool longest = call.buf.len > kMaxRwCount;
  return {&pipe, &buf, longest ? 0 : pipe_readable_at_once(pipe.inode, buf, call.buf)};
}
[[nodiscard, gnu::always_inline]] inline ReadAtOnce readable_at_once(KernelState& k,
                                                                     const Task& task,
                                                                     const ReadCall& call) {
  PipeObject* pipe = plain_pipe<false>(k, task, call.fd);
  return pipe == nullptr ? ReadAtOnce{} : readable_at_once(*pipe, call);
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
    const std::byte* in_place = pipe_bytes_in_place(*read.buf, read.bytes, k.pages);
    if (in_place != nullptr) {
      bytes = k.read_bytes.copy_of(in_place, read.bytes);
    }
    wake_writers(k, pipe,
                 pipe_take_at_once(pipe.inode, *read.buf, read.bytes,
                                   in_place == nullptr ? &bytes : nullptr, k.pages, *k.profile));
    return Payload::of_bytes(std::move(bytes));
  }
  wake_writers(k, pipe,
               pipe_take_at_once(pipe.inode, *read.buf, read.bytes, nullptr, k.pages, *k.profile));
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

/// Where a call that ends on a short way puts its result.
[[nodiscard]] inline SysResult& completion_at_once(KernelState& k, TaskId id) {
  Completion& completion = k.completions.emplace_back();
  completion.task = id;
  return completion.result;
}
/// Ends a receive that a sender has completed, if that is all there is to it.
[[nodiscard]] bool end_receive_at_once(KernelState& k, TaskId id, MqReceiveInProgress& progress);
/// Ends a read() that has slept and now finds bytes, or a receive that was handed a message, if
/// that is all there is to it. REQUIRES: the task was woken, and runs.
[[nodiscard]] bool finish_at_once(KernelState& k, TaskId id);

}  // namespace ipcsim
