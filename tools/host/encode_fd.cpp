// Descriptors.
#include <sys/syscall.h>

#include <fmt/format.h>

#include "tools/host/call_encoder.hpp"
#include "tools/host/host_flags.hpp"
#include "tools/host/kernel_structs.hpp"

namespace ipcsim::host {
namespace {

constexpr u32 kTcgets = 0x5401;

}  // namespace

void Encoder::put(const CloseCall& c) { build_.system_call(SYS_close, c.fd.v); }

void Encoder::put(const DupCall& c) { build_.system_call(SYS_dup, c.oldfd.v); }

void Encoder::put(const Dup2Call& c) {
#if defined(SYS_dup2)
  build_.system_call(SYS_dup2, c.oldfd.v, c.newfd.v);
#else
  if (c.oldfd == c.newfd) {
    // As the C library does it; the result is made the descriptor when it is decoded.
    build_.system_call(SYS_fcntl, c.oldfd.v, kFGetfd, 0);
  } else {
    build_.system_call(SYS_dup3, c.oldfd.v, c.newfd.v, 0);
  }
#endif
}

void Encoder::put(const Dup3Call& c) {
  build_.system_call(SYS_dup3, c.oldfd.v, c.newfd.v, open_flags_to_host(c.flags.v));
}

KernelOwnerEx Encoder::host_owner(const OwnerEx& owner) const {
  return {static_cast<i32>(owner.type),
          owner.pid == kNoTask ? 0 : context_.tasks.pid_of(owner.pid, pid_space())};
}

void Encoder::put(const FcntlCall& c) {
  switch (c.cmd.v) {
    case kFGetlease:
    case kFNotify:
    case kFDupfdQuery:
    case kFGetSeals:
    case kFDupfd:
    case kFDupfdCloexec:
    case kFGetfd:
    case kFSetfd:
    case kFGetfl:
    case kFSetpipeSz:
    case kFGetpipeSz:
    case kFGetown:
    case kFSetsig:
    case kFGetsig:
      return build_.system_call(SYS_fcntl, c.fd.v, c.cmd.v, c.arg);
    case kFSetown: {
      const i32 who = static_cast<i32>(c.arg);
      const TaskId task{static_cast<u32>(who)};
      return build_.system_call(SYS_fcntl, c.fd.v, c.cmd.v,
                                who > 0 ? context_.tasks.pid_of(task, pid_space()) : who);
    }
    case kFSetownEx:
      return build_.system_call(SYS_fcntl, c.fd.v, c.cmd.v,
                                build_.in(c.owner, [&](const OwnerEx& owner) {
                                  return build_.window().put_value(host_owner(owner));
                                }));
    case kFGetownEx:
      return build_.system_call(
          SYS_fcntl, c.fd.v, c.cmd.v,
          build_.out<KernelOwnerEx>(c.owner.is_bad() ? OutPtr::kBad : OutPtr::kValid));
    case kFSetfl:
      return build_.system_call(SYS_fcntl, c.fd.v, c.cmd.v,
                                open_flags_to_host(static_cast<u32>(c.arg)));
    default:
      if (c.cmd.v > kMostFcntlCmd) {
        return build_.system_call(SYS_fcntl, c.fd.v, c.cmd.v, c.arg);
      }
      build_.refuse(fmt::format("fcntl() command {} is not supported", c.cmd.v));
  }
}

void Encoder::put(const IoctlCall& c) {
  switch (c.request.v) {
    case kFioclex:
    case kFionclex:
      return build_.system_call(SYS_ioctl, c.fd.v, c.request.v, 0);
    case kFionread:
    case kFigetbsz:
    case kFioqsize:
    case kTcgets:
      // TCGETS writes a struct termios, should the file be a terminal, which none is.
      return build_.system_call(SYS_ioctl, c.fd.v, c.request.v, build_.out<i32[64]>(c.arg));
    case kFionbio:
    case kFioasync:
      return build_.system_call(SYS_ioctl, c.fd.v, c.request.v, build_.in_out(c.arg, c.value));
    default:
      if (c.request.v >> 8U == 0x12 || c.request.v >> 8U == 'W') {
        // Of block devices and notification pipes, which a run does not have.
        return build_.system_call(SYS_ioctl, c.fd.v, c.request.v, 0);
      }
      build_.refuse(fmt::format("ioctl() request {:#x} is not supported", c.request.v));
  }
}

void Encoder::put(const CloseRangeCall& c) {
  build_.system_call(SYS_close_range, c.first, c.last, c.flags.v);
}

}  // namespace ipcsim::host
