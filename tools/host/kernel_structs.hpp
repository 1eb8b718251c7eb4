// Structures of system calls as 64-bit kernels have them.
#pragma once

#include "model/base/types.hpp"

namespace ipcsim::host {

struct KernelIovec {
  u64 base;
  u64 len;
};

struct KernelMqAttr {
  i64 flags;
  i64 maxmsg;
  i64 msgsize;
  i64 curmsgs;
  i64 reserved[4];
};

struct KernelTimespec {
  i64 sec;
  i64 nsec;
};

/// struct sigevent; what follows the first members does not matter here.
struct KernelSigevent {
  u64 value;
  i32 signo;
  i32 notify;
  u64 rest[6];
};
static_assert(sizeof(KernelSigevent) == 64);

struct KernelPollfd {
  i32 fd;
  i16 events;
  i16 revents;
};

}  // namespace ipcsim::host
