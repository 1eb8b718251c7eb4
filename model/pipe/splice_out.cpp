// Bytes that leave a pipe for something that is none. Linux fs/splice.c.
#include <algorithm>
#include <utility>
#include <vector>

#include "model/pipe/pipe_io.hpp"
#include "model/pipe/pipe_splice.hpp"

namespace ipcsim {
namespace {

/// One call's section: the pipe, and the locals of a `splice_desc`.
class Out {
 public:
  Out(PipeInode& pipe, SpliceOut& call, u64 len, bool signal_pending, PagePool& pages,
      const KernelProfile& profile)
      : pipe_(pipe),
        call_(call),
        left_(len),
        signal_pending_(signal_pending),
        resumes_(call.slept),
        pages_(pages),
        profile_(profile) {}

  /// Feeds the target until there is no more to take. kReturned holds the last step's outcome.
  SpliceSection run(SpliceFeed feed, SpliceTarget& target) {
    SpliceSection section;
    while (left_ > 0) {
      section = next();
      if (section.end != SpliceEnd::kReady) {
        break;
      }
      section.end = SpliceEnd::kReturned;
      const Result<Bytes> fed = feed == SpliceFeed::kEachSlot ? feed_slots(target) : write(target);
      if (!fed || fed->v == 0) {
        section.result = fed;
        break;
      }
    }
    if (section.end == SpliceEnd::kReturned) {
      finish(section);
    }
    return section;
  }

 private:
  /// kReady when there is a slot with data. Linux fs/splice.c: splice_from_pipe_next().
  SpliceSection next() {
    SpliceSection section;
    // A call that slept goes on where it did: there only an empty pipe has it ask for signals.
    if (signal_pending_ && !std::exchange(resumes_, false)) {
      section.result = fail(Errno::kERESTARTSYS);
      return section;
    }
    eat_empty_slots();
    if (!pipe_empty(pipe_)) {
      section.end = SpliceEnd::kReady;
      return section;
    }
    if (pipe_.writers == 0 || done_ > 0) {
      return section;
    }
    if (call_.nonblock) {
      section.result = fail(Errno::kEAGAIN);
      return section;
    }
    if (signal_pending_) {
      section.result = fail(Errno::kERESTARTSYS);
      return section;
    }
    call_.slept = true;
    section.end = SpliceEnd::kAsleepOnIn;
    return section;
  }

  /// Linux fs/splice.c: eat_empty_buffer().
  void eat_empty_slots() {
    while (profile_.splice_drops_empty_slots && !pipe_empty(pipe_) &&
           pipe_.slot(pipe_.tail).len == 0) {
      release_tail();
    }
  }

  /// Says 0 to end the call. Linux fs/splice.c: splice_from_pipe_feed().
  Result<Bytes> feed_slots(SpliceTarget& target) {
    while (!pipe_empty(pipe_) && left_ > 0) {
      const SpliceChunk chunk = chunk_of(pipe_.slot(pipe_.tail), left_);
      const Result<Bytes> taken = chunk.len == 0 ? Bytes{0} : target.take({&chunk, 1});
      if (!taken || taken->v == 0) {
        return taken;
      }
      consume(taken->v);
    }
    return Bytes{left_ > 0 ? done_ : 0};
  }

  /// Linux fs/splice.c: iter_file_splice_write().
  Result<Bytes> write(SpliceTarget& target) {
    std::vector<SpliceChunk> chunks;
    u64 room = left_;
    for (u32 index = pipe_.tail; index != pipe_.head && room > 0; ++index) {
      const SpliceChunk chunk = chunk_of(pipe_.slot(index), room);
      if (chunk.len > 0) {
        chunks.push_back(chunk);
        room -= chunk.len;
      }
    }
    if (chunks.empty()) {
      return Bytes{0};  // slots without bytes, which older kernels kept
    }
    const Result<Bytes> written = target.take(chunks);
    if (written) {
      consume(written->v);
    }
    return written;
  }

  [[nodiscard]] SpliceChunk chunk_of(const PipeBuffer& buf, u64 room) const {
    return {.bytes = pipe_buf_bytes(buf, pages_),
            .len = std::min<u64>(buf.len, room),
            .page = buf.page,
            .offset = buf.offset};
  }

  /// Drops `bytes` bytes from the front; slots that are used up are freed.
  void consume(u64 bytes) {
    done_ += bytes;
    left_ -= bytes;
    while (bytes > 0) {
      PipeBuffer& buf = pipe_.slot(pipe_.tail);
      const u32 part = static_cast<u32>(std::min<u64>(buf.len, bytes));
      buf.offset += part;
      buf.len -= part;
      bytes -= part;
      if (buf.len == 0) {
        release_tail();
        need_wakeup_ = true;
      }
    }
  }

  void release_tail() {
    pipe_buf_release(pipe_, pipe_.slot(pipe_.tail), pages_, profile_);
    ++pipe_.tail;
  }

  /// Linux fs/splice.c: splice_from_pipe_end().
  void finish(SpliceSection& section) const {
    if (need_wakeup_) {
      section.in_effects.add(PipeEffect::kWakeWrWaitAny);
      section.in_effects.add(PipeEffect::kSigioWriters);
    }
    if (done_ > 0) {
      section.result = Bytes{done_};
    }
  }

  PipeInode& pipe_;
  SpliceOut& call_;
  u64 left_;
  u64 done_ = 0;
  bool need_wakeup_ = false;
  bool signal_pending_;
  bool resumes_;  ///< the call has slept, and comes to the first slot since
  PagePool& pages_;
  const KernelProfile& profile_;
};

}  // namespace

SpliceSection splice_out_section(PipeInode& in, SpliceOut& call, u64 len, SpliceFeed feed,
                                 SpliceTarget& target, bool signal_pending, PagePool& pages,
                                 const KernelProfile& profile) {
  if (call.slept && !pipe_readable(in) && !signal_pending) {
    SpliceSection section;
    section.end = SpliceEnd::kAsleepOnIn;
    return section;
  }
  return Out(in, call, len, signal_pending, pages, profile).run(feed, target);
}

}  // namespace ipcsim
