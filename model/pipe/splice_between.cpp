// splice() and tee() from one pipe to another. Linux fs/splice.c.
#include <algorithm>

#include "model/pipe/pipe_io.hpp"
#include "model/pipe/pipe_splice.hpp"

namespace ipcsim {
namespace {

SpliceSection ready() {
  SpliceSection section;
  section.end = SpliceEnd::kReady;
  return section;
}

SpliceSection failed(Errno error) {
  SpliceSection section;
  section.result = fail(error);
  return section;
}

SpliceSection broken_pipe() {
  SpliceSection section = failed(Errno::kEPIPE);
  section.out_effects.add(PipeEffect::kSendSigpipe);
  return section;
}

SpliceSection asleep(PipeToPipe& call, SpliceWait waits) {
  call.waits = waits;
  SpliceSection section;
  section.end = waits == SpliceWait::kInput ? SpliceEnd::kAsleepOnIn : SpliceEnd::kAsleepOnOut;
  return section;
}

/// Linux fs/splice.c: ipipe_prep().
SpliceSection input_ready(const PipeInode& in, PipeToPipe& call, bool signal_pending) {
  if (!pipe_empty(in)) {
    return ready();
  }
  if (signal_pending) {
    return failed(Errno::kERESTARTSYS);
  }
  if (in.writers == 0) {
    return ready();
  }
  return call.nonblock ? failed(Errno::kEAGAIN) : asleep(call, SpliceWait::kInput);
}

/// Linux fs/splice.c: opipe_prep().
SpliceSection output_ready(const PipeInode& out, PipeToPipe& call, bool signal_pending) {
  if (!pipe_full(out)) {
    return ready();
  }
  if (out.readers == 0) {
    return broken_pipe();
  }
  if (call.nonblock) {
    return failed(Errno::kEAGAIN);
  }
  return signal_pending ? failed(Errno::kERESTARTSYS) : asleep(call, SpliceWait::kOutput);
}

/// Waits until there is something to move and a slot for it, as far as that was seen without
/// holding both locks.
SpliceSection both_ready(const PipeInode& in, const PipeInode& out, PipeToPipe& call,
                         bool signal_pending) {
  // pipe_wait_readable() and pipe_wait_writable() sleep on until what they wait for is there.
  if (call.waits == SpliceWait::kInput && !pipe_readable(in) && !signal_pending) {
    return asleep(call, SpliceWait::kInput);
  }
  if (call.waits == SpliceWait::kOutput && !pipe_writable(out) && !signal_pending) {
    return asleep(call, SpliceWait::kOutput);
  }
  if (call.waits != SpliceWait::kOutput) {
    SpliceSection input = input_ready(in, call, signal_pending);
    if (input.end != SpliceEnd::kReady) {
      return input;
    }
  }
  SpliceSection output = output_ready(out, call, signal_pending);
  if (output.end == SpliceEnd::kReady) {
    call.waits = SpliceWait::kNothing;
  }
  return output;
}

/// The output's copy of a slot: the page is shared, so it can be neither given away nor (since
/// 5.1) merged with.
void push_copy(PipeInode& out, const PipeBuffer& buf, u32 len, PagePool& pages,
               const KernelProfile& profile) {
  pipe_buf_get(buf, pages);
  PipeBuffer copy = buf;
  copy.flags &=
      static_cast<u8>(~(kPipeBufFlagGift | (profile.tee_copy_merges ? 0U : kPipeBufFlagCanMerge)));
  copy.len = len;
  pipe_push(out, copy);
}

SpliceSection moved(u64 bytes, bool freed_a_slot) {
  SpliceSection section;
  section.result = Bytes{bytes};
  if (bytes > 0) {
    section.out_effects.add(PipeEffect::kWakeRdWaitAny);
    section.out_effects.add(PipeEffect::kSigioReaders);
  }
  if (freed_a_slot) {
    section.in_effects.add(PipeEffect::kWakeWrWaitAny);
    section.in_effects.add(PipeEffect::kSigioWriters);
  }
  return section;
}

/// Moves slots while both pipes allow it. REQUIRES: neither was found empty or full.
SpliceSection move_slots(PipeInode& in, PipeInode& out, u64 len, PagePool& pages,
                         const KernelProfile& profile) {
  u64 done = 0;
  bool freed_a_slot = false;
  while (done < len && !pipe_empty(in) && !pipe_full(out)) {
    PipeBuffer& buf = in.slot(in.tail);
    const u64 left = len - done;
    if (left >= buf.len) {
      done += buf.len;
      pipe_push(out, buf);
      buf.ops = PipeBufOps::kNone;
      ++in.tail;
      freed_a_slot = true;
    } else {
      push_copy(out, buf, static_cast<u32>(left), pages, profile);
      buf.offset += static_cast<u32>(left);
      buf.len -= static_cast<u32>(left);
      done = len;
    }
  }
  return moved(done, freed_a_slot);
}

}  // namespace

SpliceSection splice_pipe_to_pipe_section(PipeInode& in, PipeInode& out, PipeToPipe& call, u64 len,
                                          bool signal_pending, PagePool& pages,
                                          const KernelProfile& profile) {
  PipeEffects freed;
  for (;;) {
    SpliceSection prepared = both_ready(in, out, call, signal_pending);
    if (prepared.end != SpliceEnd::kReady) {
      prepared.in_effects.add(freed);
      return prepared;
    }
    SpliceSection section;
    if (out.readers == 0) {
      section = broken_pipe();
    } else if (pipe_empty(in) && in.writers == 0) {
      section = moved(0, false);
    } else if (!pipe_empty(in) && !pipe_full(out)) {
      section = move_slots(in, out, len, pages, profile);
      if (section.result->v == 0) {  // nothing but slots without bytes
        freed = section.in_effects;
        if (!call.nonblock) {
          continue;
        }
        section = failed(Errno::kEAGAIN);
      }
    } else if (call.nonblock) {
      // The input was emptied while this call slept for the output: it starts over.
      section = failed(Errno::kEAGAIN);
    } else {
      continue;
    }
    section.in_effects.add(freed);
    return section;
  }
}

SpliceSection tee_section(PipeInode& in, PipeInode& out, PipeToPipe& call, u64 len,
                          bool signal_pending, PagePool& pages, const KernelProfile& profile) {
  if (call.waits != SpliceWait::kLocks) {
    SpliceSection prepared = both_ready(in, out, call, signal_pending);
    if (prepared.end == SpliceEnd::kReady) {
      call.waits = SpliceWait::kLocks;
      prepared.end = SpliceEnd::kPrepared;
    }
    return prepared;
  }
  if (out.readers == 0) {
    return broken_pipe();
  }
  u64 done = 0;
  for (u32 index = in.tail; index != in.head && done < len && !pipe_full(out); ++index) {
    const PipeBuffer& buf = in.slot(index);
    const u64 part = std::min<u64>(buf.len, len - done);
    push_copy(out, buf, static_cast<u32>(part), pages, profile);
    done += part;
  }
  return moved(done, false);
}

}  // namespace ipcsim
