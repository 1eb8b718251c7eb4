// write() and read() on a pipe, one lock-held section at a time.
#pragma once

#include <optional>

#include "model/base/kernel_profile.hpp"
#include "model/base/page_pool.hpp"
#include "model/base/result.hpp"
#include "model/base/user_memory.hpp"
#include "model/pipe/effects.hpp"
#include "model/pipe/pipe_inode.hpp"

namespace ipcsim {

/// How a lock-held section of a call ended.
enum class PipeSectionEnd : u8 {
  kReturned,  ///< the call is over; `result` says how
  kAsleep,    ///< exclusively asleep on rd_wait (read) or wr_wait (write)
};

/// The outcome of one section. Effects come after the lock is dropped and before the task sleeps or
/// returns.
struct PipeSection {
  PipeSectionEnd end = PipeSectionEnd::kReturned;
  Result<Bytes> result{Bytes{0}};
  PipeEffects effects;
};

/// What a section needs to know about the call's open file and its task, as they are now.
struct PipeIoContext {
  bool nonblock = false;        ///< O_NONBLOCK on the file, or RWF_NOWAIT
  bool packets = false;         ///< O_DIRECT on the file (write only)
  bool nosignal = false;        ///< RWF_NOSIGNAL (write only)
  bool signal_pending = false;  ///< a deliverable signal is waiting for the task
};

/// The locals of a write() that outlive a sleep.
struct PipeWrite {
  u64 done = 0;            ///< bytes in the pipe so far
  bool slept = false;      ///< the next section follows a sleep (`wake_next_writer`)
  bool was_empty = false;  ///< the pipe was empty when the lock was last taken
  bool changed = false;    ///< it changed something that readers were not told of (`do_wakeup`)
  bool counted = false;    ///< it is one of the pipe's `waiting_writers`
  u8 preallocated = 0;     ///< pages taken before the lock and not used yet

  bool operator==(const PipeWrite&) const = default;
};

/// What a write() of `len` bytes to a notification pipe says, if it says it now: EXDEV, before
/// everything else or (to 6.7) behind the tests for no bytes and for no reader.
/// Linux fs/pipe.c: pipe_write().
[[nodiscard]] std::optional<PipeSection> refuse_notification_write(const PipeInode& pipe, u64 len,
                                                                   const PipeIoContext& context,
                                                                   const KernelProfile& profile);

/// One section of write(2)/writev(2) with at least one byte to write: up to the return or the next
/// sleep. After a sleep the caller runs it again, however the task was woken.
/// Errors, in the order the kernel tests them:
///   EPIPE        no reader (with kSendSigpipe unless nosignal)
///   EFAULT       the bytes to merge, or the first page, cannot be read
///   EAGAIN       no free slot, nonblock
///   ERESTARTSYS  no free slot, a signal is pending
/// Bytes already in the pipe turn every error into a short count.
/// Linux fs/pipe.c: anon_pipe_write().
[[nodiscard]] PipeSection pipe_write_section(PipeInode& pipe, PipeWrite& call,
                                             std::span<const UserSegment> from,
                                             const PipeIoContext& context, PagePool& pages,
                                             const KernelProfile& profile);

/// The condition that a sleeping writer waits for. Linux fs/pipe.c: pipe_writable().
[[nodiscard]] constexpr bool pipe_writable(const PipeInode& pipe) {
  return !pipe_full(pipe) || pipe.readers == 0;
}

/// The locals of a read() that outlive a sleep. (It sleeps with bytes in hand only where it waits
/// for sleeping writers.)
struct PipeRead {
  u64 done = 0;              ///< bytes taken so far
  bool slept = false;        ///< the next section follows a sleep (`wake_next_reader`)
  bool wake_writer = false;  ///< writers are to be told of a freed slot (`wake_writer`, `was_full`)

  bool operator==(const PipeRead&) const = default;
};

/// One section of read(2)/readv(2) with at least one byte of room. Bytes that arrive are appended
/// to `*out` (null when contents are not kept). Errors, in the order the kernel tests them:
///   EFAULT       there is data, but the buffer cannot be written
///   EAGAIN       no data, a writer exists, nonblock
///   ERESTARTSYS  no data after a sleep, and a signal is pending
/// No data and no writer: 0 bytes. Linux fs/pipe.c: anon_pipe_read().
[[nodiscard]] PipeSection pipe_read_section(PipeInode& pipe, PipeRead& call,
                                            std::span<const UserSegment> to, SharedBytes* out,
                                            const PipeIoContext& context, PagePool& pages,
                                            const KernelProfile& profile);

/// The condition that a sleeping reader waits for. Linux fs/pipe.c: pipe_readable().
[[nodiscard]] constexpr bool pipe_readable(const PipeInode& pipe) {
  return !pipe_empty(pipe) || pipe.writers == 0;
}

}  // namespace ipcsim
