// What the calls of the splice family share.
#pragma once

#include "model/pipe/pipe_splice.hpp"
#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// All SPLICE_F_* bits.
inline constexpr u32 kSpliceFlags = kSpliceMove | kSpliceNonblock | kSpliceMore | kSpliceGift;

/// Carries out what a section asks for: puts the task to sleep, or applies the effects and gives
/// the result. `in` and `out` are the pipes, kNoPipe where there is none.
Section finish_splice(KernelState& k, TaskId id, const SpliceInProgress& progress,
                      const SpliceSection& section, PipeId in, PipeId out);

/// sendfile() into something that is no pipe, by way of a pipe that nobody sees. The checks of the
/// descriptors are done. Errors, in the order the kernel tests them:
///   EINVAL  the output's position and `count`; the output is open O_APPEND; the input is a pipe
///   the input's splice_read
///   EINVAL  the output has no splice_write
///   the output's write
/// Linux fs/splice.c: do_splice_direct(), splice_direct_to_actor().
Section send_to_file(KernelState& k, TaskId id, const SpliceInProgress& progress,
                     const SendfileCall& call);

/// sendfile() into a pipe as it was to 5.11: by way of a pipe that nobody sees, out of which the
/// bytes are written into the other as by write(). Waiting in it is not modelled.
/// Errors as send_to_file(), and those of write().
Section send_by_copies(KernelState& k, TaskId id, const SpliceInProgress& progress,
                       const SendfileCall& call);

/// Where a file's side begins: the value of a pointer, or the file's position.
/// Errors: EINVAL for a length or place that is negative, or an end that is too far.
/// Linux fs/read_write.c: rw_verify_area().
[[nodiscard]] Result<u64> place(const UserPtr<i64>& offset, const File& file, u64 len);
/// Gives the place where a file goes on to the pointer, or to the file.
void tell_place(File& file, u64 pos, const UserPtr<i64>& pointer, std::optional<i64>& told);

}  // namespace ipcsim
