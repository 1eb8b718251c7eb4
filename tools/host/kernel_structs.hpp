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

/// The same as 32-bit x86 programs have them.
struct Ia32MqAttr {
  i32 flags;
  i32 maxmsg;
  i32 msgsize;
  i32 curmsgs;
  i32 reserved[4];
};

struct Ia32Timespec {
  i32 sec;
  i32 nsec;
};

struct Ia32Sigevent {
  u32 value;
  i32 signo;
  i32 notify;
  u32 rest[13];
};
static_assert(sizeof(Ia32Sigevent) == 64);

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

/// struct epoll_event, which x86-64 has without padding.
#if defined(__x86_64__)
struct [[gnu::packed]] KernelEpollEvent {
#else
struct KernelEpollEvent {
#endif
  u32 events;
  u64 data;
};

struct KernelOwnerEx {
  i32 type;
  i32 pid;
};

struct KernelTimeval {
  i64 sec;
  i64 usec;
};

/// What pselect6() finds behind its last argument.
struct KernelSigmaskArgument {
  u64 mask;
  u64 bytes;
};

/// Bytes of a set for descriptors below `nfds`, a multiple of the words that the kernel copies.
[[nodiscard]] constexpr u64 fd_set_bytes(i32 nfds) {
  constexpr i32 kWordBits = 64;
  return nfds <= 0 ? 0 : static_cast<u64>((nfds + kWordBits - 1) / kWordBits) * 8;
}

/// Most events for which epoll_wait() gets room here.
inline constexpr i32 kMostEpollEvents = 4096;

}  // namespace ipcsim::host
