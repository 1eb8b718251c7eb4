#include "model/pipe/pipe_file.hpp"

namespace ipcsim {
namespace {

/// Waits until `counter` moves away from what it was when the wait began.
FifoOpenSection wait_for_partner(FifoOpen& call, u32 counter, FifoOpenSection section) {
  call.waiting = true;
  call.counter = counter;
  section.asleep = true;
  return section;
}

FifoOpenSection open_for_reading(PipeInode& pipe, FifoOpen& call, bool nonblock, bool anonymous) {
  FifoOpenSection section;
  ++pipe.r_counter;
  if (pipe.readers++ == 0) {
    section.effects.add(PipeEffect::kWakeAllRdWait);
  }
  if (anonymous || pipe.writers > 0) {
    return section;
  }
  if (nonblock) {
    section.f_pipe = pipe.w_counter;
    return section;
  }
  return wait_for_partner(call, pipe.w_counter, section);
}

FifoOpenSection open_for_writing(PipeInode& pipe, FifoOpen& call, bool nonblock, bool anonymous) {
  FifoOpenSection section;
  if (!anonymous && nonblock && pipe.readers == 0) {
    section.error = Errno::kENXIO;
    return section;
  }
  ++pipe.w_counter;
  if (pipe.writers++ == 0) {
    section.effects.add(PipeEffect::kWakeAllRdWait);
  }
  if (anonymous || pipe.readers > 0) {
    return section;
  }
  return wait_for_partner(call, pipe.r_counter, section);
}

FifoOpenSection open_for_both(PipeInode& pipe) {
  FifoOpenSection section;
  ++pipe.readers;
  ++pipe.writers;
  ++pipe.r_counter;
  ++pipe.w_counter;
  if (pipe.readers == 1 || pipe.writers == 1) {
    section.effects.add(PipeEffect::kWakeAllRdWait);
  }
  return section;
}

/// After a wake-up: the partner came, or a signal did, or neither.
FifoOpenSection resume(PipeInode& pipe, FifoOpen& call, PipeMode mode, bool signal_pending) {
  FifoOpenSection section;
  const u32 counter = mode.read ? pipe.w_counter : pipe.r_counter;
  if (counter != call.counter) {
    return section;
  }
  if (!signal_pending) {
    section.asleep = true;
    return section;
  }
  section.error = Errno::kERESTARTSYS;
  if (mode.read) {
    if (--pipe.readers == 0) {
      section.effects.add(PipeEffect::kWakeWrWait);
    }
  } else if (--pipe.writers == 0) {
    section.effects.add(PipeEffect::kWakeAllRdWait);
  }
  return section;
}

}  // namespace

u32 pipe_poll_mask(PipeInode& pipe, PipeMode mode, u32 f_pipe) {
  pipe.poll_usage = true;
  u32 mask = 0;
  if (mode.read) {
    if (!pipe_empty(pipe)) {
      mask |= kPollIn | kPollRdNorm;
    }
    if (pipe.writers == 0 && f_pipe != pipe.w_counter) {
      mask |= kPollHup;
    }
  }
  if (mode.write) {
    if (!pipe_full(pipe)) {
      mask |= kPollOut | kPollWrNorm;
    }
    if (pipe.readers == 0) {
      mask |= kPollErr;
    }
  }
  return mask;
}

FifoOpenSection fifo_open_section(PipeInode& pipe, FifoOpen& call, PipeMode mode, bool nonblock,
                                  bool anonymous, bool signal_pending) {
  if (call.waiting) {
    return resume(pipe, call, mode, signal_pending);
  }
  if (mode.read && mode.write) {
    return open_for_both(pipe);
  }
  if (mode.read) {
    return open_for_reading(pipe, call, nonblock, anonymous);
  }
  if (mode.write) {
    return open_for_writing(pipe, call, nonblock, anonymous);
  }
  FifoOpenSection section;
  section.error = Errno::kEINVAL;
  return section;
}

void pipe_release(PipeInode& pipe, PipeMode mode, PipeEffects& effects,
                  const KernelProfile& profile) {
  if (mode.read) {
    --pipe.readers;
  }
  if (mode.write) {
    --pipe.writers;
  }
  const bool somebody = pipe.readers > 0 || pipe.writers > 0;
  const bool one_side = (pipe.readers == 0) != (pipe.writers == 0);
  if (profile.every_close_wakes ? somebody : one_side) {
    effects.add(PipeEffect::kWakeAllRdWait);
    effects.add(PipeEffect::kWakeAllWrWait);
    effects.add(PipeEffect::kSigioReaders);
    effects.add(PipeEffect::kSigioWriters);
  }
}

}  // namespace ipcsim
