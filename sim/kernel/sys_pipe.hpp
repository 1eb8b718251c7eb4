// The parts of fcntl() and ioctl() that a pipe answers.
#pragma once

#include "sim/kernel/kernel_state.hpp"

namespace ipcsim {

/// F_SETPIPE_SZ and F_GETPIPE_SZ. Linux fs/pipe.c: pipe_fcntl().
Section pipe_fcntl(KernelState& k, TaskId id, PipeId pipe, const FcntlCall& call);
/// FIONREAD. Errors: EFAULT. Linux fs/pipe.c: pipe_ioctl().
/// The second section of fcntl(F_SETPIPE_SZ), where that has two.
Section finish_resize(KernelState& k, const ResizeInProgress& resize);
Section pipe_ioctl_fionread(const KernelState& k, PipeId pipe, OutPtr arg);

}  // namespace ipcsim
