// Opening, polling and closing the ends of a pipe or FIFO.
#pragma once

#include "model/base/result.hpp"
#include "model/pipe/effects.hpp"
#include "model/pipe/pipe_inode.hpp"

namespace ipcsim {

/// FMODE_READ and FMODE_WRITE of an open file.
struct PipeMode {
  bool read = false;
  bool write = false;

  bool operator==(const PipeMode&) const = default;
};

/// Bits of a poll mask, as the kernel numbers them (EPOLLIN ...).
inline constexpr u32 kPollIn = 0x001;
inline constexpr u32 kPollOut = 0x004;
inline constexpr u32 kPollErr = 0x008;
inline constexpr u32 kPollHup = 0x010;
inline constexpr u32 kPollRdNorm = 0x040;
inline constexpr u32 kPollWrNorm = 0x100;

/// What poll() sees through a file of `mode`. `f_pipe` is the file's: w_counter when it was opened
/// O_RDONLY | O_NONBLOCK without a writer, else 0. Sets poll_usage.
/// Linux fs/pipe.c: pipe_poll().
[[nodiscard]] u32 pipe_poll_mask(PipeInode& pipe, PipeMode mode, u32 f_pipe);

/// The locals of a FIFO's open() that outlive a sleep.
struct FifoOpen {
  bool waiting = false;
  u32 counter = 0;  ///< the partner's counter when the wait began

  bool operator==(const FifoOpen&) const = default;
};

/// How a section of fifo_open() ended.
struct FifoOpenSection {
  bool asleep = false;       ///< asleep on rd_wait, not exclusively
  Errno error = Errno::kOk;  ///< otherwise the outcome
  u32 f_pipe = 0;            ///< value for the new file's f_pipe
  PipeEffects effects;
};

/// One section of open() on a FIFO, or on a pipe through /proc (`anonymous`: never waits, never
/// ENXIO). The caller has found or made the pipe and counted the file in `files`; on an error it
/// takes the file back. Errors, in the order the kernel tests them:
///   EINVAL       neither read nor write
///   ENXIO        write only, nonblock, no reader
///   ERESTARTSYS  a signal while waiting for a partner that has not come
/// Linux fs/pipe.c: fifo_open(), wait_for_partner().
[[nodiscard]] FifoOpenSection fifo_open_section(PipeInode& pipe, FifoOpen& call, PipeMode mode,
                                                bool nonblock, bool anonymous, bool signal_pending);

/// The last reference to an open file went: readers or writers is counted down, and everybody is
/// woken when exactly one side is left (to 5.5: when anybody is). `files` is counted down by the
/// caller, which frees the pipe at 0. Linux fs/pipe.c: pipe_release().
void pipe_release(PipeInode& pipe, PipeMode mode, PipeEffects& effects,
                  const KernelProfile& profile);

}  // namespace ipcsim
