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

struct KernelPollfd {
  i32 fd;
  i16 events;
  i16 revents;
};

/// `struct user_msghdr`.
struct KernelMsghdr {
  u64 name;
  u64 name_len;
  u64 iov;
  u64 iov_len;
  u64 control;
  u64 control_len;
  u64 flags;
};

/// `struct cmsghdr`; the data follows.
struct KernelCmsghdr {
  u64 len;
  i32 level;
  i32 type;
};

struct KernelCapHeader {
  u32 version;
  i32 pid;
};

struct KernelCapData {
  u32 effective;
  u32 permitted;
  u32 inheritable;
};

}  // namespace ipcsim::host
