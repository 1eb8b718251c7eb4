// Bytes that come into a pipe from something that is none. Linux fs/splice.c.
#include <algorithm>

#include "model/pipe/pipe_io.hpp"
#include "model/pipe/pipe_splice.hpp"

namespace ipcsim {

SpliceSection wait_for_space(const PipeInode& out, SpliceIn& call, bool signal_pending) {
  SpliceSection section;
  if (call.slept && !pipe_writable(out) && !signal_pending) {
    section.end = SpliceEnd::kAsleepOnOut;
    return section;
  }
  if (out.readers == 0) {
    section.out_effects.add(PipeEffect::kSendSigpipe);
    section.result = fail(Errno::kEPIPE);
  } else if (!pipe_full(out)) {
    section.end = SpliceEnd::kReady;
  } else if (call.nonblock) {
    section.result = fail(Errno::kEAGAIN);
  } else if (signal_pending) {
    section.result = fail(Errno::kERESTARTSYS);
  } else {
    call.slept = true;
    section.end = SpliceEnd::kAsleepOnOut;
  }
  return section;
}

SpliceSection splice_in_done(Result<Bytes> result) {
  SpliceSection section;
  section.result = result;
  if (result && result->v > 0) {
    section.out_effects.add(PipeEffect::kWakeRdWaitAny);
    section.out_effects.add(PipeEffect::kSigioReaders);
  }
  return section;
}

u64 splice_room_bytes(const PipeInode& out, u64 len, u32 page_size) {
  const u64 free_slots = out.max_usage - std::min(out.max_usage, pipe_occupancy(out));
  return std::min(len, free_slots * page_size);
}

Result<Bytes> iter_to_pipe(PipeInode& out, std::span<const UserPagePiece> pieces, bool fault,
                           bool gift, PagePool& pages) {
  if (pieces.empty()) {
    return fault ? Result<Bytes>{fail(Errno::kEFAULT)} : Bytes{0};
  }
  u64 done = 0;
  for (const UserPagePiece& piece : pieces) {
    if (pipe_full(out)) {
      break;
    }
    pages.get(piece.page);
    pipe_push(out, {.page = piece.page,
                    .offset = piece.offset,
                    .len = piece.len,
                    .ops = PipeBufOps::kUserPage,
                    .flags = gift ? kPipeBufFlagGift : u8{0}});
    done += piece.len;
  }
  return Bytes{done};
}

}  // namespace ipcsim
