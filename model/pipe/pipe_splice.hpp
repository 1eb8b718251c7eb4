// splice(), tee(), vmsplice() and sendfile() on the slots of a pipe, one lock-held section at a
// time.
#pragma once

#include <cstddef>
#include <span>

#include "model/base/kernel_profile.hpp"
#include "model/base/page_pool.hpp"
#include "model/base/result.hpp"
#include "model/pipe/effects.hpp"
#include "model/pipe/pipe_inode.hpp"

namespace ipcsim {

/// How a section of a call of the splice family ended. Its sleeps are not exclusive.
enum class SpliceEnd : u8 {
  kReturned,     ///< the call is over; `result` says how
  kReady,        ///< go on with the rest of the section
  kPrepared,     ///< the call goes on in another section; what was seen may be gone by then
  kAsleepOnIn,   ///< asleep on the input's rd_wait
  kAsleepOnOut,  ///< asleep on the output's wr_wait
};

/// The outcome of one section. The effects on the output are carried out first.
struct SpliceSection {
  SpliceEnd end = SpliceEnd::kReturned;
  Result<Bytes> result{Bytes{0}};
  PipeEffects out_effects;
  PipeEffects in_effects;
};

/// What a call between two pipes is at.
enum class SpliceWait : u8 {
  kNothing,  ///< it has not looked yet
  kInput,    ///< asleep for something to move
  kOutput,   ///< asleep for a free slot
  kLocks,    ///< tee(): it has seen both, and copies whatever is there once it holds both locks
};

/// The locals of splice() between two pipes, and of tee(), that outlive a sleep. Whether the call
/// waits is decided when it begins, unlike that of read() and write().
struct PipeToPipe {
  bool nonblock = false;  ///< SPLICE_F_NONBLOCK, or O_NONBLOCK on either file
  SpliceWait waits = SpliceWait::kNothing;

  bool operator==(const PipeToPipe&) const = default;
};

/// One section of splice() from a pipe into another of at least one byte: whole slots move, with
/// their flags; of the last one a part is copied, its page shared, and cannot be merged with.
/// Errors, in the order the kernel tests them:
///   ERESTARTSYS  the input is empty, a signal is pending
///   EAGAIN       the input is empty, it has a writer, nonblock
///   EPIPE        the output is full and has no reader (with kSendSigpipe)
///   EAGAIN       the output is full, nonblock
///   ERESTARTSYS  the output is full, a signal is pending
///   EPIPE        the output has no reader (with kSendSigpipe)
/// An empty input without a writer: 0 bytes. Slots without bytes move along; a call that found
/// nothing else waits, or gives EAGAIN.
/// Linux fs/splice.c: splice_pipe_to_pipe(), ipipe_prep(), opipe_prep().
[[nodiscard]] SpliceSection splice_pipe_to_pipe_section(PipeInode& in, PipeInode& out,
                                                        PipeToPipe& call, u64 len,
                                                        bool signal_pending, PagePool& pages,
                                                        const KernelProfile& profile);

/// One section of tee() of at least one byte. The first ones look at the pipes, as those of
/// splice() do, with its errors; the last copies: the output gets copies of the input's slots,
/// sharing their pages, the input stays as it is. Whoever came between takes bytes or slots away,
/// and the call gives less, or 0 with writers there: unlike splice() it does not look again. Error
/// of the last:
///   EPIPE  the output has no reader (with kSendSigpipe)
/// Linux fs/splice.c: do_tee(), ipipe_prep(), opipe_prep(), link_pipe().
[[nodiscard]] SpliceSection tee_section(PipeInode& in, PipeInode& out, PipeToPipe& call, u64 len,
                                        bool signal_pending, PagePool& pages,
                                        const KernelProfile& profile);

/// The locals of a call that moves bytes out of a pipe, as far as they outlive a sleep. (It sleeps
/// only while it has moved nothing.)
struct SpliceOut {
  bool nonblock = false;
  bool slept = false;

  bool operator==(const SpliceOut&) const = default;
};

/// Some bytes of a slot: what one step of moving out is about.
struct SpliceChunk {
  const std::byte* bytes = nullptr;  ///< null when contents are not kept
  u64 len = 0;
  PageId page = kNoPage;  ///< where they are
  u32 offset = 0;
};

/// Where bytes that leave a pipe go.
class SpliceTarget {
 public:
  virtual ~SpliceTarget() = default;
  /// Takes bytes of one slot or, for a target that writes, of several; says how many.
  virtual Result<Bytes> take(std::span<const SpliceChunk> chunks) = 0;
};

/// How a target is fed.
enum class SpliceFeed : u8 {
  kEachSlot,  ///< slot by slot: /dev/null, a program's memory. Linux: __splice_from_pipe()
  kAsWrite,   ///< as many slots as there are in one write: a file. Linux: iter_file_splice_write()
};

/// One section of moving at most `len` (at least one) bytes out of a pipe. What is taken leaves the
/// pipe, and slots that are used up are freed. Errors, in the order the kernel tests them:
///   ERESTARTSYS  a signal is pending, even if there is data
///   EAGAIN       the pipe is empty, it has a writer, nonblock
///   the target's own
/// Bytes that were moved turn every error into a short count. Empty without a writer: 0 bytes.
/// Linux fs/splice.c: splice_from_pipe_next(), splice_from_pipe_feed(), splice_from_pipe_end().
[[nodiscard]] SpliceSection splice_out_section(PipeInode& in, SpliceOut& call, u64 len,
                                               SpliceFeed feed, SpliceTarget& target,
                                               bool signal_pending, PagePool& pages,
                                               const KernelProfile& profile);

/// The locals of a call that moves bytes into a pipe: it sleeps only for its first free slot.
struct SpliceIn {
  bool nonblock = false;
  bool slept = false;

  bool operator==(const SpliceIn&) const = default;
};

/// Waits for a free slot: kReady when there is one. Errors, in the order the kernel tests them:
///   EPIPE        no reader (with kSendSigpipe)
///   EAGAIN       full, nonblock
///   ERESTARTSYS  full, a signal is pending
/// Linux fs/splice.c: wait_for_space().
[[nodiscard]] SpliceSection wait_for_space(const PipeInode& out, SpliceIn& call,
                                           bool signal_pending);
/// The end of a call that waited with wait_for_space() and then gave `result`.
[[nodiscard]] SpliceSection splice_in_done(Result<Bytes> result);

/// Most bytes that a file may be asked for: no more slots than are free.
/// Linux fs/splice.c: do_splice_read().
[[nodiscard]] u64 splice_room_bytes(const PipeInode& out, u64 len, u32 page_size);

/// A piece of a program's memory within one page.
struct UserPagePiece {
  PageId page = kNoPage;
  u32 offset = 0;
  u32 len = 0;
};

/// Adds one slot a piece until the pipe is full, sharing the pages. `fault`: behind the pieces the
/// memory is not mapped. Returns the bytes added, or EFAULT when there was no piece to add.
/// REQUIRES: the pipe is not full. Linux fs/splice.c: iter_to_pipe(), add_to_pipe().
[[nodiscard]] Result<Bytes> iter_to_pipe(PipeInode& out, std::span<const UserPagePiece> pieces,
                                         bool fault, bool gift, PagePool& pages);

}  // namespace ipcsim
