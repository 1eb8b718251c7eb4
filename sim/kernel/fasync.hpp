// O_ASYNC: who is sent a signal when a pipe becomes readable or writable.
#pragma once

#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// Puts a pipe's file on the lists of those who want signals, or takes it off them. `fd` is told
/// with a signal. Nothing happens with files of another kind.
/// Linux fs/pipe.c: pipe_fasync(), fs/fcntl.c: fasync_helper().
void pipe_fasync(KernelState& k, FileId file, Fd fd, bool on);
/// Sends everybody on the list the signal. Linux fs/fcntl.c: kill_fasync(), send_sigio().
void kill_fasync(KernelState& k, const std::vector<FasyncEntry>& list, SignalCode code);

/// F_SETOWN, F_GETOWN, F_SETSIG, F_GETSIG, F_SETOWN_EX, F_GETOWN_EX; nothing for other commands.
[[nodiscard]] std::optional<Section> owner_fcntl(KernelState& k, TaskId id, File& file,
                                                 const FcntlCall& call);

}  // namespace ipcsim
